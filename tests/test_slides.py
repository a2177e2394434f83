"""The lessons as decks: every slide whole at 1280 × 720, notes, no network, keyboard."""

import re
from html import unescape

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe

from kejigai_data._build import slides

from .conftest import TOP, some_now
from .test_browser import CLOSED
from .test_handouts import MENUS

pytestmark = pytest.mark.filterwarnings("ignore")
NAMES = [f"{path.parent.name}/{path.stem}" for path in sorted((TOP / "notebooks").glob("*/*.ipynb"))]
# What of the present slide, steps shown, lies outside the screen or is cut by its own box.
CUT = """() => {
  const at = Reveal.getCurrentSlide();
  at.querySelectorAll('.fragment').forEach(one => one.classList.add('visible'));
  const spilt = [...at.querySelectorAll('pre')].filter(e => e.scrollWidth > e.clientWidth + 1);
  const outside = [...at.querySelectorAll('.fit, .fit *')]
    .filter(e => !e.closest('defs, [hidden], select'))
    .filter(e => { const b = e.getBoundingClientRect();
      return b.width > 0 && (b.right > 1281 || b.bottom > 721 || b.left < -1 || b.top < -1); });
  return [...outside, ...spilt].map(e => e.outerHTML.slice(0, 90));
}"""


# Words of tables on the present slide that are torn over two lines.
TORN = r"""() => { const torn = [], range = document.createRange();
  for (const cell of Reveal.getCurrentSlide().querySelectorAll('td, th')) {
    const walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) for (const found of walk.currentNode.data.matchAll(/[A-Za-z]{3,}/g)) {
      range.setStart(walk.currentNode, found.index);
      range.setEnd(walk.currentNode, found.index + found[0].length);
      if (new Set([...range.getClientRects()].map(box => box.top)).size > 1) torn.push(found[0]);
    }
  }
  return torn; }"""
# How far the text of a slide without a table or a chart was made smaller, to be read from the back.
SMALLEST = """() => Math.min(1, ...[...document.querySelectorAll('.fit')]
  .filter(f => !f.querySelector('table, pre:not(.said), pre.aligned, svg'))
  .map(f => parseFloat(f.style.fontSize || '1')))"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    top = tmp_path_factory.mktemp("slides")
    slides.write(top)
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
    """Return a function that opens a deck; only files may be asked for, nothing may complain."""
    contexts, asked, errors = [], [], []

    def open_(name, how=""):
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        contexts.append(context)
        context.on("request", lambda r: asked.append(r.url))
        page = context.new_page()
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: errors.append(str(e)))
        page.goto((folder / f"{name}.html").as_uri() + how)
        page.wait_for_selector("body[data-ready]")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith((folder.as_uri(), "data:", "blob:", "about:"))] == []
    assert errors == []


@pytest.mark.parametrize("name", some_now(NAMES, NAMES[2::5]))
def test_every_slide_is_whole_filled_and_legible(opened, name):
    page = opened(name)
    total = page.evaluate("Reveal.getTotalSlides()")
    assert total > 10
    for at in range(total):
        page.evaluate(f"Reveal.slide({at})")
        assert (at, page.evaluate(CUT)) == (at, [])
        assert (at, page.evaluate(TORN)) == (at, [])
        text = page.evaluate("Reveal.getCurrentSlide().querySelector('.fit').innerText.trim()")
        charts = page.locator("section.present svg.marks")
        assert text or charts.count()
        for chart in charts.all():
            assert chart.bounding_box()["width"] > 300
    assert page.evaluate(SMALLEST) >= 0.7
    silent = "[...document.querySelectorAll('aside.notes')].filter(e => !e.textContent.trim()).length"
    assert page.evaluate(silent) == 0, "a slide without speaker notes"
    assert page.get_attribute("html", "lang") == ("zh-Hans" if name.startswith("zh") else "en")


@pytest.mark.parametrize(("name", "rows"), [("en/07_outlook", 18), ("zh/07_outlook", 18), ("en/04_forces", 7)])
def test_a_table_that_finds_no_room_goes_on_to_the_next_slide(opened, name, rows):
    page = opened(name)
    word = {"en": "(continued)", "zh": "（续）"}[name[:2]]
    slides = page.evaluate(
        "Reveal.getSlides().map(s => [s.querySelector('caption,h2')?.textContent ?? '', "
        "s.querySelectorAll('tbody tr').length, s.querySelector('.more') !== null])"
    )
    parts = [at for at, (title, _, _) in enumerate(slides) if word in title]
    assert parts
    whole = [
        sum(slides[at][1] for at in range(first - 1, first + 3) if at == first - 1 or at in parts)
        for first in parts
    ]
    assert rows in whole
    assert not any(slides[at][2] for at in (*parts, parts[0] - 1))


def test_links_lead_to_files_that_are_there(folder):
    for path in sorted(folder.rglob("*.html")):
        for address in re.findall(r'<(?:a|link)[^>]* href="([^"#]+)"', path.read_text(encoding="utf-8")):
            assert address.startswith(("data:,", "https://", "http://")) or (path.parent / address).exists(), (
                address
            )


def test_the_notes_hold_the_whole_text(folder):
    import nbformat

    for name in ("en/02_organisational", "zh/05_factors"):
        page = (folder / f"{name}.html").read_text(encoding="utf-8")
        plain = re.sub(r"<[^>]+>|\s", "", page)
        path = TOP / "notebooks" / f"{name}.ipynb"
        if not path.exists():
            path = next((TOP / "notebooks" / name[:2]).glob(name[3:5] + "*.ipynb"))
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type != "markdown":
                continue
            for block in re.split(r"\n\s*\n", cell.source):
                if block.startswith(("#", ">", "-", "|")) or re.search(r"[<\[`&*]", block):
                    continue
                assert re.sub(r"\s", "", block) in plain


@pytest.mark.parametrize("name", ["en/08_researcher", "zh/00_start_here"])
def test_a_lesson_on_code_shows_it(folder, name):
    deck = unescape(re.sub("<[^>]+>", "", (folder / f"{name}.html").read_text(encoding="utf-8")))
    notebook = nbformat.read(TOP / "notebooks" / f"{name}.ipynb", as_version=4)
    cells = [c for c in notebook.cells if c.cell_type == "code" and "notes" not in c.metadata.get("tags", [])]
    assert [cell.source for cell in cells if cell.source not in deck] == []
    other = (folder / "en" / "02_organisational.html").read_text(encoding="utf-8")
    assert "import kejigai_data" not in other


def test_arrow_keys_go_on_and_an_answer_comes_second(opened):
    page = opened("en/02_organisational")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("Reveal.getIndices().h") == 1
    at = page.evaluate("Reveal.getSlides().findIndex(s => s.querySelector('.answer'))")
    page.evaluate(f"Reveal.slide({at})")
    answer = page.locator("section.present .answer").first
    assert answer.evaluate("e => getComputedStyle(e).opacity") == "0"
    page.keyboard.press("Space")
    page.wait_for_function("getComputedStyle(document.querySelector('section.present .answer')).opacity === '1'")


def at_a_menu(opened):
    """Return a deck at its first slide with a menu, the number of the slide, and the menu."""
    page = opened("en/01_legal")
    at = page.evaluate("Reveal.getSlides().findIndex(s => s.querySelector('select'))")
    page.evaluate(f"Reveal.slide({at})")
    return page, at, page.locator("section.present select").first.element_handle()


def test_in_a_menu_the_keys_choose_and_do_not_turn_the_slide(opened):
    page, at, menu = at_a_menu(opened)
    menu.focus()
    before, drawn = menu.input_value(), page.locator("section.present svg.marks").first.inner_html()
    page.keyboard.press("ArrowDown")
    page.wait_for_function(
        "was => document.querySelector('section.present svg.marks').innerHTML !== was", arg=drawn
    )
    assert menu.input_value() != before
    page.keyboard.press("s")
    assert page.evaluate("Reveal.getIndices().h") == at
    assert len(page.context.pages) == 1
    # A clicker turns the slide all the same, and chooses nothing.
    chosen = menu.input_value()
    page.keyboard.press("PageDown")
    assert page.evaluate("Reveal.getIndices().h") == at + 1
    page.keyboard.press("PageUp")
    assert (page.evaluate("Reveal.getIndices().h"), menu.input_value()) == (at, chosen)
    menu.evaluate("e => e.blur()")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("Reveal.getIndices().h") == at + 1


def test_a_menu_of_a_slide_that_the_mouse_opened_is_left_with_the_choice(opened):
    page, at, menu = at_a_menu(opened)
    menu.click()
    menu.select_option(index=1)
    chosen = menu.input_value()
    page.keyboard.press("ArrowRight")
    assert (page.evaluate("Reveal.getIndices().h"), menu.input_value()) == (at + 1, chosen)
    page.keyboard.press("ArrowLeft")
    # Opened and left without a choice.
    menu.click()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    assert (page.evaluate("Reveal.getIndices().h"), menu.input_value()) == (at + 1, chosen)


@pytest.mark.parametrize(
    ("name", "lead", "then"),
    [
        ("zh/01_legal", "可在后两种程序中择一：", "经济特区"),
        ("zh/05_factors", "发现。", "长期使用权"),
        ("en/06_across", "Choose and notice:", "Keep three names"),
        ("en/00_start_here", "The course at a glance", "what is a case"),
    ],
)
def test_what_a_slide_announces_stands_on_it(folder, name, lead, then):
    page = (folder / f"{name}.html").read_text(encoding="utf-8")
    bodies = [
        re.sub(r"<aside.*?</aside>|<[^>]+>", "", part, flags=re.DOTALL) for part in page.split("<section")[1:]
    ]
    assert any(lead in body and then in body for body in bodies)


def test_the_references_of_a_lesson_are_spoken_at_its_end(folder):
    page = (folder / "en" / "08_researcher.html").read_text(encoding="utf-8")
    last = re.sub(r"<[^>]+>", "", page.split("<aside")[-1])
    assert "Regulation of Shanghai Municipality" in last


def test_the_speaker_view_opens_with_the_notes(opened):
    page = opened("zh/01_legal")
    page.keyboard.press("ArrowRight")
    with page.context.expect_page() as waiting:
        page.keyboard.press("s")
    view = waiting.value
    view.wait_for_function(
        "document.querySelector('.speaker-controls-notes .value')?.textContent.trim().length > 20"
    )


def test_a_deck_is_printed_a_slide_a_page_with_margins(opened):
    page = opened("zh/01_legal", "?print-pdf")
    page.wait_for_selector(".pdf-page")
    margins = page.eval_on_selector_all(
        ".pdf-page .fit", "all => all.map(f => f.getBoundingClientRect().left - f.closest('.pdf-page').offsetLeft)"
    )
    assert len(margins) > 30
    assert set(margins) == {64}
    paper = page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox \[([\d. ]+)\]", paper)
    assert len(boxes) == len(margins)
    assert set(boxes) == {b"0 0 960 540"}


@pytest.mark.parametrize("name", some_now(NAMES, ["zh/06_across"]))
def test_axe_finds_no_serious_fault(opened, name):
    page = opened(name)
    for at in range(0, page.evaluate("Reveal.getTotalSlides()"), 4):
        page.evaluate(f"Reveal.slide({at})")
        found = Axe().run(page, options={"preload": False}).response["violations"]
        serious = [(v["id"], v["nodes"][0]["html"][:160]) for v in found if v["impact"] in ("serious", "critical")]
        assert (at, serious) == (at, [])


def test_the_speaker_view_speaks_the_language_of_the_deck(opened):
    page = opened("zh/01_legal")
    with page.expect_popup() as popped:
        page.keyboard.press("s")
    view = popped.value
    view.wait_for_function("document.querySelector('.speaker-controls-notes .value').innerText.length > 10")
    said = view.inner_text("body")
    assert "下一页" in said
    assert "讲稿" in said
    assert not [
        word for word in ("Upcoming", "Notes", "Reset", "Layout", " AM", " PM") if word.lower() in said.lower()
    ]
    assert page.locator(".resume-button").text_content() == "继续放映"
    # The lecturer's hands are on this window, or on a clicker.
    view.bring_to_front()
    view.wait_for_function("document.querySelectorAll('iframe').length === 2")
    for slide in view.frames[1:]:
        slide.wait_for_selector("body[data-ready]")
    for at, key in enumerate(("ArrowRight", "PageDown", "Space"), start=1):
        view.keyboard.press(key)
        page.wait_for_function(f"Reveal.getIndices().h === {at}")
    # Who comes to its menu and its notes by keyboard works them by keyboard; a clicker turns in the menu too.
    view.focus("select")
    view.keyboard.press("ArrowDown")
    assert view.input_value("select") == "wide"
    view.keyboard.press("PageUp")
    page.wait_for_function("Reveal.getIndices().h === 2")
    assert view.input_value("select") == "wide"
    view.evaluate("document.querySelector('.speaker-controls-notes .value').style.height = '2000px'")
    view.focus("#speaker-controls")
    view.keyboard.press("PageDown")
    view.wait_for_function("document.querySelector('#speaker-controls').scrollTop > 0")
    assert page.evaluate("Reveal.getIndices().h") == 2
    # Who clicks on timer or notes, or chooses from the menu by mouse, goes on turning.
    view.click(".speaker-controls-time")
    view.keyboard.press("PageDown")
    page.wait_for_function("Reveal.getIndices().h === 3")
    view.click("select")
    view.keyboard.press("ArrowDown")
    view.keyboard.press("Enter")
    assert view.input_value("select") == "tall"
    view.keyboard.press("ArrowLeft")
    page.wait_for_function("Reveal.getIndices().h === 2")
    view.keyboard.press("ArrowRight")
    page.wait_for_function("Reveal.getIndices().h === 3")
    view.select_option("select", "default")
    # Opened by mouse and left without a choice.
    view.click("select")
    view.keyboard.press("Escape")
    view.keyboard.press("ArrowLeft")
    page.wait_for_function("Reveal.getIndices().h === 2")
    view.keyboard.press("ArrowRight")
    page.wait_for_function("Reveal.getIndices().h === 3")
    assert view.input_value("select") == "default"
    # A click on the preview turns nothing.
    box = view.locator("#upcoming-slide").bounding_box()
    view.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    view.keyboard.press("ArrowRight")
    page.wait_for_function("Reveal.getIndices().h === 4")
    found = Axe().run(view, options={"preload": False, "iframes": False}).response["violations"]
    serious = [(v["id"], v["nodes"][0]["html"][:160]) for v in found if v["impact"] in ("serious", "critical")]
    assert serious == []


def test_on_a_phone_a_link_leads_to_its_slide(browser, folder):
    page = browser.new_page(viewport={"width": 390, "height": 700})
    page.goto((folder / "zh" / "01_legal.html").as_uri() + "#/10")
    page.wait_for_selector("body[data-ready]")
    assert page.evaluate("Reveal.getIndices().h") == 10
    assert page.evaluate("Reveal.isScrollView()") is False
    page.close()


@pytest.mark.parametrize("name", ["en/01_legal", "en/06_across", "en/07_outlook"])
def test_no_menu_is_too_narrow_for_its_choices(opened, name):
    page = opened(name)
    assert [box for box in page.evaluate(MENUS) if box["needs"] > box["has"]] == []
