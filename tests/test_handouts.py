"""The lessons as pages: one file each, drawn in a browser whose network is closed."""

import re
from itertools import combinations

import pytest

import kejigai_data as kj
from kejigai_data._build import handouts
from kejigai_data.chance import simulate_naming
from kejigai_data.followups import item_name
from kejigai_data.loading import records
from kejigai_data.words import word

from .conftest import TOP, some_now
from .test_browser import CLOSED

pytestmark = pytest.mark.filterwarnings("ignore")
NAMES = [f"{path.parent.name}/{path.stem}" for path in sorted((TOP / "notebooks").glob("*/*.ipynb"))]
ALL_DRAWN = (
    "document.querySelectorAll('figure.chart').length > 0 && "
    "document.querySelectorAll('figure.chart:not([data-drawn])').length === 0"
)
# What each menu is wide, and what its longest choice needs: a copy of the menu, as wide as it likes.
MENUS = """[...document.querySelectorAll('.chart select')].map((menu) => {
  const free = menu.cloneNode(true);
  free.style.cssText = 'max-width: none; position: absolute';
  menu.after(free);
  const found = {needs: Math.floor(free.offsetWidth), has: menu.offsetWidth, name: menu.name};
  free.remove();
  return found;
})"""
# A change is drawn before the next frame but one, however busy the machine is.
DRAWN_ANEW = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the handouts, and under beside/ the same that share one script."""
    top = tmp_path_factory.mktemp("handouts")
    handouts.write(top, shared=False)
    handouts.write(top / "beside", shared=True)
    (top / "index.html").write_text(handouts.index(), encoding="utf-8")
    return top


@pytest.fixture(scope="module")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        engine = driver.chromium.launch(executable_path=chromium, args=CLOSED)
        yield engine
        engine.close()


@pytest.fixture
def opened(browser, folder):
    """Return a function that opens a page; nothing but files may have been asked for, nothing complained."""
    pages, asked, errors = [], [], []

    def open_(name, drawn=True, **options):
        page = browser.new_page(**options)
        pages.append(page)
        page.on("request", lambda r: asked.append(r.url))
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: errors.append(str(e)))
        path, _, place = name.partition("#")
        page.goto(f"{(folder / path).as_uri()}#{place}")
        if drawn:
            page.wait_for_function(ALL_DRAWN)
        return page

    yield open_
    for page in pages:
        page.close()
    assert [url for url in asked if not url.startswith((folder.as_uri(), "data:"))] == []
    assert errors == []


def test_a_lesson_is_small_alone_and_smaller_beside_a_shared_script(folder):
    for name in NAMES:
        assert (folder / f"{name}.html").stat().st_size < 1_500_000
        assert (folder / "beside" / f"{name}.html").stat().st_size < 400_000


@pytest.mark.parametrize("name", some_now(NAMES, NAMES[1::4]))
def test_every_chart_is_drawn_without_a_network(opened, name):
    page = opened(f"{name}.html", viewport={"width": 1100, "height": 900})
    described = page.eval_on_selector_all(
        "figure.chart [role=graphics-document]", "all => all.map(one => one.getAttribute('aria-label') || '')"
    )
    assert described
    assert all(len(text) > 20 for text in described)
    assert page.get_attribute("html", "lang") == ("zh-Hans" if name.startswith("zh") else "en")


@pytest.mark.parametrize("name", some_now(NAMES, NAMES[::6]))
def test_print_keeps_within_a4(opened, name):
    page = opened(f"beside/{name}.html", viewport={"width": 680, "height": 960})
    page.emulate_media(media="print")
    wide = page.evaluate(
        "[...document.querySelectorAll('main *')].filter(e => !e.closest('svg, details:not([open])'))"
        ".filter(e => e.getBoundingClientRect().right > 681).map(e => e.outerHTML.slice(0, 80))"
    )
    assert wide == []
    assert page.locator(".chart select:visible").count() == 0
    paper = page.pdf(prefer_css_page_size=True)
    boxes = {tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox \[([\d. ]+)\]", paper)}
    assert all(abs(box[2] - 595) < 1.5 and abs(box[3] - 842) < 1.5 for box in boxes)
    assert len(boxes) == 1


def test_on_paper_answers_are_open_and_on_the_screen_folded_again(opened):
    page = opened("beside/en/01_legal.html")
    count = "document.querySelectorAll('details[open]').length"
    assert page.evaluate(count) == 0
    page.evaluate(f"addEventListener('beforeprint', () => {{ window.printed = {count}; }})")
    page.pdf(prefer_css_page_size=True)
    assert page.evaluate("window.printed") == page.locator("details").count() > 3
    page.wait_for_function(f"{count} === 0")


@pytest.mark.parametrize("name", ["en/03_functional", "zh/06_across"])
def test_on_a_phone_charts_keep_their_size_and_scroll_by_keyboard(opened, name):
    page = opened(f"beside/{name}.html", viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for figure in page.locator("figure.chart").all():
        svg = figure.locator("svg.marks")
        assert svg.bounding_box()["width"] >= float(svg.get_attribute("width")) - 1
        assert (figure.get_attribute("tabindex") == "0") == figure.evaluate("e => e.scrollWidth > e.clientWidth")
    for menu in page.locator("select").all():
        assert menu.evaluate("e => e.getBoundingClientRect().right") < 380


def test_a_long_table_scrolls_in_its_own_box(opened):
    page = opened("beside/en/01_legal.html", viewport={"width": 1280, "height": 900})
    assert max(box.bounding_box()["height"] for box in page.locator(".table").all()) < 900


def test_a_page_opens_at_once_even_on_a_busy_machine(opened):
    page = opened("en/06_across.html")
    page.reload()
    page.wait_for_function(ALL_DRAWN)
    assert page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd") < 3000


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("en/01_legal", "Zhuhai"),
        ("zh/03_functional", "奖励"),
        ("en/06_across", "Tianjin"),
        ("zh/06_across", "天津"),
    ],
)
def test_the_menus_compare_without_a_kernel(opened, name, given):
    page = opened(f"{name}.html")
    figure = page.locator("figure.chart", has=page.locator("option", has_text=given)).first
    menu = figure.locator("select").nth(1)
    label = next(text for text in menu.locator("option").all_text_contents() if given in text)
    before = figure.locator("svg").inner_html()
    menu.focus()
    menu.select_option(label=label)
    page.evaluate(DRAWN_ANEW)
    after = figure.locator("svg").inner_html()
    # Heard as well as seen.
    said = page.get_by_role("status").text_content()
    assert re.search(rf"\w[:：] ?{re.escape(label)}", said)
    assert figure.locator(".role-title-text").first.text_content() in said
    assert after != before
    assert label.split(":")[0] in after


@pytest.mark.parametrize("name", ["en/02_organisational", "zh/01_legal"])
def test_another_choice_has_no_date_twice_on_its_axis_and_is_read_with_its_places(opened, name):
    page = opened(f"{name}.html")
    figure = page.locator("figure.chart", has=page.locator("select")).first
    first, second = figure.locator("select").all()
    read = "all => all.map(one => one.textContent)"
    for one, two in combinations(range(0, first.locator("option").count(), 4), 2):
        first.select_option(index=one)
        second.select_option(index=two)
        page.evaluate(DRAWN_ANEW)
        shown = figure.locator(".role-axis-label text").evaluate_all(read)
        dates = [text for text in shown if re.fullmatch("[0-9-]+", text or "")]
        assert len(set(dates)) == len(dates)
        spoken = figure.locator(".role-mark.mark-text [aria-label]").evaluate_all(
            "all => all.map(one => one.getAttribute('aria-label'))"
        )
        assert all("：" in text or ": " in text for text in spoken[2:])
        assert len(set(spoken)) == len(spoken) > 2


@pytest.mark.parametrize(("name", "unseen"), [("en/06_across", "never named"), ("zh/06_across", "从未被点名")])
def test_chance_is_drawn_anew_without_a_kernel(opened, name, unseen):
    """The menus of the page give what Python gives: the same units, named and not."""
    page = opened(f"{name}.html")
    figure = page.locator("figure.chart", has_text=unseen).first
    assert figure.locator("select").count() == 3
    for named, lists, author in (("3", "10", "1"), ("10", "20", "12"), ("1", "1", "2"), ("7", "4", "5")):
        for menu, value in zip(figure.locator("select").all(), (named, lists, author), strict=True):
            menu.select_option(label=value)
        page.evaluate(DRAWN_ANEW)
        drawn = simulate_naming(int(named), int(lists), int(author))
        kj.use(name[:2])
        places = kj.load_places().set_index("place_id")
        names = set(places.loc[drawn["place_id"].unique(), "short_zh" if name[:2] == "zh" else "name_en"])
        told = figure.locator("svg .mark-text path, svg .mark-text text").evaluate_all(
            "all => all.map(one => one.getAttribute('aria-label') || '')"
        )
        joint = "：" if name[:2] == "zh" else ": "
        said = dict(one.split(joint) for one in told if joint in one)
        assert len(said) == 34
        assert {place for place, state in said.items() if state == word("named_by_chance", name[:2])} == names
        assert str(31 - len(names)) in figure.locator("svg .role-title-text").text_content()


@pytest.mark.parametrize("name", ["en/07_outlook", "zh/07_outlook"])
def test_the_argument_is_walked_without_a_kernel(opened, name):
    kj.use(name[:2])
    page = opened(f"{name}.html")
    figure = page.locator("figure.chart", has=page.locator("select"))
    item = next(one for one in records("agenda") if one["code"] == "measure_3_2")
    figure.locator("select").select_option(label=item_name(item))
    page.evaluate(DRAWN_ANEW)
    fills = figure.locator("svg .mark-rect path").evaluate_all("all => all.map(one => one.getAttribute('fill'))")
    assert sorted(fills.count(colour) for colour in ("#1B4F72", "#D4E6F1")) == [1, 1]
    assert item[f"summary_{name[:2]}"][:20] in figure.locator("svg").first.text_content()


@pytest.mark.parametrize("name", ["en/07_outlook", "zh/07_outlook"])
def test_each_item_opens_what_came_after_it(opened, name):
    kj.use(name[:2])
    page = opened(f"{name}.html")
    folds = page.locator("details.choice")
    items = list(dict.fromkeys(kj.load_followups()["item"]))
    assert folds.locator("> summary").all_inner_texts() == items
    assert page.locator("details.choice[open] > summary").all_inner_texts() == [items[0]]
    for fold, item in zip(folds.all(), items, strict=True):
        if fold.get_attribute("open") is None:
            fold.locator("> summary").press("Enter")
        later = kj.load_followups()
        assert fold.locator("tbody tr:visible").count() == (later["item"] == item).sum()


def test_code_is_shown_on_demand_and_by_address(opened):
    page = opened("en/00_start_here.html")
    assert page.locator(".code:visible").count() == 0
    page.keyboard.press("Tab")
    page.get_by_label("Show the code").press("Space")
    assert page.locator(".code:visible").count() > 5
    other = opened("en/00_start_here.html#code")
    assert other.locator(".code:visible").count() > 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", some_now([*NAMES, "index"], ["en/01_legal", "zh/06_across", "index"]))
def test_axe_finds_no_serious_fault(opened, name, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = opened(f"{name}.html", drawn=name != "index", color_scheme=scheme)
    page.add_style_tag(content=".code { display: block !important }")
    found = Axe().run(page).response["violations"]
    serious = [(v["id"], v["nodes"][0]["html"][:160]) for v in found if v["impact"] in ("serious", "critical")]
    assert serious == []


def test_links_lead_to_files_that_are_there(folder):
    for path in sorted(folder.rglob("*.html")):
        if "beside" in path.parts:
            continue
        for address in re.findall(r'href="([^"#]+)"', path.read_text(encoding="utf-8")):
            away = address == "data:," or address.startswith(("https://", "http://"))
            assert away or (path.parent / address).exists(), address


def test_nothing_from_data_is_inserted_as_markup(tmp_path):
    import nbformat

    evil = "</script><script>alert(1)</script>"
    chart = {"mark": "bar", "description": evil, "data": {"values": [{"a": evil}]}}
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# 99 · " + evil),
            nbformat.v4.new_code_cell(
                "1",
                outputs=[
                    nbformat.v4.new_output("display_data", data={handouts.MIME: chart, "text/plain": evil}),
                    nbformat.v4.new_output("stream", text=evil),
                    nbformat.v4.new_output("display_data", data={"text/plain": evil}),
                ],
            ),
        ]
    )
    (tmp_path / "en").mkdir()
    nbformat.write(notebook, tmp_path / "en" / "99_evil.ipynb")
    body = handouts.page(tmp_path / "en" / "99_evil.ipynb", "")
    outside_prose = re.sub(r'<section class="prose">.*?</section>', "", body, flags=re.DOTALL)
    assert "<script>alert" not in outside_prose


@pytest.mark.parametrize("name", ["en/01_legal", "en/06_across", "en/07_outlook"])
def test_no_menu_is_too_narrow_for_its_choices(opened, name):
    page = opened(f"beside/{name}.html", viewport={"width": 1280, "height": 900})
    assert [box for box in page.evaluate(MENUS) if box["needs"] > box["has"]] == []


def test_on_a_phone_columns_of_text_stay_columns(opened):
    page = opened("beside/en/08_researcher.html", viewport={"width": 390, "height": 844})
    frame = page.locator("pre.said", has_text="earliest").first
    assert frame.evaluate("e => getComputedStyle(e).whiteSpace") == "pre"
    assert frame.evaluate("e => e.scrollWidth > e.clientWidth && e.tabIndex === 0")
