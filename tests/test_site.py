"""The site: every link and anchor, the search, no network, no script from data, the archive."""

import re
import zipfile
from html import unescape
from urllib.parse import unquote

import pandas as pd
import pytest

import kejigai_data as kj
from kejigai_data._build import site
from kejigai_data.classroom.masters import SOLUTION

from .conftest import TOP, some_now
from .test_browser import CLOSED
from .test_exercises import SECRET

pytestmark = pytest.mark.filterwarnings("ignore")
MARKED = re.compile('<span lang="(?:zh-Hans|en)">(.*?)</span>')
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    top = tmp_path_factory.mktemp("site")
    site.write(top)
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
    """Return a function that opens a page; only files may be asked for, nothing may complain."""
    pages, asked, errors = [], [], []

    def open_(name, **options):
        page = browser.new_page(**options)
        pages.append(page)
        page.on("request", lambda r: asked.append(r.url))
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: errors.append(str(e)))
        page.goto((folder / name).as_uri())
        return page

    yield open_
    for page in pages:
        page.close()
    assert [url for url in asked if not url.startswith((folder.as_uri(), "data:"))] == []
    assert errors == []


@pytest.fixture(scope="module")
def first_page(browser, folder):
    """Return the first page in a language, which tests that only search on it share."""
    pages = {}

    def of(code):
        if code not in pages:
            pages[code] = browser.new_page()
            pages[code].goto((folder / code / "index.html").as_uri())
        return pages[code]

    yield of
    for page in pages.values():
        page.close()


def test_every_case_and_variable_has_a_page_in_both_languages(folder):
    for code in ("en", "zh"):
        pages = {path.stem for path in (folder / code / "cases").glob("*.html")}
        assert pages == set(kj.load_cases()["case_id"])
        described = {path.stem for path in (TOP / "kejigai_data" / "codebook" / code).glob("*.md")}
        assert {path.stem for path in (folder / code / "codebook").glob("*.html")} == described


def test_links_and_anchors_lead_somewhere(folder):
    texts = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}
    ids = {path: set(re.findall(r'\bid="([^"]+)"', text)) for path, text in texts.items()}
    lost = []
    for path, text in texts.items():
        for address in map(unescape, re.findall(r'<a [^>]*href="([^"]+)"', text)):
            if address.startswith(("http://", "https://")):
                continue
            file, _, place = address.partition("#")
            target = (path.parent / file).resolve() if file else path
            if target.suffix != ".html":
                found = target.exists()
            else:
                found = target in texts and (not place or unquote(place) in ids[target])
            if not found:
                lost.append((str(path.relative_to(folder)), address))
    assert lost == []


def test_a_case_page_shows_every_value_source_and_disagreement(folder):
    for code in ("en", "zh"):
        kj.use(code)
        for case in ("c001", "c014", "c032"):
            page = MARKED.sub(r"\1", (folder / code / "cases" / f"{case}.html").read_text(encoding="utf-8"))
            assert f'<html lang="{"en" if code == "en" else "zh-Hans"}">' in page
            for layer in ("article", "record"):
                for row in kj.widgets.evidence_table(case, layer).rows:
                    for cell in row[1:]:
                        assert str(site.Markup.escape(cell)) in page
            evidence = kj.show_evidence(case)
            # What one cites: each row has an address of its own, and no source stands there that no row names.
            assert set(re.findall(r'<tr id="([ve]\d+)">', page)) == set(evidence["row_id"])
            assert set(re.findall(r'<dt id="(\w+)">', page)) == set(evidence["source_id"].dropna())
            rules = evidence["rule"].dropna().unique()
            assert len(rules)
            assert all(f"({rule})</td>" in page for rule in rules)


@pytest.mark.parametrize(
    ("code", "words", "first", "many"),
    [
        ("en", "henan ACADEMY", "Henan", 1),
        ("en", "河南 省科学院", "Henan", 1),
        ("zh", "河南 科学院", "河南", 1),
        ("zh", "ｓｈｅｎｚｈｅｎ", "深圳", 2),
        ("zh", "合署办公", "合署办公", 2),
        ("en", "initiative", "nitiative", 3),
        ("zh", "河南科学院", "河南", 2),
        ("en", "reorganization", "reorganised", 3),
        ("en", "regulations", "egulation", 3),
        ("en", "双牵头", "eading group", 1),
        ("en", "newton.com", "newton.com", 1),
        ("zh", "s056", "珠海", 1),
        ("zh", "上海 2020年1月20日", "上海", 1),
        ("en", "上海 2020-01-20", "Shanghai", 1),
        ("en", "上海 2020.1.20", "Shanghai", 1),
        ("zh", "上海 2020/1/20", "上海", 1),
        ("zh", "2020 年 1 月 20 日", "上海", 1),
        ("en", "2020-1-20", "Shanghai", 1),
        ("en", "20 January 2020", "Shanghai", 1),
        ("zh", "Jan. 20, 2020", "上海", 1),
        ("en", "20th of January 2020", "Shanghai", 1),
        ("en", "Shanghai January 20", "Shanghai", 1),
        ("zh", "上海 20 Jan", "上海", 1),
        ("zh", "上海 2020.01", "上海", 1),
        ("en", "Shanghai January 2020", "Shanghai", 1),
    ],
)
def test_search_finds_in_both_languages(first_page, folder, code, words, first, many):
    page = first_page(code)
    page.get_by_role("searchbox").fill(words)
    hits = page.locator("#hits a")
    assert hits.count() >= many
    assert first in hits.first.text_content()
    found = (folder / code / hits.first.get_attribute("href").partition("#")[0]).resolve()
    assert found.exists()
    assert found.parent.name in ("cases", "codebook", code)


@pytest.mark.parametrize(
    ("code", "typed"),
    [
        ("zh", ["河南 省科学院", "河南，省科学院", "河南、省科学院", "《河南》省科学院。"]),
        ("en", ["henan academy", '"Henan" academy', "Henan, academy", "academies; Henan!", "(academy) henan"]),
        ("en", ["Party Committee's", "Party Committee’s", "party committees"]),
        ("en", ["laboratory", "laboratories"]),
        ("en", ["city", "Cities"]),
        ("en", ["law", "laws"]),
        ("en", ["process", "processes"]),
        ("en", ["Beijing-Tianjin-Hebei", "Beijing–Tianjin–Hebei"]),
        ("zh", ["知识产权 证券化", "知识产权/证券化", "知识产权＋证券化"]),
        ("en", ["2021-05-26", "2021-05-26."]),
        ("en", ["2020-01", "2020-1", "2020.1", "January 2020"]),
        ("en", ["20 January 2020", "20th January 2020", "January 20th, 2020"]),
        ("zh", ["上海 1月20日", "上海 1 月 20 日"]),
        ("en", ["22 April 2020", "2020-04-22", "22 April, 2020", "2020, April 22", "Apr. 22, 2020"]),
    ],
)
def test_search_does_not_stumble_over_punctuation_or_number(first_page, code, typed):
    page = first_page(code)
    found = []
    for words in typed:
        page.get_by_role("searchbox").fill(words)
        found.append((page.get_by_role("status").text_content(), page.locator("#hits a").all_text_contents()))
    assert found[0][1]
    assert found == found[:1] * len(typed)


def test_a_month_is_found_in_dates_too(first_page):
    """A reference has (2020, April 22), a note 15 July."""
    page = first_page("en")
    for words, least in (("July", 30), ("January", 20), ("2020 July", 10), ("22 April 2020", 2)):
        page.get_by_role("searchbox").fill(words)
        said = page.get_by_role("status").text_content()
        assert int(re.search(r"\d+", said)[0]) >= least, words


@pytest.mark.parametrize("code", ["en", "zh"])
def test_a_day_without_a_year_is_no_part_of_another_date(first_page, code):
    """10月9日 is not in 2010-09-17, and 11月6日 not in an address that holds 1111-06."""
    page = first_page(code)
    for month, day in ((10, 9), (9, 1), (11, 12), (12, 1), (11, 6)):
        hits = page.evaluate(f"ranked([fold('{month}月{day}日')]).map(one => JSON.stringify(one.entry))")
        form = rf"(?<!\d)\d{{4}}[-./年]0?{month}[-./月]0?{day}(?!\d)|(?<!\d)0?{month}月0?{day}[日号]"
        name = ["September", "October", "November", "December"][month - 9]
        form += rf"|(?<!\d){day} {name}|{name} {day}(?!\d)"
        assert [hit for hit in hits if not re.search(form, hit)] == []


def test_search_shows_all_on_demand_and_cases_before_their_sources(opened):
    page = opened("en/index.html")
    page.get_by_role("searchbox").fill("organisation")
    hits, more = page.locator("#hits a"), page.get_by_role("button", name="Show all")
    assert hits.count() == 40
    more.press("Enter")
    assert hits.count() > 40
    assert not more.is_visible()
    assert page.evaluate("document.activeElement.closest('#hits') !== null")
    page.get_by_role("searchbox").fill("Zhuhai")
    kinds = page.locator("#hits li").all_text_contents()
    first_source = next((at for at, text in enumerate(kinds) if text.endswith(" source")), len(kinds))
    assert not [text for text in kinds[first_source:] if text.endswith((" case", " glossary"))]


def test_search_puts_near_hits_after_exact_ones_and_outlives_going_back(opened):
    page = opened("zh/index.html")
    page.get_by_role("searchbox").fill("知识产权证券化")
    hits = page.locator("#hits a")
    named = hits.all_text_contents()
    # The values of Shanghai's and Shenzhen's cases have two letters between.
    assert [at for at, text in enumerate(named) if "(c034)" in text] < [
        at for at, text in enumerate(named) if "(c033)" in text
    ]
    number = hits.count()
    hits.first.press("Enter")
    page.wait_for_load_state()
    assert page.locator("h1").count() == 1
    page.go_back()
    page.wait_for_function("number => document.querySelectorAll('#hits a').length === number", arg=number)
    assert page.get_by_role("searchbox").input_value() == "知识产权证券化"


def test_from_a_lesson_one_comes_back_to_the_site(opened):
    page = opened("lessons/zh/01_legal.html")
    page.get_by_role("link", name="首页").click()
    assert page.url.endswith("/zh/index.html")
    assert page.get_by_role("searchbox").count() == 1


def test_no_mark_for_the_generator_is_left_on_a_page(folder):
    for path in folder.rglob("*.html"):
        assert "&lt;!--" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize(
    ("code", "other", "foreign"),
    [("en", "zh", "[\u4e00-\u9fff]"), ("zh", "en", "(?<![/.\\w])[a-z]+( [a-z]{2,}){3}")],
)
def test_what_is_in_the_other_language_is_marked(opened, code, other, foreign):
    unmarked = """([foreign, other]) => { const found = [];
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (walk.nextNode()) { const node = walk.currentNode, at = node.parentElement;
        if (new RegExp(foreign, 'i').test(node.data) && !at.closest('script, style, option')
            && !at.closest('[lang]').lang.startsWith(other)) found.push(node.data.slice(0, 40)); }
      return [found, document.querySelectorAll(`main [lang^=${other}]`).length]; }"""
    marked = 0
    lessons = [f"../lessons/{code}/{name}" for name in ("01_legal", "04_forces")]
    for name in ("cases/c001", "cases/c029", "codebook/mechanism", "glossary", *lessons):
        found, some = opened(f"{code}/{name}.html").evaluate(unmarked, [foreign, other])
        assert found == []
        marked += some
    assert marked > 10


def test_search_says_when_it_finds_nothing_and_takes_markup_as_words(opened):
    page = opened("zh/index.html")
    page.get_by_role("searchbox").fill(EVIL)
    assert "没有找到" in page.get_by_role("status").text_content()
    page.get_by_role("searchbox").fill("")
    assert page.get_by_role("status").text_content() == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "name",
    some_now(
        ["index", "en/index", "zh/index", "en/cases/c032", "zh/cases/c014", "zh/codebook/action", "en/glossary"],
        ["index", "zh/index", "en/cases/c032", "zh/codebook/action"],
    ),
)
def test_axe_finds_no_serious_fault(opened, name, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = opened(f"{name}.html", color_scheme=scheme, bypass_csp=True)
    if name.endswith("/index") and "/" in name:
        page.get_by_role("searchbox").fill("a" if name.startswith("en") else "院")
    found = Axe().run(page, options={"preload": False}).response["violations"]
    serious = [(v["id"], v["nodes"][0]["html"][:160]) for v in found if v["impact"] in ("serious", "critical")]
    assert serious == []


@pytest.mark.parametrize("name", ["en/index", "zh/cases/c014", "zh/glossary", "en/codebook/mechanism"])
def test_a_phone_scrolls_tables_and_not_the_page(opened, name):
    page = opened(f"{name}.html", viewport={"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_no_answers_are_published(folder):
    for path in folder.rglob("*"):
        if path.suffix in (".html", ".js"):
            text = path.read_text(encoding="utf-8")
            assert not SECRET.search(text), path
            assert not SOLUTION.search(text), path


def test_the_archive_is_flat_and_readable(folder):
    with zipfile.ZipFile(folder / site.ARCHIVE) as archive:
        names = archive.namelist()
        assert not any("/" in name for name in names)
        assert {
            "cases.csv",
            "cases.dta",
            "codings.csv",
            "kejigai_data.xlsx",
            "sources.bib",
            "CITATION.cff",
            "LICENSE",
        } <= set(names)
        assert len({entry.CRC for entry in archive.infolist()}) == len(names)
        about = archive.read("README.txt").decode("utf-8-sig")
        tables = {name.removesuffix(".csv") for name in names if name.endswith(".csv")}
        assert all(
            f"  {name} (" in about for name in tables if not name.startswith(("cases_wide", "cases_labelled"))
        )
        with archive.open("cases_labelled_zh.csv") as file:
            assert "制定综合性科创法规" in set(pd.read_csv(file)["mechanism"])
        with archive.open("cases.csv") as file:
            assert list(pd.read_csv(file)["case_id"]) == list(kj.load_cases()["case_id"])
        with archive.open("cases.dta") as file:
            assert len(pd.read_stata(file)) == len(kj.load_cases())


def test_an_address_that_is_not_one_is_not_a_link():
    for address in ("javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "//evil.example", None, ""):
        assert site.address_of(address) == ""


def test_values_with_markup_are_text_in_every_page(browser, tmp_path):
    name = {"title": EVIL, "summary": EVIL, "facts": [(EVIL, EVIL)], "borne_out": EVIL}
    rows = [(EVIL, [dict.fromkeys(site.EVIDENCE, EVIL)])]
    layers = dict.fromkeys(("article", "record", "followup"), rows)
    shown = {"case": "c001", "layers": layers, "columns": [("source_id", EVIL), (EVIL, EVIL)], "cited": {EVIL}}
    lists = {
        "conflicts": False,
        "sources": [(EVIL, EVIL, site.address_of("https://x.example/\"onclick='alert(1)"))],
    }
    terms = [{f"{key}_{code}": EVIL for key in ("term", "gloss", "caution") for code in ("en", "zh")}]
    home = {"lessons": [("a", EVIL)], "case_heads": [EVIL], "cases": [[EVIL, EVIL]], "variables": [("a", EVIL)]}
    pages = {
        "case": {**name, **shown, **lists},
        "glossary": {"title": EVIL, "terms": terms},
        "home": {"title": EVIL, **home, "archive": "a.zip", "size": "1 MB"},
    }
    for template, values in pages.items():
        page = site.environment().get_template(f"site/{template}.html.j2")
        text = page.render(**{**site.shared("en", "../", "../x.html"), **values})
        path = tmp_path / f"{template}.html"
        # Without the policy, so that the escaping is tested and not what stands behind it.
        path.write_text(re.sub(r"<meta http-equiv[^>]*>", "", text), encoding="utf-8")
        tab = browser.new_page()
        called = []
        tab.on("dialog", lambda dialog, called=called: (called.append(dialog.message), dialog.dismiss()))
        tab.goto(path.as_uri())
        assert tab.locator("img, main script, [onclick], [onerror]").count() == 0
        assert called == []
        tab.close()
