"""A student's own server: limits, quiet kernels, and the link that brings the lessons."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from jupyterhub.singleuser import main as serve
from tornado.ioloop import PeriodicCallback
from tornado.web import authenticated
from traitlets.config import Config

from ..env import bring_lessons
from ..limits import POLICY
from .settings import IN_MEMORY, TOP

FIRST = "zh/00_start_here"
UNKNOWN = """<!doctype html>
<html lang="zh-Hans"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>没有这一课 · No such lesson</title>
<style>
body {{ max-width: 40rem; margin: 8vh auto; padding: 0 1.5rem; color: #1f2328; background: #fff;
font: 1.05rem/1.8 "Segoe UI", Arial, "Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", sans-serif; }}
a {{ color: #0757a6; }}
</style>
</head><body><main><h1>没有这一课</h1><p>网址里的课程名有误，请从下面选择。</p>
<p lang="en">There is no such lesson: the address has a mistake. Choose one of these.</p>
<ul>{links}</ul></main></body></html>
"""
OFTEN = 1000  # milliseconds between two looks at the memory


class Start(JupyterHandler):
    """``kejigai/start?lesson=en/01_legal``: bring what is new, overwrite nothing, open the lesson.

    ``?exercise=en/01_legal`` opens the exercise of that lesson.
    """

    @authenticated
    def get(self) -> None:
        """Send the reader on to the lesson in his or her own folder."""
        exercise = self.get_argument("exercise", "")
        lesson = exercise or self.get_argument("lesson", FIRST)
        known = {f"{path.parent.name}/{path.stem}" for path in (TOP / "notebooks").glob("*/*.ipynb")}
        if lesson not in known:
            self.set_status(404)
            kind = "exercise" if exercise else "lesson"
            links = "".join(
                f'<li><a href="?{kind}={name}">{name}</a></li>' for name in sorted(known, key=first_chinese)
            )
            self.finish(UNKNOWN.format(links=links))
            return
        folder = "exercises" if exercise else "notebooks"
        bring_lessons(str(TOP), os.getcwd())  # type: ignore[no-untyped-call]
        self.redirect(url_path_join(self.base_url, "lab/tree", folder, f"{lesson}.ipynb"))


def first_chinese(name: str) -> tuple[bool, str]:
    """Return what sorts the Chinese lessons before the English ones."""
    return not name.startswith("zh"), name


def held(number: str) -> int:
    """Return the bytes of a process that lie in no file of a disk; none for one that has ended."""
    try:
        told = Path("/proc", number, "status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    return 1024 * _sum(r"^Rss(?:Anon|Shmem):\s+(\d+) kB", told)


def share(number: str) -> int:
    """Return the share of a process in what `held` counts whole, without the files in memory that it has mapped.

    A slow look: what several processes hold together is divided among them.
    """
    try:
        total, parts = (
            Path("/proc", number, name).read_text("utf-8", "replace") for name in ("smaps_rollup", "smaps")
        )
    except OSError:
        return held(number)
    # Of each part: addresses, rights, offset, device, number and path, then a figure a line.
    mapped = r"^[0-9a-f]+-\S+ \S+ \S+ \S+ \d+ +(?!{home}/)(?:{places})/.*\n(?:.*\n){{4}}Pss: +(\d+) kB"
    mapped = mapped.format(home=re.escape(os.getcwd()), places="|".join(IN_MEMORY))
    return 1024 * (_sum(r"^Pss_(?:Anon|Shmem):\s+(\d+) kB", total) - _sum(mapped, parts))


def _sum(pattern: str, text: str) -> int:
    return sum(map(int, re.findall(pattern, text, re.MULTILINE)))


def hold_to(limit: int) -> None:
    """End the largest process, if all of this student, and files in memory, hold more than `limit` bytes.

    The sandbox has a list of processes of its own, so that all that can be seen are the
    student's; the first of them is the sandbox, and this one serves.
    """
    numbers = [number for number in os.listdir("/proc") if number.isdigit()]
    files = sum(shutil.disk_usage(place).used for place in IN_MEMORY)
    if sum(map(held, numbers)) + files <= limit:
        return
    mine = {number: share(number) for number in numbers}
    others = {number: size for number, size in mine.items() if int(number) not in (1, os.getpid())}
    if others and sum(mine.values()) + files > limit:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(max(others, key=others.__getitem__)), signal.SIGKILL)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(app: Any) -> None:
    where = url_path_join(app.web_app.settings["base_url"], "kejigai/start")
    app.web_app.add_handlers(".*$", [(where, Start)])
    limit = int(os.environ["KEJIGAI_MEMORY"]) * 2**20 if "KEJIGAI_MEMORY" in os.environ else 0
    if limit:
        PeriodicCallback(lambda: hold_to(limit), OFTEN).start()


def configured() -> Config:
    """Return the settings of a student's server, from its environment."""
    idle = int(os.environ["KEJIGAI_IDLE"])
    config = Config()
    config.ServerApp.root_dir = os.getcwd()
    config.ServerApp.kernel_manager_class = "kejigai_data._build.limits.Places"
    # A classroom needs nothing of what the test tools bring along.
    nbgrader = ("assignment_list", "course_list", "validate_assignment", "formgrader")
    off = ["notebook", "voila.server_extension"]
    off += ["nbgrader", *(f"nbgrader.server_extensions.{name}" for name in nbgrader)]
    config.ServerApp.jpserver_extensions = {__name__: True, **dict.fromkeys(off, False)}
    # A login shell would forget where the environment's programs are.
    config.ServerApp.terminado_settings = {"shell_command": [shutil.which("bash") or "sh"]}
    config.ServerApp.extra_template_paths = [str(Path(__file__).with_name("pages") / "student")]
    config.ServerApp.tornado_settings = {"headers": {"Content-Security-Policy": POLICY}}
    config.ServerApp.shutdown_no_activity_timeout = idle
    config.Places.most = int(os.environ["KEJIGAI_KERNELS"])
    config.Places.memory = int(os.environ["KEJIGAI_MEMORY"])
    config.Places.cull_idle_timeout = idle
    config.Places.cull_interval = max(1, idle // 10)
    # Over TCP what a kernel says could be read by every student of the machine.
    config.KernelManager.transport = "ipc"
    config.LabApp.news_url = None
    config.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
    return config


def main() -> None:
    """Serve one student; the hub starts this inside the sandbox."""
    runtime = Path(os.environ["JUPYTER_RUNTIME_DIR"])
    runtime.mkdir(exist_ok=True, mode=0o700)
    path = runtime / "server.json"
    path.write_text(json.dumps(configured()), encoding="utf-8")
    serve([*sys.argv[1:], f"--config={path}"])


if __name__ == "__main__":
    main()
