"""Run student code where it can harm nobody: no network, no files but its own, no other process.

On Linux a kernel runs inside bubblewrap and talks through sockets in a folder of its own. It may
use so much time and memory, and start no process: a filter of system calls denies it. Elsewhere
`can_isolate` says no, and the command asks before it goes on.
"""

from __future__ import annotations

import errno
import os
import platform
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from functools import lru_cache
from typing import Any, NamedTuple

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MEMORY = 3 * 1024**3
FILES = 64 * 1024**2
OUTPUT = 200_000
FLOOD = 5_000_000
SINGLE_THREADED = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")

# Per machine: its number, fork and vfork (none on ARM), clone, clone3.
ARCHITECTURES = {
    "x86_64": (0xC000003E, (57, 58), 56, 435),
    "aarch64": (0xC00000B7, (), 220, 435),
}
WALLS = ("--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv")
READABLE = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache")
SYSTEM = tuple(part for path in READABLE for part in ("--ro-bind-try", path, path))
CLONE_THREAD = 0x00010000
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000


class Outcome(NamedTuple):
    """What came of one cell: ok, error, timeout, died or flood; the text printed; the error."""

    status: str
    printed: str
    error: str
    message: str


@lru_cache(maxsize=1)
def can_isolate() -> bool:
    """Tell whether student code can be isolated on this machine: by trying, since a container may forbid it."""
    needed = all(shutil.which(name) for name in ("bwrap", "prlimit"))
    if sys.platform != "linux" or platform.machine() not in ARCHITECTURES or not needed:
        return False
    tried = ["bwrap", *WALLS, *SYSTEM, "--proc", "/proc", "--dev", "/dev", "/usr/bin/true"]
    return subprocess.run(tried, capture_output=True).returncode == 0


def no_processes() -> bytes:
    """Return the filter that lets a program start threads and no process, for this machine."""
    number, forks, clone, clone3 = ARCHITECTURES[platform.machine()]
    load, equal, has, give = 0x20, 0x15, 0x45, 0x06
    at_least = 0x35
    steps = [
        (load, 0, 0, 4),
        (equal, 1, 0, number),
        (give, 0, 0, KILL),
        (load, 0, 0, 0),
        # Another numbering of the same calls (x32) would slip through.
        (at_least, 0, 1, 0x40000000),
        (give, 0, 0, ERRNO | errno.EPERM),
    ]
    for call in forks:
        steps += [(equal, 0, 1, call), (give, 0, 0, ERRNO | errno.EAGAIN)]
    # The C library falls back from clone3 to clone, whose flags can be read.
    steps += [(equal, 0, 1, clone3), (give, 0, 0, ERRNO | errno.ENOSYS)]
    steps += [
        (equal, 0, 3, clone),
        (load, 0, 0, 16),
        (has, 1, 0, CLONE_THREAD),
        (give, 0, 0, ERRNO | errno.EAGAIN),
    ]
    steps += [(give, 0, 0, ALLOW)]
    return b"".join(struct.pack("<HBBI", *step) for step in steps)


def command(folder: str) -> list[str]:
    """Return the command that starts an isolated kernel whose only folder is `folder`."""
    prefixes = dict.fromkeys(os.path.realpath(path) for path in (sys.base_prefix, sys.prefix))
    seen = [path for path in prefixes if not path.startswith("/usr")]
    reading = [part for path in [*seen, PACKAGE] for part in ("--ro-bind", path, path)]
    if os.path.realpath(sys.prefix) != sys.prefix:
        reading += ["--ro-bind", sys.prefix, sys.prefix]
    places = ["--proc", "/proc", "--dev", "/dev", "--size", str(FILES), "--tmpfs", "/tmp"]
    env = {"HOME": "/tmp", "PATH": "/usr/bin", "PYTHONDONTWRITEBYTECODE": "1", **SINGLE_THREADED}
    settings = [part for name, value in env.items() for part in ("--setenv", name, value)]
    limits = ["prlimit", f"--as={MEMORY}", f"--fsize={FILES}", "--core=0", "--nofile=512"]
    kernel = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    return [
        *("bwrap", *WALLS, *SYSTEM, *places, *reading, "--bind", folder, folder, "--chdir", "/tmp"),
        *(*settings, "--seccomp", "{filter}", *limits, *kernel),
    ]


class Kernel:
    """A kernel for one student: start it, run cells, stop it and all that it left behind.

    Parameters
    ----------
    isolated : bool
        Inside bubblewrap; outside it only on a machine that cannot isolate.
    """

    def __init__(self, isolated: bool = True) -> None:
        self._isolated = isolated
        self._folder = ""
        self._manager: Any = None
        self._client: Any = None

    def start(self, timeout: float = 30) -> None:
        """Start it anew.

        Raises
        ------
        RuntimeError
            If it does not come up.
        """
        self.stop()
        # Unix sockets have short names only.
        self._folder = tempfile.mkdtemp(prefix="kj-", dir="/tmp" if os.path.isdir("/tmp") else None)
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        options: dict[str, Any] = {"env": {**os.environ, **SINGLE_THREADED}, "cwd": self._folder}
        options |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        read = -1
        if self._isolated:
            read, write = os.pipe()
            os.write(write, no_processes())
            os.close(write)
            os.set_inheritable(read, True)
            argv = [str(read) if part == "{filter}" else part for part in command(self._folder)]
            options |= {"pass_fds": (read,)}
        manager = KernelManager(
            kernel_name="python3",
            connection_file=os.path.join(self._folder, "k.json"),
            **({"transport": "ipc", "ip": os.path.join(self._folder, "s")} if self._isolated else {}),
        )
        manager._kernel_spec = KernelSpec(argv=argv, display_name="student", language="python")
        self._manager = manager
        manager.start_kernel(**options)
        if read >= 0:
            os.close(read)
        self._client = manager.blocking_client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=timeout)

    def run(self, code: str, timeout: float) -> Outcome:
        """Run one cell for at most `timeout` seconds; a cell that takes longer ends the kernel."""
        client, until = self._client, time.monotonic() + timeout
        message_id = client.execute(code, allow_stdin=False, stop_on_error=False)
        printed: list[str] = []
        error, message = "", ""
        flood = 0
        while True:
            left = until - time.monotonic()
            if left <= 0:
                self.stop()
                return Outcome("timeout", "".join(printed)[:OUTPUT], error, message)
            try:
                heard = client.get_iopub_msg(timeout=min(left, 0.25))
            except Exception:
                if not self._manager.is_alive():
                    self.stop()
                    return Outcome("died", "".join(printed)[:OUTPUT], error, message)
                continue
            if heard["parent_header"].get("msg_id") != message_id:
                continue
            kind, content = heard["msg_type"], heard["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return Outcome("error" if error else "ok", "".join(printed)[:OUTPUT], error, message)
            if kind == "error":
                error, message = str(content["ename"])[:200], str(content["evalue"])[:2000]
            if kind == "stream":
                printed.append(str(content["text"])[:OUTPUT])
                flood += len(content["text"])
            if flood > FLOOD:
                self.stop()
                return Outcome("flood", "".join(printed)[:OUTPUT], error, message)

    def stop(self) -> None:
        """End the kernel with everything that runs in it, and remove its folder."""
        if self._client is not None:
            self._client.stop_channels()
            self._client = None
        if self._manager is not None:
            self._manager.shutdown_kernel(now=True)
            self._manager = None
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""
