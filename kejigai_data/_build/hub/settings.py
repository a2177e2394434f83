"""What the hub is told from outside, and where its things lie: read by all parts of the recipe."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from ..given import number

TOP = Path(__file__).resolve().parents[3]
# A letter or digit of any script first: the name is also that of a folder.
NAME = re.compile(r"[^\W_][\w.-]{0,31}")
PRIVATE = "/tmp"  # empty in every sandbox, and gone with it
# What is written there is held in memory, and counts as such; each may take a quarter of the limit.
IN_MEMORY = ("/dev/shm", PRIVATE)
# Sockets of kernels, apart from a student's files: a full folder would let no kernel start.
RUNTIME, RUNTIME_SIZE = "/kernels", 16 * 2**20
# MB that the server of a student and a kernel need for a lesson at all.
LEAST_SERVER = 512
# Of the system only what programs need: a socket, as those under /run, would take a student for who runs the hub.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64")
# Of its settings those of names, libraries, certificates, fonts and shells: elsewhere lie keys and password files.
ETC = (
    *("passwd", "group", "nsswitch.conf", "hosts", "host.conf", "services", "protocols", "localtime", "timezone"),
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "mime.types", "locale.alias", "os-release"),
    *("ssl/certs", "ssl/openssl.cnf", "ca-certificates", "pki/tls/certs", "pki/ca-trust", "crypto-policies"),
    *("fonts", "terminfo", "inputrc", "profile", "bash.bashrc", "bashrc"),
)
# Of the repository only what a lesson needs: grades and work handed in may lie beside it.
LESSONS = ("kejigai_data", "notebooks", "exercises/en", "exercises/zh", "exercises/laboratory")
EXAMPLE = """\
# One name a line, as students type it to log in (capitals do not matter); * before a teacher's.
# 每行一个登录名（不分大小写）；教师的名字前加 *。
*teacher
"""


class ClassListError(Exception):
    """A class list that is not there or cannot be read; the text says what to do."""


class Settings(NamedTuple):
    """Addresses, limits and folders of one hub."""

    ip: str
    port: int
    memory: int
    kernels: int
    idle: int
    folder: Path

    @property
    def homes(self) -> Path:
        """Where each student's folder lies."""
        return self.folder / "students"

    @property
    def state(self) -> Path:
        """What students never see: database, passwords, secrets."""
        return self.folder / "state"

    @property
    def logs(self) -> Path:
        """Where it stands what each student's server says."""
        return self.state / "logs"

    @property
    def hub(self) -> str:
        """Return the address of the hub behind the proxy."""
        return f"http://127.0.0.1:{self.port + 1}"

    @property
    def routes(self) -> str:
        """Return the address at which the proxy takes its routes."""
        return f"http://127.0.0.1:{self.port + 2}"


def read_settings() -> Settings:
    """Return the settings that the environment names."""
    told = os.environ
    return Settings(
        ip=told.get("KEJIGAI_IP", "127.0.0.1"),
        port=number("PORT", 8000, 1, 65533),
        memory=number("KEJIGAI_MEMORY", 1024, LEAST_SERVER),
        kernels=number("KEJIGAI_KERNELS", 3),
        idle=number("KEJIGAI_IDLE", 3600),
        folder=Path(told.get("KEJIGAI_HUB") or TOP / "hub").resolve(),
    )


def class_list(path: Path) -> tuple[set[str], set[str]]:
    """Return the names of a class and, among them, those of teachers.

    Raises
    ------
    ClassListError
        If the list is not there (an example is written), is empty, or holds what cannot be a name.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(EXAMPLE, encoding="utf-8")
        raise ClassListError(
            f"Write the names of your class into {path} (an example is there), then run it again."
        )
    names, teachers = set(), set()
    for at, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        name = line.strip().lower()
        if not name or name.startswith("#"):
            continue
        teacher, name = name.startswith("*"), name.lstrip("* ")
        if not NAME.fullmatch(name):
            raise ClassListError(
                f"{path}, line {at}: {name!r} cannot be a name. Allowed: up to 32 letters of any script, "
                "digits, and . _ - inside."
            )
        names.add(name)
        if teacher:
            teachers.add(name)
    if not names:
        raise ClassListError(f"{path} names nobody. One name a line.")
    return names, teachers


def sandbox(settings: Settings, name: str, shown: list[str]) -> list[str]:
    """Return the command that shuts a student's server in: all it sees is read-only but the student's own folder.

    Parameters
    ----------
    settings : Settings
        Of the hub.
    name : str
        The student's.
    shown : list of str
        What it sees beside the system: the environment, the lessons.
    """
    home = str(settings.homes / name)
    command = ["bwrap", "--dev", "/dev", "--proc", "/proc"]
    for place in IN_MEMORY:
        command += ["--size", str(settings.memory * 2**20 // 4), "--tmpfs", place]
    command += ["--size", str(RUNTIME_SIZE), "--tmpfs", RUNTIME]
    for path in (*SYSTEM, *(f"/etc/{part}" for part in ETC), *shown):
        command += ["--ro-bind-try", path, path]
    # Names are looked up where this link leads, on many systems under /run.
    command += ["--ro-bind-try", os.path.realpath("/etc/resolv.conf"), "/etc/resolv.conf"]
    folder = str(settings.folder)
    command += ["--tmpfs", folder, "--bind", home, home, "--chdir", home]
    for place in (folder, "/dev", "/"):
        command += ["--remount-ro", place]
    command += ["--unshare-user", "--uid", "1000", "--gid", "1000"]
    return [*command, "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--new-session"]
