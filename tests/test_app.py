"""The app on loopback: both languages in a browser, its limits, no request to another host."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import psutil
import pytest

from .conftest import TOP, some_now
from .test_browser import CLOSED

pytestmark = [
    pytest.mark.alone,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(os.name == "nt", reason="the app is not for Windows"),
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve(unopened=30, **limits):
    """Start the app; return its process and address once it answers."""
    port = free_port()
    given = {f"KEJIGAI_{name.upper()}": str(value) for name, value in limits.items()}
    process = subprocess.Popen(
        [sys.executable, "-c", f"from kejigai_data._build import app; app.UNOPENED = {unopened}; app.main()"],
        cwd=TOP,
        env={**os.environ, **given, "PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urlopen(address).close()
            return process, address
        except URLError:
            time.sleep(0.1)
    process.kill()
    raise TimeoutError("the app did not answer within 30 s")


def end(process):
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def kernels(process):
    """Return the kernels of a server; one that has just ended and is not yet waited for is none."""
    found = []
    for child in psutil.Process(process.pid).children():
        with contextlib.suppress(psutil.Error):
            found += [child] if "ipykernel_launcher" in " ".join(child.cmdline()) else []
    return found


@pytest.fixture(scope="module")
def app():
    process, address = serve(sessions=30, memory=700)
    yield process, address
    end(process)


@pytest.fixture(scope="module")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        engine = driver.chromium.launch(executable_path=chromium, args=CLOSED)
        yield engine
        engine.close()


@pytest.fixture(scope="module")
def watched(app, browser):
    """Return a function that opens a page of the app and listens to it, and what was heard."""
    address, asked, errors = app[1], [], []

    def open_(language):
        page = browser.new_page()
        page.on("request", lambda r: asked.append(r.url))
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.goto(f"{address}/voila/render/{language}.ipynb")
        page.wait_for_function("document.querySelectorAll('svg.marks').length >= 3", timeout=60_000)
        page.wait_for_function("document.querySelectorAll('table').length >= 1")
        return page

    return open_, asked, errors


@pytest.fixture(scope="module")
def first(watched):
    """Return the first page of each language, which tests that only look at it share."""
    pages = {}

    def of(language):
        if language not in pages:
            pages[language] = watched[0](language)
        return pages[language]

    yield of
    for page in pages.values():
        page.close()


@pytest.fixture
def opened(app, watched, first):
    """Return a function that gives a page, the first one or anew; only the app's own server may be asked."""
    open_, asked, errors = watched
    mine = []

    def give(language, anew=False):
        page = open_(language) if anew else first(language)
        if anew:
            mine.append(page)
        page.set_viewport_size({"width": 1280, "height": 2600})
        assert errors == []
        return page

    yield give
    for page in mine:
        page.close()
    errors.clear()
    own = (app[1], app[1].replace("http", "ws"), "data:", "blob:")
    assert [url for url in asked if not url.startswith(own)] == []


@pytest.mark.parametrize(
    ("language", "lang", "heading"), [("en", "en", "Compare two places"), ("zh", "zh-Hans", "两地对比")]
)
def test_four_comparisons_answer_to_the_keyboard(opened, language, lang, heading):
    page = opened(language)
    assert page.get_attribute("html", "lang") == lang
    assert page.get_by_role("main").get_by_role("heading", name=heading).count() == 1
    assert "kejigai_data" in page.title()
    assert page.get_by_role("link", name="中文" if language == "en" else "English").count() == 1
    assert page.get_by_text("Javascript Error").count() == 0
    menus = page.locator("select:not([multiple])")
    before = page.locator("svg.marks").first.inner_html()
    menus.first.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_function("was => document.querySelector('svg.marks').innerHTML !== was", arg=before)
    table = page.locator("table").last.inner_text()
    case = menus.nth(menus.count() - 2)
    case.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_function("was => [...document.querySelectorAll('table')].pop()?.innerText !== was", arg=table)
    assert page.get_by_text("Javascript Error").count() == 0


@pytest.mark.parametrize("size", some_now([(1920, 1080), (2560, 1440), (1280, 720)], [(1920, 1080)]))
def test_on_a_projector_all_is_large_and_within_reach(opened, size):
    page = opened("en")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.wait_for_timeout(1000)
    page.evaluate("document.getElementById('rendered_cells').scrollTop = 1e6")
    box, last = page.locator("table").last.bounding_box(), page.locator(".jp-Cell").last.bounding_box()
    assert last["y"] + last["height"] <= size[1] + 1
    assert last["x"] + last["width"] <= size[0] + 1
    assert box["x"] + box["width"] <= size[0] + 1
    assert (page.locator("svg.marks").first.bounding_box()["width"] > 900) == (size[0] >= 1600)


def test_on_a_phone_a_wide_chart_scrolls_by_keyboard(opened):
    page = opened("zh")
    wide = page.locator(".jp-RenderedVegaLite[tabindex='0']")
    assert wide.count() == 0
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("select").first.select_option(index=3)
    wide.first.wait_for()


@pytest.mark.parametrize("language", some_now(["en", "zh"], ["zh"]))
def test_axe_finds_no_serious_fault(opened, language):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(opened(language), options={"preload": False}).response["violations"]
    serious = [(v["id"], v["nodes"][0]["html"][:160]) for v in found if v["impact"] in ("serious", "critical")]
    assert serious == []


def test_it_listens_on_this_machine_only_and_sends_a_policy(app):
    process, address = app
    listening = psutil.Process(process.pid).net_connections(kind="inet")
    assert {c.laddr.ip for c in listening if c.status == psutil.CONN_LISTEN} == {"127.0.0.1"}
    with urlopen(address) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "http" not in policy


@pytest.mark.skipif(sys.platform != "linux", reason="limits are read from /proc")
def test_a_kernel_has_its_memory_limit(app, opened):
    process, _ = app
    opened("en")
    limits = [Path(f"/proc/{kernel.pid}/limits").read_text(encoding="utf-8") for kernel in kernels(process)]
    assert limits
    assert all(f"Max data size             {700 * 1024 * 1024}" in limit for limit in limits)


@pytest.mark.parametrize(
    ("language", "said", "again"),
    [pytest.param("en", "idle for long", "Load again", marks=pytest.mark.slow), ("zh", "闲置过久", "刷新页面")],
)
def test_a_reader_whose_kernel_was_killed_is_told_and_the_others_go_on(app, opened, language, said, again):
    other = opened("en", anew=True)
    before = set(kernels(app[0]))
    page = opened(language, anew=True)
    (killed,) = set(kernels(app[0])) - before
    assert page.get_by_role("alert").inner_text() == ""
    killed.kill()
    page.get_by_role("alert").get_by_text(said).wait_for(timeout=20_000)
    charts = other.locator("svg.marks").first.inner_html()
    other.locator("select").first.focus()
    other.keyboard.press("ArrowDown")
    other.wait_for_function("was => document.querySelector('svg.marks').innerHTML !== was", arg=charts)
    assert other.get_by_role("alert").inner_text() == ""
    page.get_by_role("button", name=again).click()
    page.wait_for_function("document.querySelectorAll('svg.marks').length >= 3", timeout=60_000)
    assert page.get_by_role("alert").inner_text() == ""


def test_it_says_when_it_is_full_and_an_idle_place_is_freed(browser):
    process, address = serve(sessions=1, idle=4)
    try:
        page = browser.new_page()
        page.goto(f"{address}/voila/render/en.ipynb")
        page.wait_for_selector("svg.marks", timeout=60_000)
        with pytest.raises(HTTPError) as full:
            urlopen(f"{address}/voila/render/zh.ipynb")
        assert full.value.code == 503
        assert "当前使用人数已达上限" in full.value.read().decode()
        page.close()
        for _ in range(40):
            time.sleep(0.5)
            try:
                urlopen(f"{address}/voila/render/zh.ipynb").close()
                break
            except HTTPError as error:
                if error.code != 503:
                    raise
        else:
            pytest.fail("the place was not freed within 20 s")
    finally:
        end(process)


def test_no_more_than_the_limit_come_in_at_once():
    process, address = serve(sessions=2)

    def come(_):
        try:
            with urlopen(f"{address}/voila/render/en.ipynb") as page:
                return page.status
        except HTTPError as error:
            return error.code

    try:
        with ThreadPoolExecutor(6) as readers:
            assert sorted(readers.map(come, range(6))) == [200, 200, 503, 503, 503, 503]
        assert len(kernels(process)) <= 2
    finally:
        end(process)


@pytest.mark.parametrize(
    ("name", "value"), [("SESSIONS", "abc"), pytest.param("MEMORY", "50", marks=pytest.mark.slow)]
)
def test_a_setting_that_cannot_be_is_told_in_a_line(name, value):
    done = subprocess.run(
        [sys.executable, "-m", "kejigai_data._build.app"],
        cwd=TOP,
        env={**os.environ, f"KEJIGAI_{name}": value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"KEJIGAI_{name}='{value}': it must be a whole number")
    assert "Traceback" not in done.stderr


def test_another_address_is_a_plain_page(app):
    for elsewhere in ("voila/render/none.ipynb", "nowhere", "voila/nowhere/%3Cscript%3E"):
        with pytest.raises(HTTPError) as missing:
            urlopen(f"{app[1]}/{elsewhere}")
        assert missing.value.code == 404
        told = missing.value.read().decode()
        assert "没有这个页面" in told
        assert "nowhere" not in told
        assert "Content-Security-Policy" in missing.value.headers


@pytest.mark.slow
def test_a_page_that_was_asked_for_and_not_opened_holds_no_place(browser):
    """What fetches an address and runs nothing, as the preview of a link does, is no reader."""
    process, address = serve(sessions=1, idle=600, unopened=8)
    try:
        urlopen(f"{address}/voila/render/en.ipynb").read()
        for _ in range(60):
            time.sleep(0.5)
            if not kernels(process):
                break
        assert kernels(process) == []
        page = browser.new_page()
        page.goto(f"{address}/voila/render/zh.ipynb")
        page.wait_for_selector("svg.marks", timeout=60_000)
        page.wait_for_timeout(12_000)
        assert len(kernels(process)) == 1
        page.close()
    finally:
        end(process)


def test_the_other_language_stands_above_the_page_and_over_nothing(opened):
    page = opened("zh")
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("document.querySelector('#rendered_cells').scrollTop = 0")
    link, title = (page.locator(one).first.bounding_box() for one in ("#other a", "#rendered_cells h1"))
    assert link["y"] + link["height"] <= title["y"]
    page.evaluate("document.querySelector('#rendered_cells').scrollTop = 900")
    assert page.locator("#other a").bounding_box()["y"] < 0
