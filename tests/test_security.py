"""Hostile text from a user's file or from data stays text: in tables, reports, charts, pages and decks."""

import json
import re
import subprocess
import sys

import nbformat
import pandas as pd
import pytest

import kejigai_data as kj
from kejigai_data._build import handouts, slides
from kejigai_data.classroom.feedback import class_page, student_page
from kejigai_data.classroom.grading import Answer, Grade
from kejigai_data.classroom.submissions import Problem
from kejigai_data.render import MIME, bundle
from kejigai_data.tabular import Table

from .conftest import some_now
from .test_browser import CLOSED

pytestmark = [pytest.mark.alone, pytest.mark.filterwarnings("ignore")]
EVIL = (
    "</script><script>window.ran=1</script><img src=x onerror='window.ran=1'>"
    "<a href='javascript:window.ran=1'>x</a>"
)
MADE = "img[src=x], a[href^=javascript], a[*|href^='javascript'], main script:not([type='application/json'])"


@pytest.fixture(scope="module")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        engine = driver.chromium.launch(executable_path=chromium, args=CLOSED)
        yield engine
        engine.close()


@pytest.fixture
def harmless(browser, tmp_path):
    """Return a function that opens HTML without any policy and tells whether something of it ran."""

    def look(html, then=lambda page: None):
        path = tmp_path / "page.html"
        path.write_text(re.sub(r"<meta http-equiv[^>]*>", "", html), encoding="utf-8")
        page = browser.new_page(viewport={"width": 1000, "height": 700})
        page.goto(path.as_uri())
        then(page)
        page.wait_for_timeout(200)
        ran, made = page.evaluate("window.ran"), page.locator(MADE).count()
        page.close()
        assert (ran, made) == (None, 0)

    return look


def test_the_probe_itself_would_be_noticed(harmless):
    with pytest.raises(AssertionError):
        harmless(f"<main>{EVIL}</main>")


def test_tables_of_anybody_s_values(harmless):
    frame = pd.DataFrame({"title": [EVIL], EVIL: [EVIL], "n": [1]})
    harmless(f"<main>{kj.table(frame, caption=EVIL)._repr_html_()}</main>")


def test_what_a_sheet_said_and_what_was_wrong_with_it(harmless, tmp_path):
    path = tmp_path / "mine.csv"
    kj.coding_sheet(str(path))
    columns = list(pd.read_csv(path, encoding="utf-8-sig", nrows=0).columns)
    pd.DataFrame([[EVIL] * len(columns)], columns=columns).to_csv(path, index=False)
    cases, changes = kj.read_coding_sheet(str(path))
    assert len(cases) == 1
    problems = kj.validate(cases)
    assert problems.astype(str).apply(lambda row: "<script>" in " ".join(row), axis=1).any()
    for frame in (cases, changes, problems):
        if len(frame):
            harmless(f"<main>{kj.table(frame)._repr_html_()}</main>")


def test_what_folds_out_below_a_table_is_text(harmless, monkeypatch):
    monkeypatch.setattr("kejigai_data.tabular.references", lambda sources, style: {EVIL: EVIL})
    html = Table(["a"], [["b"]], "", [EVIL])._repr_html_()
    assert "<details" in html
    harmless(f"<main>{html}</main>")


# Run in a process of its own: our tables themselves are spoilt, before anything has read them.
SPOILT = """
import json, sys
evil, language, home = sys.argv[1:]
import kejigai_data as kj
from kejigai_data import laboratory, loading
words = ("title", "summary", "comment", "note", "label", "definition")
words += ("gloss", "caution", "reason", "text", "what", "apa", "gb7714", "bibtex")
loading.catalogue(), loading.schema()
lines = loading._lines
def spoilt(path):
    read = lines(path)
    header = next(read)
    yield header
    for row in read:
        yield [f"{cell} {evil}" if cell and name.startswith(words) else cell for name, cell in zip(header, row)]
loading._lines = spoilt
kj.use(language)
names = ["compare_routes", "evidence_browser", "timeline", "compare_places", "compare_mechanisms"]
names += ["named_on_the_map", "argument_browser", "later_browser", "simulated_selection"]
opened = [getattr(kj.widgets, name)() for name in names]
shown = [one.result._repr_html_() for one in opened if hasattr(one.result, "_repr_html_")]
charts = [one.result.to_dict() for one in opened if hasattr(one.result, "to_dict")]
desk = laboratory.start(home + "/answers.csv", "training")
ahead = [desk]
while ahead:
    part = ahead.pop()
    ahead += getattr(part, "children", ())
    if hasattr(part, "description_allow_html"):
        assert not part.description_allow_html
    if type(part).__name__ == "HTML":
        shown.append(part.value)
shown += [kj.table(kj.load_cases())._repr_html_(), kj.show_evidence("c032").to_html()]
json.dump({"shown": shown, "charts": charts}, sys.stdout)
"""


@pytest.mark.parametrize("language", some_now(["en", "zh"], ["zh"]))
def test_widgets_over_data_that_somebody_spoilt(harmless, language, tmp_path):
    command = [sys.executable, "-X", "utf8", "-c", SPOILT, EVIL, language, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert sum("&lt;script&gt;" in html for html in told["shown"]) >= 5
    harmless(f"<main>{''.join(told['shown'])}</main>")
    spoilt = [chart for chart in told["charts"] if "<script>" in json.dumps(chart)]
    assert len(spoilt) >= 3
    for number, chart in enumerate(spoilt):
        folder = tmp_path / str(number) / language
        folder.mkdir(parents=True)
        nbformat.write(notebook_of(chart), folder / "99_safe.ipynb")
        drawn = handouts.page(folder / "99_safe.ipynb", f"<script>{handouts.vega()}</script>")
        harmless(
            drawn, lambda page: page.wait_for_selector("figure[data-drawn] svg.marks, figure[data-drawn] canvas")
        )


def test_reports_on_a_class(harmless):
    answers = (Answer(EVIL, 0, 1, "wrong", EVIL),)
    grades = [Grade(EVIL, EVIL, "en", EVIL, answers, 1.0)]
    harmless(student_page(grades[0]))
    harmless(class_page(grades, [Problem(EVIL, EVIL, EVIL)]))


def test_an_article_of_anybody_s(harmless, tmp_path):
    path = tmp_path / "article.txt"
    path.write_text(f"{EVIL}\n\n{EVIL}\n", encoding="utf-8")
    try:
        shown = kj.Article.read(str(path)).highlight("c032")._repr_html_()
    except kj.KejigaiError as error:
        shown = str(kj.table(pd.DataFrame({"told": [str(error)]}))._repr_html_())
    harmless(f"<main>{shown}</main>")


def notebook_of(chart):
    outputs = [
        nbformat.v4.new_output("display_data", data=bundle(chart)),
        nbformat.v4.new_output("stream", text=EVIL),
        nbformat.v4.new_output("display_data", data={"text/plain": EVIL}),
        nbformat.v4.new_output(
            "display_data", data={"text/html": kj.table(pd.DataFrame({"a": [EVIL]}))._repr_html_()}
        ),
    ]
    cells = [nbformat.v4.new_markdown_cell("# 99 · Safe"), nbformat.v4.new_code_cell("1", outputs=outputs)]
    return nbformat.v4.new_notebook(cells=cells)


CHART = {
    "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
    "width": 400,
    "height": 200,
    "description": EVIL,
    "title": EVIL,
    "data": {"values": [{"a": EVIL, "to": "javascript:window.ran=1"}]},
    "mark": {"type": "bar", "height": 150},
    "encoding": {
        "y": {"field": "a", "type": "nominal", "title": EVIL},
        "tooltip": {"field": "a", "title": EVIL},
        "href": {"field": "to"},
    },
}


def hover_and_click(page):
    page.wait_for_selector("figure[data-drawn] .mark-rect path", state="attached")
    bar = page.locator("figure[data-drawn] .mark-rect path").first
    bar.hover(force=True)
    page.wait_for_selector("#vg-tooltip-element.visible")
    assert "<script>" in page.locator("#vg-tooltip-element").inner_text()
    bar.click(force=True)


def test_charts_in_a_handout_with_tooltip_and_link(harmless, tmp_path):
    (tmp_path / "en").mkdir()
    path = tmp_path / "en" / "99_safe.ipynb"
    nbformat.write(notebook_of(CHART), path)
    html = handouts.page(path, f"<script>{handouts.vega()}</script>")
    assert MIME in nbformat.read(path, as_version=4).cells[1].outputs[0].data
    harmless(html, hover_and_click)


def test_charts_in_a_deck(browser, tmp_path):
    slides.write_shared(tmp_path / "deck")
    (tmp_path / "deck" / "en").mkdir()
    path = tmp_path / "en" / "99_safe.ipynb"
    path.parent.mkdir()
    nbformat.write(notebook_of(CHART), path)
    target = tmp_path / "deck" / "en" / "99_safe.html"
    target.write_text(re.sub(r"<meta http-equiv[^>]*>", "", slides.page(path)), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(target.as_uri())
    page.wait_for_selector("body[data-ready]")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(200)
    assert (page.evaluate("window.ran"), page.locator(MADE.rsplit(",", 1)[0]).count()) == (None, 0)
    page.close()
