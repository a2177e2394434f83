"""Every shipped chart: drawn alike by old and new Vega-Lite, described, in both languages."""

import json
import re
from functools import cache
from itertools import cycle

import pandas as pd
import pytest
import vl_convert

import kejigai_data as kj
from kejigai_data import charts, render

from .conftest import some_now

COUNTS = pd.DataFrame(
    {
        "reference": ["provincial_regulation", "provincial_regulation", "undecidable"],
        "own": ["provincial_regulation", "government_rule", "plan"],
        "n": [5, 2, 1],
    }
)
FOUND = pd.DataFrame(
    {
        "place_id": ["370100", "370200", "370300", "370400"],
        "adopted_earliest": ["2020-03-01", "2021-01-01", None, "2022-12-31"],
        "adopted_latest": ["2020-03-01", "2021-12-31", "2022-06-30", None],
    }
)
PAIRS = kj.adoption(FOUND, at_risk=[*FOUND["place_id"], "370500"])
CHARTS = {
    "tile_map": lambda: charts.tile_map(kj.load_cases()),
    "tile_map of one dimension": lambda: charts.tile_map(kj.load_cases().query("dimension == 'legal'")),
    "list_forms": lambda: charts.list_forms(kj.load_cases()),
    "evidence_status": charts.evidence_status,
    "route_steps": charts.route_steps,
    "route_timeline": lambda: charts.route_timeline(["c003", "c002"]),
    "route_timeline of a decision": lambda: charts.route_timeline(["c006"]),
    "waiting_days": charts.waiting_days,
    "mechanisms_named": lambda: charts.mechanisms_named(["310000", "110000", "changsanjiao"]),
    "mechanisms_named against a region": lambda: charts.mechanisms_named(["310000", "eastern"]),
    "confusion": lambda: charts.confusion(COUNTS, "form"),
    "mechanisms_dated": lambda: charts.mechanisms_dated(["party_decision_body", "dual_headed_leading_group"]),
    "argument_map": charts.argument_map,
    "argument_map of a task": lambda: charts.argument_map("task_4"),
    "chance_map": lambda: charts.chance_map(3, 10, 1),
    "choose_argument": charts.choose_argument,
    "choose_chance": charts.choose_chance,
    "choose_mechanisms": charts.choose_mechanisms,
    "choose_places": charts.choose_places,
    "choose_routes": charts.choose_routes,
    "permutation": lambda: charts.permutation(draws=300),
    "founded_and_rounds": charts.founded_and_rounds,
    "heads": charts.heads,
    "before_and_after": lambda: charts.before_and_after(["c029", "c030", "c031", "c032", "c022"]),
    "laboratory_stages": charts.laboratory_stages,
    "factor_pairs": charts.factor_pairs,
    "rights_moved": charts.rights_moved,
    "agreements of one cluster": charts.agreements,
    "agreements of the other": lambda: charts.agreements("changsanjiao"),
    "schema": charts.schema,
    "spread": lambda: charts.spread(PAIRS),
    "verdicts": lambda: charts.verdicts("1.3"),
    "timeline of a dimension": lambda: charts.timeline(kj.chronicle("force_building", layer="record")),
    "timeline of the national frame": lambda: charts.timeline(kj.chronicle("national")),
    "timeline of the article's bounds": lambda: charts.timeline(kj.chronicle("legal", layer="article")),
    "timeline of what came after": lambda: charts.timeline(kj.chronicle(layer="followup")),
}
BOTH = [(name, lang) for name in CHARTS for lang in ("en", "zh")]
each = pytest.mark.parametrize("name", list(CHARTS))
both = pytest.mark.parametrize("lang", ["en", "zh"])


def spec_of(name, lang):
    return json.loads(written(name, lang))


@cache
def written(name, lang):
    kj.use(lang)
    spec = CHARTS[name]().to_dict()
    spec.pop("$schema")
    return json.dumps(spec)


@cache
def drawn(name, lang):
    return vl_convert.vegalite_to_svg(written(name, lang), vl_version="6.4")


def shapes(svg):
    """Paths, bars and texts with rounded numbers: what one sees, not how it is written."""
    svg = re.sub(r"-?\d+\.\d+", lambda m: str(round(float(m[0]))), svg)
    return re.findall(r"<path[^>]* d=\"([^\"]*)\"|<text[^>]*>([^<]*)</text>", svg)


def datasets(spec):
    """All rows a chart draws: named datasets and inline values."""
    inline = [layer["data"]["values"] for layer in spec.get("layer", ()) if "values" in layer.get("data", {})]
    return [*spec.get("datasets", {}).values(), *inline]


@pytest.mark.parametrize("chart", some_now(BOTH, list(zip(CHARTS, cycle(["en", "zh"])))[::2]), ids="-".join)
def test_oldest_vega_lite_5_and_6_draw_the_same(chart):
    name, lang = chart
    old = vl_convert.vegalite_to_svg(written(name, lang), vl_version="5.8")
    new = drawn(name, lang)
    assert [t for _, t in shapes(old)] == [t for _, t in shapes(new)]
    assert len(shapes(old)) == len(shapes(new)) > 5


@each
@both
def test_title_and_description_are_there_in_the_language(name, lang):
    spec = spec_of(name, lang)
    title = spec["title"]["text"]
    # What a menu changes is put together in the page.
    title = "".join(re.findall('"([^"]*)"', title["expr"])) if isinstance(title, dict) else title
    assert title
    assert len(spec["description"]) > len(title)
    assert bool(re.search("[\u4e00-\u9fff]", title)) == (lang == "zh")


@each
@both
def test_no_null_reaches_a_chart_and_no_label_is_rotated(name, lang):
    spec = spec_of(name, lang)
    for rows in datasets(spec):
        assert rows
        for row in rows:
            assert all(value is not None and value != "nan" for value in row.values()), row
    text = json.dumps(spec)
    assert not re.search(r'"labelAngle": -?[1-9]', text)
    assert spec["config"]["axisY"]["titleAngle"] == 0


@each
def test_every_label_fits_the_picture(name):
    """Nothing of the drawing may lie outside the picture (cut labels)."""
    for lang in ("en", "zh"):
        width = float(re.search(r'width="([\d.]+)"', drawn(name, lang))[1])
        # A column of JupyterLab on a projector of 1280 pixels, its side bar open.
        assert 200 < width < 848, (name, lang, width)


def test_chinese_characters_draw_as_different_glyphs():
    def picture(text):
        spec = {"mark": {"type": "text", "font": render.FONT, "fontSize": 40}, "data": {"values": [{}]}}
        spec["encoding"] = {"text": {"value": text}}
        return vl_convert.vegalite_to_png(json.dumps(spec), vl_version="6.4")

    if picture("鑫") == picture("猋"):
        import os

        message = "no Chinese font here: install one (Debian: apt install fonts-noto-cjk)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)


def test_renderer_emits_what_jupyterlab_bundles_and_no_random_name():
    chart = CHARTS["tile_map"]()
    first, second = (c._repr_mimebundle_() for c in (chart, CHARTS["tile_map"]()))
    assert set(first) == {render.MIME, "text/plain"}
    assert first == second
    assert first["text/plain"] == chart.to_dict()["description"]
    assert first[render.MIME]["$schema"].endswith("v5.json")
    assert "jsdelivr" not in json.dumps(first)


def test_the_map_has_all_34_units_and_does_not_rank():
    spec = spec_of("tile_map", "zh")
    rows = max(datasets(spec), key=len)
    assert len(rows) == 34
    assert "n" not in rows[0]
    states = {row["name"]: row["what"] for row in rows}
    assert states["河北"] == "未点名"
    assert states["安徽"] == "仅其城市被点名"
    assert states["山东"] == "文章点名"


def test_steps_show_absence_and_failed_search_apart():
    spec = spec_of("route_steps", "en")
    rows = max(datasets(spec), key=len)
    assert {row["state"] for row in rows} == {"dated", "not applicable", "searched, not found"}
    approved = [row["shown"] for row in rows if row["step"].replace("|", " ") == "Approved by province"]
    assert sorted(approved) == ["2021-03-18"] + ["–"] * 6


def test_waiting_days_are_those_of_the_calendar():
    rows = max(datasets(spec_of("waiting_days", "en")), key=len)
    days = {row["case"]: row["days"] for row in rows}
    gap = pd.Timestamp("2021-07-01") - pd.Timestamp("2020-12-30")
    assert days["Guangzhou: City regulation"] == gap.days


def test_colours_of_dimensions_differ_for_colour_blind_readers():
    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in render.DIMENSIONS.values():
        assert 1.05 / (luminance(colour) + 0.05) > 3, colour
    assert len(set(render.DIMENSIONS.values())) == len(render.DIMENSIONS)


def test_titles_can_be_given_as_a_pair():
    kj.use("zh")
    chart = charts.list_forms(kj.load_cases(), title=("Open", "开放"), description=("a", "甲"))
    assert chart.to_dict()["title"]["text"] == "开放"


def test_no_ink_is_left_to_a_dark_page():
    """JupyterLab's dark theme gives charts white letters wherever we name no colour."""
    config = render.theme()["config"]
    assert config["background"] == "#FFFFFF"
    inks = [config["axis"][k] for k in ("labelColor", "titleColor")]
    inks += [config["legend"][k] for k in ("labelColor", "titleColor")]
    inks += [config["header"]["labelColor"], config["title"]["color"], config["text"]["color"]]
    assert set(inks) == {render.INK}
    assert {"gridColor", "domainColor", "tickColor"} <= set(config["axis"])


def test_spread_keeps_certain_and_possible_apart():
    spec = spec_of("spread", "en")
    band = {row["day"]: (row["least"], row["most"]) for row in datasets(spec)[0]}
    # One unit has no row, one only an upper bound: both may have adopted from the beginning.
    assert band["2020-03-01"] == (1, 3)
    assert band["2021-12-31"] == (2, 4)
    assert band["2022-12-31"] == (3, 5)
    for row in datasets(spec)[1]:
        assert 0 <= row["units"] <= 5


def test_schema_draws_every_join_of_its_tables_in_words():
    spec = spec_of("schema", "en")
    shown = {row["text"] for rows in datasets(spec) for row in rows if row.get("kind") == "head"}
    keys = [f for table in shown for f in kj.loading.schema()[table] if f.foreign_key]
    assert len(keys) > 20
    for key in keys:
        assert f"{key.table}.{key.name} → {key.foreign_key.split('.')[0]}" in spec["description"]


def spoken(name, lang):
    """Return what a screen reader is given of a chart's marks, axes and legends."""
    kj.use(lang)
    spec = render.bundle({"$schema": "", **spec_of(name, lang)})[render.MIME]
    svg = vl_convert.vegalite_to_svg(json.dumps(spec), vl_version="6.4")
    return re.findall(r'aria-label="([^"]*)"', svg)


@each
def test_no_colour_or_bare_coordinate_is_read_aloud(name):
    for text in spoken(name, "zh"):
        assert not re.search(r"#[0-9A-F]{6}|\bx: |\bstrength: ", text), text
        assert not re.search("(^|; )[a-z_0-9]+: ", text), "the name of a field"
        # What Vega says of axes, legends and titles is English in every language.
        assert not re.search(r"axis|legend|[Tt]itle", text), text


@pytest.mark.parametrize(
    ("name", "lang", "text"),
    [
        ("route_steps", "en", "Shanghai: Province-level regulation, Adopted: 2020-01-20"),
        ("route_steps", "zh", "上海：省级地方性法规，省级批准：不适用"),
        ("tile_map", "zh", "辽宁：仅其城市被点名"),
        ("confusion", "en", "Province-level regulation, Government rule: 2"),
        ("mechanisms_named", "zh", "制定综合性科创法规，上海：2020-01-20"),
    ],
)
def test_a_cell_says_where_it_stands_and_what_it_says(name, lang, text):
    assert text in spoken(name, lang)
    assert not [one for one in spoken(name, lang) if one.startswith(("X-axis", "Y-axis"))]


def test_confusion_of_two_readings_leaves_nothing_out():
    pairs = [("foo", "pilot"), ("pilot", "pilot"), ("(silent)", "pilot")]
    rows = [(who, n, "stage", pair[k]) for n, pair in enumerate(pairs) for k, who in enumerate("ab")]
    sets = [("a", 1, "factors", "technology;capital"), ("b", 1, "factors", "technology;labour")]
    for given, variable, number in ((rows, "stage", 3), (sets, "factors", 1)):
        frame = kj.charts.confusion(
            pd.DataFrame(given, columns=["reading", "unit", "variable", "value"]), variable
        )
        shown = [row["shown"] for data in datasets(frame.to_dict())[:1] for row in data]
        assert sum(int(text) for text in shown if text.isdigit()) == number
