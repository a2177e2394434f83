"""The hub's configuration, read by ``jupyterhub -f``; what varies comes from `settings`."""

import asyncio
import contextlib
import dbm
import hmac
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from weakref import WeakValueDictionary

import bcrypt
import psutil
from firstuseauthenticator import FirstUseAuthenticator
from firstuseauthenticator.firstuseauthenticator import CustomLoginHandler, ResetPasswordHandler
from jupyterhub.handlers import LoginHandler
from jupyterhub.spawner import SimpleLocalProcessSpawner
from tornado.web import authenticated

from kejigai_data._build.hub.settings import LESSONS, RUNTIME, TOP, class_list, read_settings, sandbox
from kejigai_data._build.limits import UNFRAMED

settings = read_settings()
names, teachers = class_list(settings.folder / "class.txt")
PROGRAMS = ("/usr/local/bin", "/usr/bin", "/bin")
SHOWN = [sys.base_prefix, sys.prefix, *(str(TOP / part) for part in LESSONS)]
LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1", "")
CHECKS = ThreadPoolExecutor(os.cpu_count() or 1)
# Teachers see who works, end servers and let a student choose a password anew. They do not open what students
# run: a page of a student would act with the rights of whoever opens it.
TEACHING = ["admin-ui", "list:users", "read:users", "read:servers", "delete:servers", "delete:users"]


def matches(password, stored):
    """Tell whether a password is the one of which `stored` is kept."""
    return hmac.compare_digest(bcrypt.hashpw(password.encode(), stored), stored)


async def beside(function, *given):
    """Return what takes long, which is a password's protection, while the hub answers others."""
    return await asyncio.get_running_loop().run_in_executor(CHECKS, function, *given)


def short(password):
    """Tell whether bcrypt takes a password."""
    return len(password.encode()) <= 72


def came_from(request):
    """Return from where a request came: what the proxy, or a web server before it, tells last."""
    told = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",")]
    return next((one for one in reversed(told) if one not in LOOPBACK), LOOPBACK[0])


class OnTheList(FirstUseAuthenticator):
    """Lets in who stands on the class list as it is now, nobody as an admin: the hub remembers earlier ones."""

    turns: WeakValueDictionary[object, asyncio.Lock] = WeakValueDictionary()  # noqa: RUF012

    def turn(self, of):
        """Return the lock of those who wait for one another."""
        return self.turns.setdefault(of, asyncio.Lock())

    async def authenticate(self, handler, data):
        name, password = self.normalize_username(data["username"]), data["password"]
        # Else a stranger's name would get a password.
        if name not in names or not short(password):
            return None
        # One at a time from one address: a wrong password costs a second, so that nobody tries thousands, and who
        # tries keeps nobody elsewhere waiting. Who has hung up is not waited for.
        address = came_from(handler.request)
        async with self.turn((name, address)):
            # The name's own turn: who passes for many addresses keeps nobody of another name waiting.
            async with self.turn((address,)), self.turn(name):
                gone = handler.request.connection.stream.closed()
                known = not gone and await self.knows(name, password)
            if not known and not gone:
                await asyncio.sleep(1)
        return {"name": name, "admin": False} if known else None

    async def knows(self, name, password):
        """Tell whether a password is that of a name, or becomes it."""
        with dbm.open(self.dbm_path, "c", 0o600) as passwords:
            stored = passwords.get(name.encode())
        if stored is not None:
            return await beside(matches, password, stored)
        return await self.keep(name, password)

    async def keep(self, name, password):
        """Keep a password if it may be one, as the plug-in does, but beside the hub; tell whether it is kept."""
        if not self._validate_password(password):
            return False
        kept = await beside(bcrypt.hashpw, password.encode(), bcrypt.gensalt())
        with dbm.open(self.dbm_path, "c", 0o600) as passwords:
            passwords[name] = kept
        return True

    def _validate_password(self, password):
        return super()._validate_password(password) and short(password)

    async def refresh_user(self, user, handler=None, **_):
        return user.name in names and {"name": user.name, "admin": False}

    def delete_user(self, user):
        super().delete_user(user)  # forgets the password, and the name with it
        self.allowed_users |= {user.name} & names

    def get_handlers(self, app):
        return [("/login", SignIn), ("/auth/change-password", NewPassword)]


class SignIn(CustomLoginHandler):
    """The page to sign in, which also says that it has been open too long: the plug-in's fails there."""

    async def post(self):
        for needed in ("username", "password"):
            self.get_body_argument(needed)  # else the request is refused as a bad one
        await super().post()

    def _render(self, login_error=None, username=None, **more):
        return LoginHandler._render(self, login_error, username, **more)


class NewPassword(ResetPasswordHandler):
    """Changes a password for who knows the old one: a student may have left the room without signing out."""

    @authenticated
    async def post(self):
        name, password = self.current_user.name, self.get_body_argument("password", "", strip=False)
        said = {"username": name, "password": self.get_body_argument("old", "", strip=False)}
        alert = "wrong"
        if await self.authenticator.authenticate(self, said):
            alert = "success" if await self.authenticator.keep(name, password) else "danger"
        self._register_template_path()
        self.finish(await self.render_template("reset.html", result=True, alert=alert))


class Desk(SimpleLocalProcessSpawner):
    """A server in its sandbox, which is ended from inside: the sandbox alone would leave it running."""

    async def start(self):
        # Through what it inherits a student could read the hub's own terminal, and write on it.
        with open(settings.logs / f"{self.user.name}.log", "wb") as log:
            self.popen_kwargs = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            return await super().start()

    async def _signal(self, sig):
        if sig == 0:  # only asks whether it runs
            return await super()._signal(sig)
        try:
            inside = psutil.Process(self.pid).children(recursive=True)
        except (psutil.Error, ValueError):
            return False
        for process in inside:
            with contextlib.suppress(psutil.Error):
                process.send_signal(signal.SIGKILL if sig == signal.SIGKILL else signal.SIGTERM)
        return bool(inside)


def shut_in(spawner):
    """Give the student a folder, and let the server start inside the sandbox."""
    home = settings.homes / spawner.user.name
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    server = [sys.executable, "-m", "kejigai_data._build.hub.student"]
    spawner.cmd = [*sandbox(settings, spawner.user.name, SHOWN), *server]
    # Not even what stands in the hub's environment goes in.
    kept = ("LANG", "LC_ALL", "TZ")
    spawner.env_keep = [key for key in kept if key in os.environ]
    spawner.environment = {
        "PATH": os.pathsep.join([os.path.dirname(sys.executable), *PROGRAMS]),
        "HOME": str(home),
        # The sockets of kernels lie there, and a socket's path must be short.
        "JUPYTER_RUNTIME_DIR": RUNTIME,
        "KEJIGAI_MEMORY": str(settings.memory),
        "KEJIGAI_KERNELS": str(settings.kernels),
        "KEJIGAI_IDLE": str(settings.idle),
    }


c = get_config()  # noqa: F821
c.JupyterHub.bind_url = f"http://{settings.ip}:{settings.port}"
c.JupyterHub.hub_bind_url = settings.hub
c.JupyterHub.db_url = f"sqlite:///{settings.state / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(settings.state / "cookie_secret")
c.JupyterHub.tornado_settings = {"headers": {"Content-Security-Policy": UNFRAMED}}
# The proxy is a process of its own, and servers outlive the hub: a restart disturbs no lesson.
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = settings.routes
c.ConfigurableHTTPProxy.auth_token = os.environ["CONFIGPROXY_AUTH_TOKEN"]
c.JupyterHub.template_paths = [str(Path(__file__).with_name("pages"))]
c.JupyterHub.cleanup_servers = False
c.JupyterHub.cleanup_proxy = False
c.JupyterHub.authenticator_class = OnTheList
c.FirstUseAuthenticator.dbm_path = str(settings.state / "passwords")
c.Authenticator.allowed_users = set(names)
c.Authenticator.allow_existing_users = False
c.JupyterHub.spawner_class = Desk
c.SimpleLocalProcessSpawner.home_dir_template = str(settings.homes / "{username}")
c.Spawner.pre_spawn_hook = shut_in
c.Spawner.default_url = "/kejigai/start"
# A class arrives at once. The hub's own limit would send most of it away with an error; waiting is better.
c.JupyterHub.concurrent_spawn_limit = 0
c.Spawner.start_timeout = c.Spawner.http_timeout = 300
c.JupyterHub.services = [{"name": "supervisor", "api_token": os.environ["KEJIGAI_SUPERVISOR"]}]
c.JupyterHub.load_roles = [
    {"name": "supervisor", "scopes": ["shutdown", "delete:servers", "list:users"], "services": ["supervisor"]},
    {"name": "teacher", "scopes": TEACHING, "users": sorted(teachers)},
]
