"""The hub for a class, on loopback: a lesson held in it, its walls, its limits, and a real browser."""

import asyncio
import contextlib
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import psutil
import pytest

from kejigai_data._build import env
from kejigai_data._build.hub import __main__ as hub_main
from kejigai_data._build.hub.settings import PRIVATE, ClassListError, class_list, read_settings, sandbox

from .benchmarks.class_load import PASSWORD, Hub, Student, a_class, lesson, ready
from .conftest import CI, TOP
from .test_browser import DRAWN, Lesson, charts_in
from .test_browser import browser as browser

pytestmark = [pytest.mark.alone, pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not here")]
NAMES = ["lilei", "hanmei"]
READER = "韩梅梅"
FRESH = [f"fresh{number}" for number in range(24)]


@pytest.fixture(scope="module")
def proxy():
    if not shutil.which("npm") and not CI:
        pytest.skip("npm is not here: the hub's proxy is a program for Node")
    env.ensure_proxy()


@pytest.fixture(scope="module")
def hub(proxy, tmp_path_factory):
    with Hub(
        tmp_path_factory.mktemp("hub"), [*NAMES, READER, *FRESH], KEJIGAI_IDLE="10", KEJIGAI_KERNELS="2"
    ) as running:
        asyncio.run(ready(running.address))
        yield running


def test_nobody_loses_work_when_the_hub_falls_or_a_kernel_dies(hub):
    seconds, memory = asyncio.run(lesson(hub, NAMES))
    assert set(seconds) == {"open", "run all", "widget"}
    assert set(memory) == set(NAMES)
    assert all(100 < size < 600 for size in memory.values())


async def looked_round(hub):
    async with a_class(hub.address, NAMES) as (one, other):
        await one.open()
        await other.open()
        await one.connect()
        seen = {}
        here = "__import__('os')"
        seen["uid"] = await one.ask(f"{here}.getuid()")
        seen["homes"] = await one.ask(f"{here}.listdir({str(hub.folder)!r} + '/students')")
        seen["folder"] = await one.ask(f"{here}.listdir({str(hub.folder)!r})")
        seen["system"] = await one.ask(f"sorted({here}.listdir('/'))")
        seen["outside"] = await one.ask(f"[{here}.readlink('/proc/2/fd/%d' % n) for n in range(3)]")
        seen["shell"] = await one.ask("__import__('subprocess').getoutput('python -m kejigai_data cite s001')")
        seen["repository"] = await one.ask(f"sorted({here}.listdir({str(TOP)!r}))")
        seen["exercises"] = await one.ask(f"sorted({here}.listdir({str(TOP / 'exercises')!r}))")
        seen["told"] = await one.ask(f"sorted({here}.environ)")
        seen["limit"] = await one.ask("__import__('resource').getrlimit(__import__('resource').RLIMIT_DATA)[0]")
        seen["writes"] = [
            (await one.run(f"open({str(place)!r} + '/strange.txt', 'w')"))["status"]
            for place in (TOP, "/", sys.prefix, "/usr", hub.folder / "students" / NAMES[1])
        ]
        seen["processes"] = await one.ask("len([n for n in __import__('os').listdir('/proc') if n.isdigit()])")
        seen["transport"] = await one.ask("get_ipython().kernel.parent.transport")
        await one.api("POST", "kernels", name="python3")
        try:
            await one.api("POST", "kernels", name="python3")
        except AssertionError as too_many:
            seen["one too many"] = str(too_many)
        other_kernel = (await one.api("GET", "kernels"))[-1]["id"]
        many = [one.api("POST", "kernels", name="python3") for _ in range(4)]
        seen["four more"] = [type(done) for done in await asyncio.gather(*many, return_exceptions=True)]
        async with one.browser.ws_connect(f"{one.base}/api/kernels/{other_kernel}/channels") as wire:
            one.wire, first_wire = wire, one.wire
            # So small that the other one is the larger as soon as both are too much.
            await one.run("import numpy; big = numpy.ones(25_000_000)")
            one.wire = first_wire
            # It may be killed while it computes, and then never answers.
            asked = asyncio.create_task(one.run("import numpy; bigger = numpy.ones(95_000_000)"))
            for _ in range(20):
                await asyncio.sleep(0.5)
                if (await one.api("GET", f"kernels/{one.kernel}"))["execution_state"] in (
                    "restarting",
                    "starting",
                ):
                    break
            await asyncio.sleep(6)
            asked.cancel()
            one.wire = wire
            seen["the smaller"] = await one.ask("big.nbytes")
            one.wire = await one.browser.ws_connect(f"{one.base}/api/kernels/{one.kernel}/channels")
            seen["the larger"] = await one.ask("'bigger' in globals()")
        # A folder that is full lets other lessons open all the same.
        seen["full"] = await one.ask(
            f"__import__('os').system('head -c 400M /dev/zero > {PRIVATE}/big 2>/dev/null') > 0"
        )
        await one.api("DELETE", f"kernels/{other_kernel}")
        seen["a kernel more"] = "id" in await one.api("POST", "kernels", name="python3")
        await one.run(f"__import__('os').remove('{PRIVATE}/big')")
        async with one.browser.get(f"{one.base}/lab") as page:
            seen["policy"] = page.headers.getall("Content-Security-Policy")
        async with one.browser.get(f"{other.base}/api/contents") as page:
            seen["other's files"] = page.status
        async with one.browser.get(f"{one.base}/nowhere") as page:
            seen["nowhere"] = (page.status, "没有这一页" in await page.text())
        async with one.browser.get(f"{one.base}/kejigai/start?lesson=../../etc/passwd") as page:
            seen["no lesson"] = page.status
            told = await page.text()
            seen["lessons to choose"] = (
                "没有这一课" in told and 'href="?lesson=zh/01_legal"' in told and "etc" not in told
            )
        async with one.browser.get(f"{one.base}/kejigai/start?exercise=zh/01_legal") as page:
            seen["exercise"] = str(page.url)
        await one.save("mine")
        await one.open()
        seen["after the link"] = await one.saved()
    return seen


def test_a_student_sees_and_changes_nothing_but_the_own_folder(hub):
    seen = asyncio.run(looked_round(hub))
    assert seen["uid"] == 1000
    assert seen["homes"] == [NAMES[0]]
    assert seen["folder"] == ["students"]
    assert not [key for key in seen["told"] if "CONFIGPROXY" in key or "SUPERVISOR" in key]
    assert seen["limit"] == 1024 * 2**20
    assert seen["writes"] == ["error"] * 5
    needed = {str(path).split("/")[1] for path in (sys.prefix, sys.base_prefix, TOP, hub.folder)}
    assert not {"run", "var", "home", "srv", "mnt"} & (set(seen["system"]) - needed)
    # Nothing of the hub's own terminal or log, which its servers once inherited.
    assert [Path(name).name for name in seen["outside"]] == ["null", f"{NAMES[0]}.log", f"{NAMES[0]}.log"]
    assert "科学管理研究" in seen["shell"]
    # Grades and work handed in may lie in the repository's folder, and keys do.
    assert set(seen["repository"]) <= {"kejigai_data", "notebooks", "exercises", ".venv"}
    assert seen["exercises"] == ["en", "laboratory", "zh"]
    assert seen["processes"] < 8
    assert seen["transport"] == "ipc"
    assert "2 kernels run already" in seen["one too many"]
    assert seen["four more"] == [AssertionError] * 4
    assert seen["the smaller"] == 200_000_000
    assert seen["the larger"] is False
    assert seen["full"]
    assert seen["a kernel more"]
    assert any("default-src 'self'" in policy for policy in seen["policy"])
    assert seen["other's files"] == 403
    assert seen["no lesson"] == 404
    assert seen["nowhere"] == (404, True)
    assert seen["lessons to choose"]
    assert seen["exercise"].endswith("/lab/tree/exercises/zh/01_legal.ipynb")
    assert seen["after the link"] == "mine"


async def sent(hub, student, password, xsrf=None, query="", **how):
    """Fill in and send the form to sign in; return status, address and text of the page that follows."""
    # The form is good for the address that asked for it.
    async with student.browser.get(f"{hub.address}/hub/login", headers=how.get("headers")) as page:
        await page.read()
    form = {"username": student.name, "_xsrf": xsrf or student.token("/hub/login")}
    form |= {} if password is None else {"password": password}
    async with student.browser.post(f"{hub.address}/hub/login{query}", data=form, **how) as page:
        return page.status, str(page.url), await page.text()


async def refused(hub):
    found = []
    for name, password in (("stranger", PASSWORD), (NAMES[0], "not the password")):
        begun = time.monotonic()
        async with Student(hub.address, name) as student:
            status, address, _ = await sent(hub, student, password)
            found.append((status, "/user/" in address))
    return found, time.monotonic() - begun


def test_only_the_class_comes_in_each_with_the_own_password(hub):
    found, seconds = asyncio.run(refused(hub))
    assert found == [(403, False)] * 2
    # Who tries passwords waits after each.
    assert seconds > 1


async def too_late(hub):
    async with Student(hub.address, NAMES[0]) as student:
        return await sent(hub, student, PASSWORD, xsrf="of another day")


def test_a_page_to_sign_in_that_was_open_too_long_says_so(hub):
    status, _, text = asyncio.run(too_late(hub))
    assert status == 403
    assert "open for too long" in text
    assert 'name="password"' in text


async def incomplete(hub):
    async with Student(hub.address, NAMES[0]) as student:
        status, _, _ = await sent(hub, student, None)
        return status


def test_a_form_without_a_password_is_a_bad_request(hub):
    assert asyncio.run(incomplete(hub)) == 400


async def guess(hub, name, patience, headers):
    """Try a wrong password in a browser of its own, and give up when patience ends."""
    async with Student(hub.address, name) as student:
        whole = aiohttp.ClientTimeout(patience)
        with contextlib.suppress(asyncio.TimeoutError):
            status, _, text = await sent(hub, student, "not the password", headers=headers, timeout=whole)
            assert status == 403
            assert "open for too long" not in text


async def slowest(hub, seconds):
    """Ask for the page to sign in for some seconds, over and over; return the longest wait for it."""
    first, worst = time.monotonic(), 0.0
    async with Student(hub.address, NAMES[0]) as anybody:
        while time.monotonic() - first < seconds:
            begun = time.monotonic()
            async with anybody.browser.get(f"{hub.address}/hub/login") as page:
                await page.read()
            worst = max(worst, time.monotonic() - begun)
            await asyncio.sleep(0.05)
    return worst


async def until_in(hub, name):
    """Return the seconds until somebody is signed in."""
    async with Student(hub.address, name) as student:
        begun = time.monotonic()
        assert await come_in(hub, student) == 200
        return time.monotonic() - begun


async def tried_at_once(hub, many, patience, told=lambda number: {}, names=NAMES[:1], owner=NAMES[0]):
    """Try many wrong passwords at once, at some names in turn, each with the headers that are told.

    Return the most seconds until the page to sign in is there meanwhile, those until the owner of a name is in,
    and those until the last is refused.
    """
    for name in {*names, owner}:
        # The first password is the owner's.
        await until_in(hub, name)
    first = time.monotonic()
    tries = ((names[number % len(names)], told(number)) for number in range(many))
    guesses = asyncio.gather(*(guess(hub, name, patience, headers) for name, headers in tries))
    there = await slowest(hub, 2)
    owner_in = await until_in(hub, owner)
    await guesses
    return there, owner_in, time.monotonic() - first


def elsewhere(number):
    """Pass for somebody at another address, as any program on the machine can."""
    return {"X-Forwarded-For": f"192.0.2.{number}"}


async def arriving(hub):
    coming = asyncio.gather(*(until_in(hub, name) for name in FRESH))
    there = await slowest(hub, 2)
    await coming
    return there


def test_while_a_class_signs_in_for_the_first_time_the_hub_answers(hub):
    """To keep a password takes a quarter of a second of a processor, as to check it."""
    assert asyncio.run(arriving(hub)) < 1.5


def test_who_tries_passwords_keeps_the_owner_of_a_name_not_waiting(hub):
    _, given_up, _ = asyncio.run(tried_at_once(hub, 12, 0.5))
    _, from_elsewhere, _ = asyncio.run(tried_at_once(hub, 6, 60, lambda _: elsewhere(7)))
    # One by one they would take more than a second each.
    assert max(given_up, from_elsewhere) < 6


def test_who_has_given_up_under_many_names_is_not_waited_for(hub):
    _, owner_in, _ = asyncio.run(tried_at_once(hub, 48, 0.5, names=FRESH))
    assert owner_in < 3


def test_while_passwords_are_tried_the_hub_answers_others(hub):
    """Each check takes a quarter of a second of a processor: not of the hub, nor of those of other names."""
    there, other_in, _ = asyncio.run(tried_at_once(hub, 30, 60, elsewhere, owner=NAMES[1]))
    assert there < 1.5
    assert other_in < 3


def test_nobody_tries_faster_under_another_name_for_the_own_address(hub):
    """The proxy does not check this header, which anybody may send."""
    _, _, refused = asyncio.run(tried_at_once(hub, 4, 60, lambda number: {"X-Real-Ip": f"192.0.2.{number}"}))
    assert refused > 4


def test_only_this_machine_is_served(hub):
    parts = psutil.Process(hub.process.pid).children(recursive=True)
    open_at = {c.laddr.ip for p in parts for c in p.net_connections("inet") if c.status == psutil.CONN_LISTEN}
    assert open_at == {"127.0.0.1"}


async def come_in(hub, student, password=PASSWORD):
    """Sign a student in, who opens nothing yet; return the status of the page that follows."""
    status, _, _ = await sent(hub, student, password, query="?next=%2Fhub%2Fhome")
    return status


async def signed_in(hub, name):
    """Return the status after signing in, and whether the page for teachers opens."""
    async with Student(hub.address, name) as student:
        home = await come_in(hub, student)
        async with student.browser.get(f"{hub.address}/hub/admin") as page:
            return home, page.status == 200 and page.url.path.endswith("/admin")


async def rewritten(hub, text):
    """Write another class list and wait until the hub has taken it up."""
    process = hub.part("jupyterhub_config")
    (hub.folder / "class.txt").write_text(text, encoding="utf-8")
    await asyncio.to_thread(process.wait, 30)
    await ready(hub.address)


async def after_the_list_has_changed(hub):
    async with a_class(hub.address, NAMES[:1]) as (one,):
        await one.open()
        await one.connect()
        await one.run("kept = 7")
        before = [await signed_in(hub, name) for name in ("teacher", NAMES[1])]
        await rewritten(hub, f"teacher\n{NAMES[0]}\n*newcomer\n")
        after = [await signed_in(hub, name) for name in ("teacher", NAMES[1], "newcomer")]
        return before, after, await one.ask("kept")


def test_a_changed_list_is_taken_up_while_servers_go_on(hub):
    text = (hub.folder / "class.txt").read_text(encoding="utf-8")
    before, after, kept = asyncio.run(after_the_list_has_changed(hub))
    assert before == [(200, True), (200, False)]
    assert after == [(200, False), (403, False), (200, True)]
    assert kept == 7
    (hub.folder / "class.txt").write_text("a b\n", encoding="utf-8")
    time.sleep(3)
    asyncio.run(ready(hub.address))
    assert "cannot be a name" in (hub.folder / "hub.log").read_text(encoding="utf-8")
    asyncio.run(rewritten(hub, text))


async def taught(hub):
    """Return what the hub answers a teacher who opens, ends and deletes a student; then the student again."""
    found = {}
    async with a_class(hub.address, [NAMES[1], "teacher"]) as (student, teacher):
        await student.open()
        await come_in(hub, teacher)
        headers = {"X-XSRFToken": teacher.token("/hub/"), "Referer": f"{hub.address}/hub/admin"}
        users = f"{hub.address}/hub/api/users"

        async def ask(method, path, **more):
            async with teacher.browser.request(method, users + path, headers=headers, **more) as answer:
                return answer.status

        async with teacher.browser.get(f"{student.base}/lab") as page:
            found["open the student's server"] = page.status
        async with teacher.browser.get(f"{hub.address}/hub/home") as page:
            found["frames"] = [p for p in page.headers["Content-Security-Policy"].split("; ") if "frame-anc" in p]
        found["see"] = await ask("GET", f"/{NAMES[1]}")
        found["take a token of the student's"] = await ask("POST", f"/{NAMES[1]}/tokens", json={})
        found["make an admin"] = await ask("PATCH", "/teacher", json={"admin": True})
        found["add a stranger"] = await ask("POST", "/stranger")
        found["end the server"] = await ask("DELETE", f"/{NAMES[1]}/server")
        for _ in range(60):
            found["delete"] = await ask("DELETE", f"/{NAMES[1]}")
            if found["delete"] == 204:
                break
            await asyncio.sleep(0.5)
    async with Student(hub.address, NAMES[1]) as student:
        found["choose a password anew"] = await come_in(hub, student, "quite another")
    return found


def test_a_teacher_ends_servers_and_resets_passwords_and_opens_nothing(hub):
    """What a student runs stands on the hub's own address: it would act with the rights of whoever opens it."""
    assert asyncio.run(taught(hub)) == {
        "open the student's server": 403,
        "frames": ["frame-ancestors 'none'"],
        "see": 200,
        "take a token of the student's": 403,
        "make an admin": 403,
        "add a stranger": 403,
        "end the server": 204,
        "delete": 204,
        "choose a password anew": 200,
    }


def test_who_has_gone_costs_nothing(hub):
    until = time.monotonic() + 90
    while hub.memory():
        assert time.monotonic() < until, hub.memory()
        time.sleep(1)


class InTheHub(Lesson):
    """A lesson that a browser comes to by the start link."""

    def __init__(self, engine, hub, name):
        self.watch(engine)
        self.page.goto(f"{hub.address}/hub/login?next=%2Fhub%2Fuser-redirect%2Fkejigai%2Fstart%3Flesson%3D{name}")
        sign_in(self.page, READER, PASSWORD)
        self.arrive()


def test_a_browser_comes_by_the_start_link_and_draws_every_chart(hub, request):
    one = InTheHub(request.getfixturevalue("browser"), hub, "en%2F01_legal")
    expected = charts_in("en/01_legal")
    one.wait(lambda: one.count(DRAWN) == expected)
    one.run_all()
    one.wait(lambda: one.count(DRAWN) == expected)
    one.wait(lambda: one.count(".widget-dropdown select") > 1)
    assert not one.outside
    assert not [error for error in one.errors if "Content Security Policy" in error]
    one.close()


def sign_in(page, name, password):
    page.fill("#username_input", name)
    page.fill("#password_input", password)
    page.click("#login_submit")


def as_teacher(page, hub):
    page.goto(f"{hub.address}/hub/login?next=%2Fhub%2Fhome")
    sign_in(page, "teacher", PASSWORD)


def sound(page):
    """Return whether a page has Chinese and English, and no serious fault of access."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"preload": False}).response["violations"]
    assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []
    shown = page.inner_text("body")
    return bool(re.search("[\u4e00-\u9fff]{2}.*[a-z]{4}", shown, re.DOTALL))


def test_pages_of_the_hub_speak_chinese_and_english(hub, request):
    page = request.getfixturevalue("browser").new_page()
    page.goto(f"{hub.address}/hub/login")
    assert "首次登录时输入的密码" in page.inner_text("form")
    assert "becomes yours" in page.inner_text("form")
    assert sound(page)
    sign_in(page, "stranger", PASSWORD)
    told = page.inner_text("[role=alert]")
    assert "不在班级名单上" in told
    assert "not on the class list" in told
    as_teacher(page, hub)
    page.wait_for_selector("#start")
    assert page.inner_text("#start") == "打开 · Open"
    assert sound(page)
    page.goto(f"{hub.address}/user/teacher/lab")
    assert "文件仍在" in page.inner_text("body")
    assert page.inner_text("#start") == "启动 · Start"
    assert sound(page)
    page.goto(f"{hub.address}/hub/nowhere")
    assert "没有这一页" in page.inner_text("h1")
    assert "moons" not in page.inner_text("body")
    assert sound(page)
    page.goto(f"{hub.address}/hub/token")
    assert sound(page)
    page.close()


def test_a_password_is_changed_and_a_short_one_refused(hub, request):
    page = request.getfixturevalue("browser").new_page()
    as_teacher(page, hub)
    page.click("text=修改密码")
    tries = [("wrong", PASSWORD + "!", "原密码不对"), (PASSWORD, "short", "密码至少 7 位")]
    tries += [("密" * 25, PASSWORD + "!", "原密码不对"), (PASSWORD, "密" * 25, "24 个汉字")]
    for old, password, words in (*tries, (PASSWORD, PASSWORD + "!", "The password is changed")):
        page.fill("#old_input", old)
        page.fill("#password_input", password)
        page.click("#login_submit")
        assert words in page.inner_text("[role=alert]")
        assert sound(page)
    page.click("#logout")
    as_teacher(page, hub)
    assert "密码不对" in page.inner_text("[role=alert]")
    sign_in(page, "teacher", PASSWORD + "!")
    page.click("text=修改密码")
    page.fill("#old_input", PASSWORD + "!")
    page.fill("#password_input", PASSWORD)
    page.click("#login_submit")
    page.close()


def test_a_place_is_waited_for_opened_and_closed(hub, request):
    page = request.getfixturevalue("browser").new_page()
    as_teacher(page, hub)
    page.click("#start")
    page.wait_for_url("**/spawn-pending/**")
    assert "正在为您启动" in page.inner_text("main")
    assert not page.locator("#progress-log").is_visible()
    page.wait_for_url("**/user/teacher/**", timeout=90_000)
    page.goto(f"{hub.address}/hub/home")
    page.click("#stop")
    page.wait_for_selector("#stop", state="detached", timeout=60_000)
    assert page.inner_text("#start") == "打开 · Open"
    page.close()


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "names nobody"), ("lilei\n../x", "line 2: '../x' cannot be a name"), (".hidden", "cannot be a name")],
)
def test_a_class_list_says_what_is_wrong_with_it(text, words, tmp_path):
    path = tmp_path / "class.txt"
    path.write_text(text, encoding="utf-8-sig")
    with pytest.raises(ClassListError, match=re.escape(words)):
        class_list(path)


def test_a_missing_class_list_is_begun(tmp_path):
    with pytest.raises(ClassListError, match="an example is there"):
        class_list(tmp_path / "hub" / "class.txt")
    assert class_list(tmp_path / "hub" / "class.txt") == ({"teacher"}, {"teacher"})


def test_no_socket_of_the_machine_is_within_reach():
    """What listens there may take a student for whoever runs the hub, as a session's D-Bus under /run does."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{folder}/bus")
        listening.listen()
        settings = read_settings()._replace(folder=Path(folder) / "hub")
        (settings.homes / "lilei").mkdir(parents=True)
        call = f"import socket; socket.socket(socket.AF_UNIX).connect({folder + '/bus'!r})"
        said = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, check=False)
        assert said.returncode == 0
        shown = [sys.prefix, sys.base_prefix]
        shut = [*sandbox(settings, "lilei", shown), sys.executable, "-c", call]
        said = subprocess.run(shut, capture_output=True, text=True, check=False)
        assert said.stderr.splitlines()[-1].startswith("FileNotFoundError")


def test_the_sandbox_works_for_an_ordinary_user(tmp_path):
    settings = read_settings()._replace(folder=tmp_path)
    (settings.homes / "lilei").mkdir(parents=True)
    tmp_path.chmod(0o755)
    command = [*sandbox(settings, "lilei", []), "sh", "-c", "id -u; ls -d /root/.[a-z]* | wc -l"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1000", "0"]


def in_the_sandbox(folder, code):
    """Return what a program says that runs as a student's would."""
    settings = read_settings()._replace(folder=folder, memory=256)
    (settings.homes / "lilei").mkdir(parents=True)
    shown = [sys.prefix, sys.base_prefix, str(TOP / "kejigai_data")]
    # As the hub does not hand on its environment, this does not either.
    given = {"PYTHONPATH": str(TOP), "PATH": "/usr/bin:/bin"}
    command = [*sandbox(settings, "lilei", shown), sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=given)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_hub_that_is_just_starting_ends_at_once(proxy, tmp_path):
    with Hub(tmp_path, NAMES) as starting:
        time.sleep(1)
        begun = time.monotonic()
        starting.process.send_signal(signal.SIGINT)
        assert starting.process.wait(30) == 0
        assert time.monotonic() - begun < 20
    assert "Traceback" not in (tmp_path / "hub.log").read_text(encoding="utf-8")


def test_files_that_lie_in_memory_are_bounded_and_settings_with_secrets_not_there(tmp_path):
    code = """
import json, os, shutil
def writes(place):
    try:
        open(place + "/x", "w")
        return True
    except OSError:
        return False
sizes = [shutil.disk_usage(place).total // 2**20 for place in ("/tmp", "/dev/shm")]
print(json.dumps([sizes, [place for place in ("/tmp", "/dev/shm", "/dev", "/etc", "/") if writes(place)],
                  os.path.exists("/etc/shadow"), os.path.exists("/etc/passwd")]))
"""
    assert in_the_sandbox(tmp_path, code) == [[64, 64], ["/tmp", "/dev/shm"], False, True]


def test_shared_memory_and_files_in_memory_count(tmp_path):
    code = """
import json, os, subprocess, sys, time
from kejigai_data._build.hub.student import held, hold_to, share
hold = "import mmap, sys; m = mmap.mmap(-1, 2**27); m.write(bytes(2**27)); print(flush=True); sys.stdin.read()"
child = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
seen = [held(str(child.pid)) > 2**27, share(str(child.pid)) > 2**27]
limit = sum(share(name) for name in os.listdir("/proc") if name.isdigit()) + 20 * 2**20
for size in (0, 40 * 2**20):
    open("/tmp/x", "wb").write(bytes(size))
    hold_to(limit)
    time.sleep(0.5)
    seen.append(child.poll())
print(json.dumps(seen))
"""
    assert in_the_sandbox(tmp_path, code) == [True, True, None, -9]


def test_what_several_hold_together_counts_once(tmp_path):
    """A block in /dev/shm is a file and mapped, and what a process held before it forked is still one."""
    code = """
import json, mmap, os, time
from kejigai_data._build.hub.student import held, hold_to, share
file = open("/dev/shm/block", "wb+")
file.truncate(40 * 2**20)
block = mmap.mmap(file.fileno(), 40 * 2**20)
block.write(bytes(40 * 2**20))
big = bytearray(80 * 2**20)
before = share(str(os.getpid()))
children = []
for _ in range(4):
    child = os.fork()
    if not child:
        time.sleep(60)
    children.append(child)
time.sleep(0.5)
numbers = [name for name in os.listdir("/proc") if name.isdigit()]
room = before + 80 * 2**20
seen = [before > 80 * 2**20, sum(map(held, numbers)) > 2 * room, sum(map(share, numbers)) < before + 20 * 2**20]
hold_to(room)
time.sleep(0.2)
seen += [os.waitpid(child, os.WNOHANG)[0] for child in children]
for child in children:
    os.kill(child, 9)
print(json.dumps(seen))
"""
    # With the file's 40 MB all hold less than there is room for.
    assert in_the_sandbox(tmp_path, code) == [True, True, True, 0, 0, 0, 0]


def test_it_does_not_run_as_root_unless_told(monkeypatch, capsys):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.delenv(hub_main.AS_ROOT, raising=False)
    assert hub_main.main() == 2
    assert "as an ordinary user" in capsys.readouterr().err
