"""A class at work on the hub, driven as browsers would: log in, open a lesson, run it, move a widget, save.

    python -m tests.benchmarks.class_load --students 30

starts a hub on loopback in a temporary folder. Mid-class the hub is killed, one kernel is killed
and one runs out of memory; nobody may lose what he or she has saved.
"""

import argparse
import ast
import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import aiohttp
import psutil
import yarl

from kejigai_data._build.hub.__main__ import AS_ROOT

PASSWORD = "a long password"
LESSON = "zh/01_legal"


def free_ports(count):
    """Return the first of some ports in a row that nobody uses."""
    for start in range(18000, 60000, 10):
        try:
            for port in range(start, start + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return start
    raise OSError("no free ports")


class Student:
    """One student's browser."""

    def __init__(self, address, name, lesson=LESSON):
        self.address, self.name, self.lesson = address, name, lesson
        self.base = f"{address}/user/{quote(name)}"
        self.seconds = {}
        self.widgets = []
        self.seen = []

    async def __aenter__(self):
        jar = aiohttp.CookieJar(unsafe=True)
        timeout = aiohttp.ClientTimeout(total=600)
        # The proxy closes a connection that was quiet for five seconds; a browser would ask again, aiohttp fails.
        kept = aiohttp.TCPConnector(keepalive_timeout=2)
        self.browser = aiohttp.ClientSession(cookie_jar=jar, timeout=timeout, connector=kept)
        return self

    async def __aexit__(self, *_):
        await self.browser.close()

    def token(self, path):
        """Return the cookie that forms and scripts of a path must send back."""
        cookies = self.browser.cookie_jar.filter_cookies(yarl.URL(f"{self.address}{path}"))
        return cookies["_xsrf"].value

    async def open(self):
        """Log in through the start link and wait for the lesson."""
        begun = time.perf_counter()
        link = f"/hub/user-redirect/kejigai/start?lesson={quote(self.lesson, safe='')}"
        async with self.browser.get(f"{self.address}/hub/login") as page:
            await page.read()
        form = {"username": self.name, "password": PASSWORD, "_xsrf": self.token("/hub/login")}
        async with self.browser.post(f"{self.address}/hub/login", params={"next": link}, data=form) as page:
            # A server that is just ending is asked for again below.
            assert page.status < 400 or page.status == 503, (page.status, await page.text())
        while True:
            async with self.browser.get(f"{self.address}{link}") as page:
                text = await page.text()
                if f"/lab/tree/notebooks/{self.lesson}" in str(page.url):
                    break
                assert page.status < 500 or page.status == 503, (page.status, text[-500:])
            assert time.perf_counter() - begun < 300, f"{self.name} waits in vain at {page.url}"
            await asyncio.sleep(1)
        self.seconds["open"] = time.perf_counter() - begun
        self.notebook = (await self.api("GET", f"contents/notebooks/{self.lesson}.ipynb"))["content"]

    async def api(self, method, path, /, **body):
        headers = {"X-XSRFToken": self.token(f"/user/{quote(self.name)}/")}
        sent = {"json": body} if body else {}
        async with self.browser.request(method, f"{self.base}/api/{path}", headers=headers, **sent) as answer:
            text = await answer.text()
            assert answer.status < 400, (self.name, method, path, answer.status, text[-500:])
            return json.loads(text) if text else None

    async def connect(self):
        """Start the kernel of the lesson."""
        session = await self.api(
            "POST",
            "sessions",
            path=f"notebooks/{self.lesson}.ipynb",
            name=self.lesson,
            type="notebook",
            kernel={"name": "python3"},
        )
        self.kernel = session["kernel"]["id"]
        self.wire = await self.browser.ws_connect(
            f"{self.base}/api/kernels/{self.kernel}/channels", max_msg_size=0
        )

    async def send(self, kind, content, until):
        """Send a message and read on until it is done with and `until` has been seen."""
        ident = uuid.uuid4().hex
        header = {"msg_id": ident, "msg_type": kind, "username": self.name, "session": "s", "version": "5.3"}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        await self.wire.send_json(message)
        # Over all messages: the server's pings alone would keep a limit on each message from running out.
        async with asyncio.timeout(300):
            return await self.receive(ident, until)

    async def receive(self, ident, until):
        """Read the answers to a message until it is done with and `until` has been seen."""
        waiting = {until, "idle"}
        reply = None
        while waiting:
            got = await self.wire.receive_json()
            if got["parent_header"].get("msg_id") != ident:
                continue
            if (
                got["msg_type"] == "comm_open"
                and got["content"]["data"]["state"].get("_model_name") == "DropdownModel"
            ):
                self.widgets.append((got["content"]["comm_id"], got["content"]["data"]["state"]))
            if got["msg_type"] == "status" and got["content"]["execution_state"] == "idle":
                waiting.discard("idle")
            if got["msg_type"] == until:
                reply = got["content"]
                waiting.discard(until)
        return reply

    async def run(self, code):
        """Run code; return the reply."""
        return await self.send(
            "execute_request", {"code": code, "silent": False, "store_history": True}, "execute_reply"
        )

    async def ask(self, expression):
        """Return the value of an expression in the kernel."""
        content = {
            "code": "",
            "silent": True,
            "user_expressions": {"it": f"__import__('json').dumps({expression})"},
        }
        reply = await self.send("execute_request", content, "execute_reply")
        told = reply["user_expressions"]["it"]
        assert told["status"] == "ok", told
        return json.loads(ast.literal_eval(told["data"]["text/plain"]))

    async def run_all(self):
        """Run every cell of the lesson."""
        begun = time.perf_counter()
        for cell in self.notebook["cells"]:
            if cell["cell_type"] == "code":
                reply = await self.run(cell["source"])
                assert reply["status"] == "ok", (self.name, reply)
        self.seconds["run all"] = time.perf_counter() - begun

    async def move(self):
        """Choose another value in a menu and wait for the redrawn chart."""
        ident, state = next(one for one in self.widgets if len(one[1]["_options_labels"]) > 2)
        other = next(n for n in range(len(state["_options_labels"])) if n != state["index"])
        begun = time.perf_counter()
        data = {"method": "update", "state": {"index": other}}
        await self.send("comm_msg", {"comm_id": ident, "data": data}, "update_display_data")
        self.seconds["widget"] = time.perf_counter() - begun

    async def save(self, words):
        """Write words of one's own into the lesson and save it."""
        self.notebook["cells"].append(
            {"cell_type": "markdown", "id": uuid.uuid4().hex[:8], "metadata": {}, "source": words}
        )
        path = f"contents/notebooks/{self.lesson}.ipynb"
        await self.api("PUT", path, type="notebook", format="json", content=self.notebook)

    async def saved(self):
        """Return what stands in the last cell of the file on disk."""
        kept = await self.api("GET", f"contents/notebooks/{self.lesson}.ipynb")
        return kept["content"]["cells"][-1]["source"]


class Hub:
    """A hub of our own, on loopback, in a folder of its own."""

    def __init__(self, folder, names, **told):
        self.folder = Path(folder)
        self.port = free_ports(3)
        self.address = f"http://127.0.0.1:{self.port}"
        (self.folder / "class.txt").write_text("*teacher\n" + "\n".join(names), encoding="utf-8")
        self.told = {"KEJIGAI_HUB": str(folder), "PORT": str(self.port), AS_ROOT: "1", **told}

    def __enter__(self):
        self.log = (self.folder / "hub.log").open("w", encoding="utf-8")
        command = [sys.executable, "-m", "kejigai_data._build.hub"]
        self.process = subprocess.Popen(command, env={**os.environ, **self.told}, stdout=self.log, stderr=self.log)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(90)
            assert not self.memory(), "the hub has ended, and servers of students still run"
        finally:
            self.process.kill()
            self.log.close()

    def part(self, word):
        """Return one of the hub's two processes."""
        return next(p for p in psutil.Process(self.process.pid).children() if word in " ".join(p.cmdline()))

    def memory(self):
        """Return MB for each student: the share of memory (PSS) of all that runs in his or her name."""
        found = {}
        for process in psutil.process_iter():
            try:
                told = process.environ()
                if told.get("HOME", "").startswith(f"{self.folder}/students/") and "bwrap" not in process.name():
                    name = Path(told["HOME"]).name
                    found[name] = found.get(name, 0) + process.memory_full_info().pss / 2**20
            except psutil.Error:
                continue
        return found


async def ready(address):
    """Wait for the hub to answer."""
    async with aiohttp.ClientSession() as browser:
        for _ in range(240):
            try:
                async with browser.get(f"{address}/hub/health") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.5)
    raise TimeoutError("the hub does not answer")


@asynccontextmanager
async def a_class(address, names):
    """Open a browser for each name."""
    students = [Student(address, name) for name in names]
    for student in students:
        await student.__aenter__()
    try:
        yield students
    finally:
        for student in students:
            await student.__aexit__()


async def lesson(hub, names):
    """Hold the class; return seconds by step and MB by student."""
    await ready(hub.address)
    async with a_class(hub.address, names) as students:
        await asyncio.gather(*(student.open() for student in students))
        await asyncio.gather(*(student.connect() for student in students))
        half = len(students) // 2
        first = [asyncio.create_task(student.run_all()) for student in students[:half]]
        # The hub falls while half of the class computes, and the other half begins.
        hub.part("jupyterhub").kill()
        await asyncio.gather(*first, *(student.run_all() for student in students[half:]))
        await asyncio.gather(*(student.move() for student in students))
        memory = hub.memory()
        await asyncio.gather(*(student.save(f"answer of {student.name}") for student in students))
        await ready(hub.address)
        unlucky, greedy = students[0], students[-1]
        await unlucky.run("x = 1")
        dead = asyncio.create_task(unlucky.run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))
        reply = await greedy.run("import numpy; y = numpy.ones((4, 2**27))")
        assert reply["ename"] in ("MemoryError", "_ArrayMemoryError"), reply
        await asyncio.sleep(3)
        dead.cancel()
        assert (await greedy.run("1 + 1"))["status"] == "ok"
        await unlucky.wire.close()
        await unlucky.connect()
        assert (await unlucky.run("x = 2"))["status"] == "ok"
        # A hub that was killed still knows its students: a new browser finds the same server.
        again = [Student(hub.address, students[0].name), Student(hub.address, students[-1].name)]
        for student in again:
            async with student:
                await student.open()
                assert await student.saved() == f"answer of {student.name}"
        kept = await asyncio.gather(*(student.saved() for student in students))
        assert kept == [f"answer of {name}" for name in names]
        seconds = {step: [student.seconds[step] for student in students] for step in students[0].seconds}
    return seconds, memory


def main():
    """Hold one class and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=30)
    count = parser.parse_args().students
    names = [f"s{number:02d}" for number in range(1, count + 1)]
    with tempfile.TemporaryDirectory() as folder, Hub(folder, names) as hub:
        try:
            seconds, memory = asyncio.run(lesson(hub, names))
        except BaseException:
            print((Path(folder) / "hub.log").read_text(encoding="utf-8")[-6000:], file=sys.stderr)
            raise
    print(f"{count} students at once")
    for step, found in seconds.items():
        print(f"{step}: median {statistics.median(found):.2f} s, worst {max(found):.2f} s")
    print(
        f"memory a student: median {statistics.median(memory.values()):.0f} MB, worst {max(memory.values()):.0f} MB",
        end="",
    )
    print(f", all {sum(memory.values()) / 1024:.1f} GB")


if __name__ == "__main__":
    main()
