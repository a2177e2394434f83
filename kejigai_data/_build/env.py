"""Make the virtual environment and open the lab: ``python -m kejigai_data._build.env lab``.

Only the standard library, and syntax that an old Python still reads, so that it can say
what is missing instead of failing with a traceback.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys

MINIMUM = (3, 11)
TOO_NEW = (3, 14)  # for the wheels of a bundle; with a network any newer Python may do
NEWER = ("python3.13", "python3.12", "python3.11", "python3")
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# A bundle for a USB stick (see bundle.py) has its wheels here, and this file in the same depth.
BUNDLED = "files"
WHEELS = os.path.join(TOP, BUNDLED, "wheels")
VENV = os.path.join(TOP, ".venv")
WORK = os.path.join(TOP, "work")
# JupyterHub's own proxy is a program for Node.
PROXY = "configurable-http-proxy"
PROXY_HOME = os.path.join(VENV, "proxy")
# Each holds the one before it, as do the files of hashed pins.
EXTRAS = {
    "lab": ("lab",),
    "hub": ("lab", "hub"),
    "test": ("lab", "research", "instructor", "app", "hub", "test"),
    "test-all": ("lab", "research", "instructor", "app", "hub", "test", "heavy"),
}
COMMANDS = (
    "lab",
    "test",
    "test-all",
    "notebooks",
    "generated",
    "handouts",
    "slides",
    "site",
    "app",
    "hub",
    "bundle",
)
COMMANDS += ("pins", "benchmark", "lint")
LAB_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/translation-extension:plugin": {"locale": "default"},
}


class Stop(Exception):
    """Something is missing; the text says what, and what to do."""


def venv_python():
    """Return the path of the environment's interpreter."""
    parts = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return os.path.join(VENV, *parts)


def in_bundle():
    """Tell whether this is the copy of a bundle, which installs from its own wheels."""
    return os.path.isdir(WHEELS)


def ready():
    """Stop unless a bundle's wheels suit this Python and the place where it lies."""
    if not MINIMUM <= sys.version_info[:2] < TOO_NEW or sys.maxsize < 2**32:
        raise Stop(
            "The wheels of this folder are for Python 3.11, 3.12 and 3.13 (64-bit); this is %s." % sys.version
        )
    if os.name != "nt":
        return 0
    with open(os.path.join(TOP, BUNDLED, "longest.txt"), encoding="ascii") as file:
        longest = len(os.path.join(VENV, "Lib", "site-packages")) + 1 + int(file.read())
    if longest > 259:
        raise Stop(
            "The path of this folder is %d characters too long for Windows: %s\n"
            "Copy it nearer to the top of the disk, for example to D:\\kejigai." % (longest - 259, TOP)
        )
    return 0


def ensure_python():
    """Go on with a newer interpreter where this one is too old."""
    if sys.version_info >= MINIMUM:
        return
    probe = "import sys; sys.exit(sys.version_info < (3, 11))"
    for name in NEWER:
        path = shutil.which(name)
        if path and subprocess.call([path, "-c", probe], stderr=subprocess.DEVNULL) == 0:
            command = [path, "-m", "kejigai_data._build.env"] + sys.argv[1:]
            raise SystemExit(subprocess.call(command, cwd=TOP))
    raise Stop(
        "Python 3.11 or newer is needed; this is Python %d.%d (%s).\n"
        "Install one (python.org, or your system's package manager) and run the command again, "
        "or name it: make lab PYTHON=/path/to/python3.12"
        % (sys.version_info[0], sys.version_info[1], sys.executable)
    )


def fingerprint(extras):
    """Return what the environment depends on, as a hash."""
    digest = hashlib.sha256(repr((extras, sys.version_info[:2], TOP)).encode())
    if in_bundle():
        digest.update(repr(sorted(os.listdir(WHEELS))).encode())
        return digest.hexdigest()
    for path in [os.path.join(TOP, "pyproject.toml")] + pins(extras):
        with open(path, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def discard_broken_venv():
    """Remove an environment whose Python is gone: a folder that was copied from another computer."""
    try:
        works = subprocess.call([venv_python(), "-c", ""], stderr=subprocess.DEVNULL) == 0
    except OSError:
        works = False
    if os.path.isdir(VENV) and not works:
        shutil.rmtree(VENV)


def create_venv():
    """Make an empty environment; return the command that installs into it."""
    has_ensurepip = importlib.util.find_spec("ensurepip") is not None
    has_pip = importlib.util.find_spec("pip") is not None
    if not has_ensurepip and not has_pip:
        raise Stop(
            "This Python has neither ensurepip nor pip.\n"
            "On Debian or Ubuntu: apt install python3-pip (or python3-venv). Then run the command again."
        )
    if not os.path.exists(venv_python()):
        command = [sys.executable, "-m", "venv", VENV]
        done = subprocess.call(command if has_ensurepip else command + ["--without-pip"])
        if done != 0 and has_ensurepip and has_pip:
            shutil.rmtree(VENV, ignore_errors=True)
            done = subprocess.call(command + ["--without-pip"])
        if done != 0:
            raise Stop("The virtual environment could not be made in %s; the lines above say why." % VENV)
    probe = subprocess.call([venv_python(), "-c", "import pip"], stderr=subprocess.DEVNULL)
    if probe == 0:
        return [venv_python(), "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", venv_python()]


def check_wheels():
    """Stop where a wheel is not what was packed: a stick that was pulled out too soon, or tampered with."""
    with open(os.path.join(TOP, BUNDLED, "hashes.txt"), encoding="ascii") as file:
        packed = dict(reversed(line.split()) for line in file)
    for name in sorted(set(packed) | set(os.listdir(WHEELS))):
        path = os.path.join(WHEELS, name)
        if name not in packed or not os.path.exists(path) or digest(path) != packed[name]:
            raise Stop(
                "%s is not the file that was packed. Copy the folder again, or unpack the zip again." % path
            )


def install_bundled(extras):
    """Make the environment from a bundle's wheels; its own pip, run out of its wheel, needs none here."""
    check_wheels()
    wheel = next(name for name in os.listdir(WHEELS) if name.startswith("pip-"))
    if not os.path.exists(venv_python()) and subprocess.call(
        [sys.executable, "-m", "venv", "--without-pip", VENV]
    ):
        raise Stop("The virtual environment could not be made in %s; the lines above say why." % VENV)
    command = [sys.executable, os.path.join(WHEELS, wheel, "pip"), "--python", venv_python(), "install", "--quiet"]
    command += ["--disable-pip-version-check", "--no-index", "--find-links", WHEELS, "--only-binary=:all:"]
    if subprocess.call(command + ["pip", "kejigai_data[%s]" % ",".join(extras)], cwd=TOP) != 0:
        raise Stop(
            "The packages could not be installed; pip's lines above say why.\n"
            "Is the disk full, or the folder on a stick that cannot be written? Copy it to the computer's disk."
        )


def pins(extras):
    """Return the files of hashed pins for some extras."""
    files = []
    for purpose in EXTRAS:
        files.append(os.path.join(TOP, "requirements", purpose + ".txt"))
        if set(extras) <= set(EXTRAS[purpose]):
            break
    return files


def ensure_env(purpose):
    """Install the pinned packages for ``lab`` or ``test``; quick when nothing changed."""
    ensure_python()
    stamp = os.path.join(VENV, ".kejigai.json")
    try:
        with open(stamp, encoding="utf-8") as file:
            installed = json.load(file)
    except (OSError, ValueError):
        installed = {}
    extras = sorted(set(EXTRAS[purpose]) | set(installed.get("extras", ())))
    wanted = fingerprint(extras)
    if installed.get("fingerprint") == wanted and os.path.exists(venv_python()):
        return
    print("Setting up .venv (%s). The first time takes a minute or two." % ", ".join(extras), flush=True)
    discard_broken_venv()
    if in_bundle():
        ready()
        install_bundled(extras)
    else:
        install_pinned(extras)
    settings = os.path.join(VENV, "share", "jupyter", "lab", "settings")
    os.makedirs(settings, exist_ok=True)
    with open(os.path.join(settings, "overrides.json"), "w", encoding="utf-8") as file:
        json.dump(LAB_SETTINGS, file, indent=1)
    # nbgrader and Voilà, which the tests need, would put menus and buttons into every student's lab.
    config = os.path.join(VENV, "etc", "jupyter", "labconfig")
    os.makedirs(config, exist_ok=True)
    with open(os.path.join(config, "page_config.json"), "w", encoding="utf-8") as file:
        json.dump(
            {"disabledExtensions": {"@jupyter/nbgrader": True, "@voila-dashboards/jupyterlab-preview": True}}, file
        )
    with open(stamp, "w", encoding="utf-8") as file:
        json.dump({"extras": extras, "fingerprint": wanted}, file)


def install_pinned(extras):
    """Make the environment from the package index; what is not one of the hashed files is refused."""
    install = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    builders = create_venv() + install + ["--requirement", os.path.join(TOP, "requirements", "build.txt")]
    pip = [venv_python(), "-m", "pip"]
    packages = pip + install + ["--no-deps"]
    for path in pins(extras):
        packages += ["--requirement", path]
    own = pip + install[:-1] + ["--no-deps", "--no-build-isolation", "--editable", TOP]
    for command in (builders, packages, own):
        if subprocess.call(command, cwd=TOP) != 0:
            raise Stop(
                "The packages could not be installed; pip's lines above say why.\n"
                "Without a network the first set-up cannot work: connect once, then run the command again. "
                "Behind a slow or closed network, set a mirror with: pip config set global.index-url <address>\n"
                "Where pip says that hashes do not match, what the index sent is not what was pinned: leave it."
            )


def compile_package():
    """Keep the package compiled, as pip keeps what it installs: a student's sandbox may not write it down."""
    if not in_bundle():
        subprocess.call([venv_python(), "-m", "compileall", "-qq", os.path.join(TOP, "kejigai_data")])


def ensure_proxy():
    """Install the hub's proxy into the environment by its hashed pins, unless the machine has one."""
    if shutil.which(PROXY) or os.path.exists(os.path.join(PROXY_HOME, "node_modules", ".bin", PROXY)):
        return
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise Stop("The hub's proxy needs Node 20 or newer with npm (nodejs.org, or apt install npm).")
    version = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, universal_newlines=True).stdout.strip()
    if not version.startswith("v") or int(version[1:].split(".")[0]) < 20:
        raise Stop("The hub's proxy needs Node 20 or newer; this is %s (nodejs.org)." % (version or "none"))
    os.makedirs(PROXY_HOME, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(TOP, "requirements", "proxy", name), PROXY_HOME)
    if subprocess.call([npm, "ci", "--silent", "--no-audit", "--no-fund"], cwd=PROXY_HOME) != 0:
        raise Stop("npm could not install %s; its lines above say why." % PROXY)


def digest(path):
    """Return the hash of a file."""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def bring_lessons(source=TOP, work=WORK):
    """Copy lessons into the student's folder without ever overwriting an answer.

    A copy that was not touched follows the new version. A touched one stays, and the
    new version is put beside it as ``name.new-1a2b3c.ipynb``.
    """
    ledger = os.path.join(work, ".lessons.json")
    try:
        with open(ledger, encoding="utf-8") as file:
            given = json.load(file)
    except (OSError, ValueError):
        given = {}
    brought = []
    for folder in ("notebooks/en", "notebooks/zh", "exercises"):
        for base, _, names in os.walk(os.path.join(source, *folder.split("/"))):
            inside = set(os.path.relpath(base, source).split(os.sep))
            if inside & {"keys", "source", ".ipynb_checkpoints"}:
                continue
            for name in sorted(n for n in names if n.endswith(".ipynb")):
                lesson = os.path.join(base, name)
                relative = os.path.relpath(lesson, source)
                target = os.path.join(work, relative)
                new = digest(lesson)
                key = relative.replace(os.sep, "/")
                if os.path.exists(target) and given.get(key) == new:
                    continue
                if os.path.exists(target) and digest(target) not in (given.get(key), new):
                    target = "%s.new-%s.ipynb" % (target[: -len(".ipynb")], new[:6])
                os.makedirs(os.path.dirname(target), exist_ok=True)
                if not os.path.exists(target) or digest(target) != new:
                    shutil.copyfile(lesson, target)
                    brought.append(os.path.relpath(target, work))
                given[key] = new
    os.makedirs(work, exist_ok=True)
    with open(ledger, "w", encoding="utf-8") as file:
        json.dump(given, file, indent=1, sort_keys=True)
    return brought


def free(port):
    """Tell whether a port of this machine can be used."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_port(text):
    """Return the port asked for, or the first free one from 8888."""
    if text:
        if not text.isdigit() or not 1024 <= int(text) <= 65535:
            raise Stop("PORT=%s is not a port: give a number from 1024 to 65535." % text)
        if not free(int(text)):
            raise Stop("Port %s is taken by another program: close it, or choose another with PORT=." % text)
        return int(text)
    for port in range(8888, 8988):
        if free(port):
            return port
    raise Stop("No free port from 8888 to 8987: choose one with PORT=.")


def in_chinese():
    """Tell whether this computer speaks Chinese; Windows keeps its language in no variable."""
    if os.name == "nt":
        import ctypes

        return ctypes.windll.kernel32.GetUserDefaultUILanguage() & 0x3FF == 0x04
    return any(os.environ.get(name, "").startswith("zh") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))


def lab():
    """Open JupyterLab at the first lesson, in the student's own copies."""
    port = choose_port(os.environ.get("PORT", ""))
    ensure_env("lab")
    compile_package()
    for name in bring_lessons():
        print("new in work/: %s" % name)
    first = "notebooks/%s/00_start_here.ipynb" % ("zh" if in_chinese() else "en")
    command = [venv_python(), "-m", "jupyterlab", "--ServerApp.root_dir=" + WORK]
    command += ["--ServerApp.port=%d" % port, "--ServerApp.port_retries=0"]
    command += ["--LabApp.default_url=/lab/tree/" + first]
    if getattr(os, "geteuid", lambda: 1)() == 0:
        command.append("--allow-root")
    print("JupyterLab is starting; where no browser opens, open the http://127.0.0.1:%d address below." % port)
    print("Stop it with Ctrl-C. Your copies are in work/.", flush=True)
    try:
        return subprocess.call(command, cwd=WORK)
    except KeyboardInterrupt:
        return 0


def run(module, *arguments):
    """Run a module of the environment from the top folder."""
    return subprocess.call([venv_python(), "-m", module] + list(arguments), cwd=TOP)


def main(arguments):
    """Run one of `COMMANDS`, or answer whether a bundle is ready."""
    command = arguments[0] if arguments else ""
    if command == "lab":
        return lab()
    if command == "ready" and in_bundle():
        return ready()
    if command not in COMMANDS:
        raise Stop("Say what to do: %s." % ", ".join(COMMANDS))
    if os.name == "nt" and command in ("app", "hub"):
        raise Stop("The %s runs on Linux (the app on macOS too), not on Windows: see README.md." % command)
    ensure_env(command if command in EXTRAS else "test")
    compile_package()
    if command == "hub":
        ensure_proxy()
    if command == "test":
        # A file at a time on each processor; then, one after another, what a busy machine would make fail.
        side_by_side = ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile"]
        done = [
            run("pytest", "-m", "not slow and not benchmark and not alone", *(side_by_side + arguments[1:])),
            run("pytest", "-m", "not slow and not benchmark and alone", *arguments[1:]),
        ]
        # 5 is pytest's word for no test: of those asked for, all may be of the other kind.
        failed = [status for status in done if status not in (0, 5)]
        return failed[0] if failed else min(done)
    if command == "test-all":
        return run("pytest", "-m", "not benchmark", *arguments[1:])
    if command == "benchmark":
        return run("pytest", "tests/benchmarks", "-m", "benchmark", "-s", *arguments[1:])
    if command == "lint":
        return run("ruff", "check", ".") or run("ruff", "format", "--check", ".") or run("mypy")
    return run("kejigai_data._build." + command, *arguments[1:])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as missing:
        sys.stderr.write("\n%s\n" % missing)
        sys.exit(2)
