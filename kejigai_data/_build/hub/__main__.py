"""Run the hub of a class: ``python -m kejigai_data._build.hub``. Ctrl-C ends it and all servers.

Two processes, so that one can fall: the proxy, through which everything goes, and the hub, which
is started again whenever it ends, and when the class list has changed. Students' servers are not
their children in spirit: they go on.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil

from ..env import PROXY, PROXY_HOME
from ..given import as_root
from .settings import PRIVATE, ClassListError, Settings, class_list, read_settings

PATIENCE = 10  # seconds that the parts have to end
TOO_SOON = 5  # seconds: what ends sooner than that, and again
TRIES = 5  # so many times in a row, cannot start
AS_ROOT = "KEJIGAI_AS_ROOT"  # lets it run as root all the same


class Part:
    """One of the two processes, started again when it ends."""

    def __init__(self, command: list[str]) -> None:
        self.command = command
        self.failures = 0
        self.start()

    def start(self) -> None:
        """Start it, out of reach of the terminal's Ctrl-C."""
        self.begun = time.monotonic()
        self.process = subprocess.Popen(self.command, start_new_session=True)

    def watch(self) -> None:
        """Start it again if it has ended.

        Raises
        ------
        ChildProcessError
            If it ends at once, time after time.
        """
        if self.process.poll() is None:
            return
        self.failures = self.failures + 1 if time.monotonic() - self.begun < TOO_SOON else 1
        if self.failures > TRIES:
            raise ChildProcessError(f"{' '.join(self.command)} does not start; its lines above say why.")
        print(
            "A part of the hub ended and is started again; students' servers go on.", file=sys.stderr, flush=True
        )
        self.start()

    def end(self) -> None:
        """End it, at once if it does not go."""
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()


def secret(path: Path) -> str:
    """Return the secret that lies in a file of the hub's own; made when it is not there."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32), encoding="ascii")
    return path.read_text(encoding="ascii")


def proxy_program() -> str:
    """Return the proxy that `make hub` installed, or the one of the machine."""
    local = Path(PROXY_HOME) / "node_modules" / ".bin" / PROXY
    return str(local) if local.exists() else shutil.which(local.name) or local.name


def proxy_command(settings: Settings) -> list[str]:
    """Return what starts the proxy that stands before the hub and the servers."""
    command = [proxy_program(), "--ip", settings.ip, "--port", str(settings.port)]
    command += ["--api-ip", "127.0.0.1", "--api-port", str(settings.port + 2), "--log-level", "error"]
    return [*command, "--default-target", settings.hub, "--error-target", f"{settings.hub}/hub/error"]


def hub_command() -> list[str]:
    """Return what starts the hub itself."""
    config = Path(__file__).with_name("jupyterhub_config.py")
    return [sys.executable, "-m", "jupyterhub", "-f", str(config)]


def asked_to_end(settings: Settings) -> bool:
    """Ask the hub to end the servers of all students, and itself; tell whether it has heard."""
    request = urllib.request.Request(
        f"{settings.hub}/hub/api/shutdown",
        data=b'{"servers": true, "proxy": false}',
        headers={"Authorization": f"token {os.environ['KEJIGAI_SUPERVISOR']}"},
        method="POST",
    )
    try:
        # Not through a proxy of the environment, which would get the token.
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        direct.open(request, timeout=PATIENCE).close()
    except OSError:
        return False
    return True


def let_end(settings: Settings, hub: Part) -> None:
    """Let the hub end all servers, which it does before itself; while it starts it hears nothing."""
    heard, until = False, time.monotonic() + 6 * PATIENCE
    while hub.process.poll() is None and time.monotonic() < until:
        heard = heard or asked_to_end(settings)
        time.sleep(0.2)


def end_the_rest(settings: Settings) -> None:
    """End what the hub has left behind: servers that it started while it was ending, or had no time to end."""
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or [""]
        ours = any(Path(part).parent == settings.homes for part in command)
        if ours and os.path.basename(command[0]) == "bwrap":
            inside: list[psutil.Process] = []
            with contextlib.suppress(psutil.Error):
                inside = process.children(recursive=True)
            for one in (*inside, process):
                with contextlib.suppress(psutil.Error):
                    one.kill()


def written(path: Path) -> int:
    """Return when a file was last written; 0 while an editor puts another in its place."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def take_up(path: Path, hub: Part) -> None:
    """Let the hub read a class list that has changed; one with a fault in it changes nothing."""
    try:
        names, _ = class_list(path)
    except ClassListError as wrong:
        print(f"{wrong} The list before it holds.", file=sys.stderr, flush=True)
        return
    print(f"The list now has {len(names)} names; students' servers go on.", flush=True)
    hub.end()
    hub.start()


def main() -> int:
    """Keep proxy and hub running until Ctrl-C or SIGTERM."""
    settings = read_settings()
    warning = as_root("The hub")
    if warning and not os.environ.get(AS_ROOT):
        print(
            f"{warning} Make a user for it; in a container that has none but root, set {AS_ROOT}=1.",
            file=sys.stderr,
        )
        return 2
    if not shutil.which("bwrap"):
        print(
            "The hub shuts each student in with bubblewrap (Linux only): apt install bubblewrap", file=sys.stderr
        )
        return 2
    tried = subprocess.run(
        ["bwrap", "--ro-bind", "/", "/", "--size", "4096", "--tmpfs", PRIVATE, "--unshare-user", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        print(
            f"bubblewrap cannot shut anybody in here: {tried.stderr.strip()}\n"
            "It must be bubblewrap 0.7 or newer. Ubuntu 24.04 and newer want an AppArmor profile that lets "
            "/usr/bin/bwrap make user namespaces (userns); in a container they must be allowed from outside.",
            file=sys.stderr,
        )
        return 2
    try:
        names, _ = class_list(settings.folder / "class.txt")
    except ClassListError as wrong:
        print(f"\n{wrong}", file=sys.stderr)
        return 2
    for folder in (settings.state, settings.logs, settings.homes):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ["CONFIGPROXY_AUTH_TOKEN"] = secret(settings.state / "proxy_token")
    os.environ["KEJIGAI_SUPERVISOR"] = secret(settings.state / "supervisor_token")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.ExitStack() as ends:
        proxy = Part(proxy_command(settings))
        ends.callback(proxy.end)
        hub = Part(hub_command())
        ends.callback(hub.end)
        print(f"A hub for {len(names)} names at http://{settings.ip}:{settings.port}", flush=True)
        return watch(settings, proxy, hub)


def watch(settings: Settings, proxy: Part, hub: Part) -> int:
    """Start again what ends, and take up the class list when it has changed, until Ctrl-C."""
    listed = settings.folder / "class.txt"
    seen = written(listed)
    try:
        while True:
            time.sleep(0.5)
            if written(listed) not in (0, seen):
                seen = written(listed)
                take_up(listed, hub)
            proxy.watch()
            hub.watch()
    except ChildProcessError as failed:
        print(failed, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        # Once more, and nobody is waited for.
        with contextlib.suppress(KeyboardInterrupt):
            let_end(settings, hub)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        hub.end()
        end_the_rest(settings)
        return 0


if __name__ == "__main__":
    sys.exit(main())
