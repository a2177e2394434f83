"""The public names: what they return, and what they say when something is wrong."""

import csv
import os
import re
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import kejigai_data as kj
from kejigai_data.codebook import MORE
from kejigai_data.loading import catalogue, records, schema

PANDAS_KINDS = {"integer": "Int64", "number": "Float64", "boolean": "boolean", "day": "datetime64[us]"}


def run(code, **options):
    return subprocess.run([sys.executable, *options.pop("flags", []), "-c", code], capture_output=True, **options)


def test_import_is_light():
    heavy = "pandas|numpy|pathlib|typing|importlib.metadata"
    code = f"import sys; import kejigai_data; print([m for m in '{heavy}'.split('|') if m in sys.modules])"
    done = run(code, flags=["-S", "-E"], cwd=os.path.dirname(os.path.dirname(kj.__file__)), text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_every_public_name_resolves_and_none_is_a_module_by_accident():
    for name in kj.__all__:
        value = getattr(kj, name)
        assert value is not None
        if name not in ("charts", "widgets", "chance", "exercise", "laboratory", "errors"):
            assert callable(value), name


def test_unknown_attribute_says_where_to_look():
    with pytest.raises(AttributeError, match="dir"):
        _ = kj.load_case


@pytest.mark.parametrize("name", list(catalogue()))
def test_every_table_loads_with_the_dtypes_of_the_field_list(name):
    frame = kj.load(name)
    assert list(frame.columns) == [f.name for f in schema()[name]]
    assert len(frame) == kj.tables().set_index("table").loc[name, "rows"]
    for field in schema()[name]:
        assert str(frame[field.name].dtype) == PANDAS_KINDS.get(field.type, "string"), field


def test_frames_are_fresh():
    for make in (kj.load_cases, kj.load_events, kj.load_places, kj.load_glossary, lambda: kj.load("codes")):
        first = make()
        first.iloc[0, 0] = "changed"
        del first[first.columns[1]]
        assert make().iloc[0, 0] != "changed"


def test_documented_columns_and_dtypes_are_the_real_ones():
    table = re.compile(r"(\w+) {2,}(ordered category|\S+) +")
    rows = (table.match(line.strip()) for line in kj.load_cases.__doc__.splitlines())
    listed = {row[1]: row[2] for row in rows if row and row[1] != "column"}
    frame = kj.load_cases()
    listed = {name: kind for name, kind in listed.items() if name in frame.columns}
    assert list(listed) == list(frame.columns)
    for name, kind in listed.items():
        real = str(frame[name].dtype)
        if real == "category" and frame[name].cat.ordered:
            real = "ordered category"
        assert real == kind, name


def test_labels_in_both_languages():
    for lang in ("zh", "en"):
        frame = kj.load_cases(lang=lang)
        assert len(frame) == len(kj.load_cases())
        codes = {c["code"] for c in records("codes") if c["variable"] == "stage"}
        assert not set(frame["stage"].dropna()) & codes


def test_categories_have_display_order_and_only_ordinal_ones_are_ordered():
    frame = kj.load_cases()
    assert list(frame["stage"].cat.categories) == ["proposed", "planned", "pilot", "in_operation", "ended"]
    assert frame["stage"].cat.ordered
    assert not frame["mechanism"].cat.ordered


def test_status_columns():
    frame = kj.load_cases(status=True)
    assert set(frame["mechanism_status"]) == {"stated"}
    assert frame.loc[frame["case_id"] == "c060", "dimension_status"].item() == "not_applicable"
    assert frame.loc[frame["case_id"] == "c060", "dimension"].isna().item()


def test_record_layer_has_the_legal_dates():
    frame = kj.load_cases("record").set_index("case_id")
    shenzhen = frame.loc["c002"]
    assert shenzhen["adopted_earliest"] == shenzhen["adopted_latest"] == pd.Timestamp("2020-08-26")
    assert frame.loc["c010", "adopted_latest"] is pd.NaT


def test_two_regulations_of_one_province_took_different_routes():
    events = kj.load_events().query("layer == 'record' and event_type == 'approved'").set_index("case_id")
    assert events.loc["c002", "status"] == "not_applicable"
    assert events.loc["c003", "date"].iloc[0] == "2021-03-18"


def test_join_indicator_keeps_rows_and_says_what_there_is():
    cases = kj.load_cases()
    joined = kj.join_indicator(cases, "rd_intensity", 2020)
    assert joined["case_id"].tolist() == cases["case_id"].tolist()
    assert joined.loc[joined["province_id"].isna(), "rd_intensity"].isna().all()
    with pytest.raises(kj.SelectionError, match="2012 to 2023"):
        kj.join_indicator(cases, "rd_intensity", 1999)
    with pytest.raises(kj.UnknownNameError, match="rd_intensity"):
        kj.join_indicator(cases, "rd_intensit", 2020)


def test_explode_and_members():
    frame = kj.load_cases()
    exploded = kj.explode(frame, "factors")
    assert set(exploded["factors"].dropna()) <= {"technology", "labour", "capital", "data"}
    assert "data" not in set(exploded["factors"].dropna())
    delta = frame[frame["place_id"] == "changsanjiao"].head(1)
    assert set(kj.members(delta)["province_id"]) == {"310000", "320000", "330000", "340000"}
    assert set(kj.members(delta, date="2016-12-31")["province_id"]) == {"310000", "320000", "330000", "340000"}
    with pytest.raises(kj.SelectionError, match="no members"):
        kj.members(delta, date="1990-01-01")
    with pytest.raises(kj.SelectionError, match="date"):
        kj.members(delta, date="yesterday")
    assert len(kj.members(delta, date=pd.Timestamp("2020-01-01"))) == 4


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("Xizang", "540000"),
        ("Tibet", "540000"),
        ("Macau", "820000"),
        ("Guangdong Province", "440000"),
        ("Inner Mongolia Autonomous Region", "150000"),
        ("Chongqing Municipality", "500000"),
        ("Beijing-Tianjin-Hebei", "jingjinji"),
        ("G60", "g60_corridor"),
        ("11.0", "110000"),
        (11.0, "110000"),
    ],
)
def test_find_place_takes_other_usual_spellings(value, place):
    assert kj.find_place(value).place_id == place


@pytest.mark.parametrize("value", ["深圳", "深圳市", "Shenzhen", "shenzhen ", "440300", 440300])
def test_find_place_takes_any_usual_name(value):
    assert kj.find_place(value).place_id == "440300"


def test_shanxi_names_both():
    with pytest.raises(kj.UnknownPlaceError) as caught:
        kj.find_place("Shanxi")
    assert "山西" in str(caught.value)
    assert "陕西" in str(caught.value)
    assert kj.find_place("Shaanxi").place_id == "610000"
    assert kj.find_place("山西").place_id == "140000"


def test_province_code():
    codes = kj.province_code(
        pd.Series([11, 110000.0, "北京", "北京市", "Beijing", None, "深圳"], index=list("abcdefg"))
    )
    assert codes.tolist()[:5] == ["110000"] * 5
    assert pd.isna(codes["f"])
    assert codes["g"] == "440000"
    with pytest.raises(kj.UnknownPlaceError, match="Atlantis"):
        kj.province_code(pd.Series(["北京", "Atlantis"]))
    with pytest.raises(kj.UnknownPlaceError, match="members"):
        kj.province_code(pd.Series(["京津冀"]))


BAD = [
    (lambda: kj.load("case"), kj.UnknownNameError, "cases"),
    (lambda: kj.load(3), kj.SelectionError, "table must be one piece of text"),
    (lambda: kj.load_cases("articl"), kj.SelectionError, "article"),
    (lambda: kj.load_cases(lang="de"), kj.LanguageError, "zh"),
    (lambda: kj.use("中文"), kj.LanguageError, "zh"),
    (lambda: kj.find_place("Shenzen"), kj.UnknownPlaceError, "Shenzhen"),
    (lambda: kj.describe("mecanism"), kj.UnknownNameError, "mechanism"),
    (lambda: kj.label("stage", "done"), kj.UnknownNameError, "planned"),
    (lambda: kj.label("stag", "planned"), kj.UnknownNameError, "stage"),
    (lambda: kj.show_evidence("c01"), kj.UnknownCaseError, "c001"),
    (lambda: kj.cite("s9999"), kj.UnknownNameError, "source"),
    (lambda: kj.cite("s001", style="mla"), kj.UnknownNameError, "apa"),
    (lambda: kj.Article.read("/no/such/file.txt"), kj.ArticleError, "No such file"),
    (lambda: kj.validate(folder="/no/such/folder"), kj.SelectionError, "folder"),
    (lambda: kj.validate([1, 2]), kj.SelectionError, "must be a frame of pandas"),
    (lambda: kj.validate(pd.DataFrame({"x": [1]})), kj.SelectionError, "coded columns"),
    (lambda: kj.explode(kj.load_cases(), "factor"), kj.UnknownNameError, "factors"),
    (lambda: kj.members(pd.DataFrame({"x": [1]})), kj.UnknownNameError, "place_id"),
    (lambda: kj.table(kj.load_cases(), ["plac"]), kj.UnknownNameError, "place"),
    (lambda: kj.charts.route_timeline(["c010"]), kj.SelectionError, "c010"),
    (lambda: kj.show_evidence("c001", layer="Article"), kj.SelectionError, "'article'"),
    (lambda: kj.show_evidence(["c001"]), kj.SelectionError, "one piece of text"),
    (lambda: kj.load(["cases"]), kj.SelectionError, "one piece of text"),
    (lambda: kj.explode(kj.load_cases(), ["factors"]), kj.SelectionError, "one piece of text"),
    (lambda: kj.explode(kj.load_cases(), "n_instruments"), kj.SelectionError, "no text"),
    (lambda: kj.table(None), kj.SelectionError, "DataFrame"),
    (lambda: kj.table(kj.load_cases(), rows="5"), kj.SelectionError, "whole number"),
    (lambda: kj.table(pd.concat([kj.load_cases()] * 2, axis=1)), kj.SelectionError, "more than once"),
    (lambda: kj.find_place(1.5), kj.UnknownPlaceError, "1.5"),
    (lambda: kj.find_place(-44), kj.UnknownPlaceError, "-44"),
    (lambda: kj.find_place(None), kj.UnknownPlaceError, "a code is wanted"),
    (lambda: kj.province_code(pd.Series([["北京"]])), kj.SelectionError, "each row"),
    (lambda: kj.province_code(pd.Series([1.1])), kj.UnknownPlaceError, "1.1"),
    (lambda: kj.search(1), kj.SelectionError, "text"),
    (lambda: kj.label("list_form", None), kj.SelectionError, "text"),
    (lambda: kj.use(pd.Series(["zh"])), kj.LanguageError, "zh"),
    (lambda: kj.Article(None), kj.SelectionError, "text"),
    (lambda: kj.Article("any text").highlight("c001"), kj.ArticleError, "c001"),
    (lambda: kj.Article.read(True), kj.ArticleError, "path"),
    (lambda: kj.members(kj.load_cases(), date=2019), kj.SelectionError, "date"),
    (lambda: kj.validate(kj.load_cases(), folder="x"), kj.SelectionError, "not both"),
    (lambda: kj.chronicle("organizational"), kj.SelectionError, "organisational"),
    (lambda: kj.chronicle(places=["Shandon"]), kj.UnknownPlaceError, "Shandong"),
    (lambda: kj.chronicle(layer="records"), kj.SelectionError, "record"),
    (lambda: kj.chronicle(places=3), kj.SelectionError, "places"),
    (lambda: kj.charts.timeline(kj.load_cases()), kj.UnknownNameError, "scope"),
    (lambda: kj.charts.timeline(kj.chronicle().head(0)), kj.SelectionError, "chronicle"),
    (lambda: kj.charts.mechanisms_named(["430000"]), kj.SelectionError, "430000"),
    (lambda: kj.charts.mechanisms_named(["Shanghay"]), kj.UnknownPlaceError, "Shanghai"),
    (lambda: kj.charts.mechanisms_dated(["ip_finances"]), kj.UnknownNameError, "ip_finance"),
    (lambda: kj.charts.before_and_after(["c001"]), kj.SelectionError, "c029"),
    (lambda: kj.charts.agreements("greater_bay_area"), kj.SelectionError, "jingjinji"),
    (lambda: kj.charts.verdicts("9.9"), kj.SelectionError, "1.3"),
    (lambda: kj.charts.argument_map("task_9"), kj.UnknownNameError, "task_"),
    (lambda: kj.charts.chance_map(named=40), kj.SelectionError, "31"),
    (lambda: kj.charts.permutation("rd_intensity", 1999), kj.SelectionError, "2012"),
    (lambda: kj.charts.heads(["c999"]), kj.UnknownCaseError, "c0"),
    (lambda: kj.widgets.timeline(places=["x"]), kj.SelectionError, "place"),
    (lambda: kj.widgets.compare_places("430000"), kj.SelectionError, "430000"),
    (lambda: kj.widgets.later_browser("problem_1"), kj.SelectionError, "task_1"),
    (lambda: kj.agreement(kj.own_readings(), resamples=0), kj.SelectionError, "resamples"),
    (lambda: kj.agreement(None), kj.SelectionError, "DataFrame"),
    (lambda: kj.charts.tile_map(None), kj.SelectionError, "DataFrame"),
    (lambda: kj.charts.tile_map(kj.load_cases().iloc[:0]), kj.SelectionError, "at least one row"),
    (lambda: kj.charts.tile_map(kj.load_cases()[["place_id"]]), kj.UnknownNameError, "province_id"),
    (lambda: kj.charts.list_forms(kj.load_cases("record")), kj.SelectionError, "list_form"),
    (lambda: kj.charts.list_forms(kj.load_cases(lang="en")), kj.SelectionError, "codes"),
    (lambda: kj.charts.waiting_days(kj.load_cases().query("case_id == 'c006'")), kj.SelectionError, "both days"),
    (lambda: kj.charts.waiting_days(kj.load_cases().query("case_id == 'c030'")), kj.SelectionError, "c001"),
    (lambda: kj.charts.route_timeline([]), kj.SelectionError, "at least one"),
    (lambda: kj.charts.route_steps(title="Hello"), kj.SelectionError, "pair"),
    (lambda: kj.widgets.compare_routes("c010", "c002"), kj.SelectionError, "c001"),
    (lambda: kj.widgets.evidence_browser("c001", layer="zzz"), kj.SelectionError, "article"),
    (lambda: kj.charts.evidence_status(["stag"]), kj.SelectionError, "stage"),
    (lambda: kj.widgets.evidence_browser("zzz"), kj.UnknownCaseError, "c001"),
    (lambda: kj.agreement(pd.DataFrame({"x": [1]})), kj.SelectionError, "reading"),
]


def test_every_place_is_found_by_its_own_id_and_names():
    for place in records("places"):
        for name in (place["place_id"], place["name_zh"]):
            assert kj.find_place(name).place_id == place["place_id"]


@pytest.mark.parametrize(("call", "error", "hint"), BAD)
def test_bad_input_gets_our_own_error_that_helps(call, error, hint):
    with pytest.raises(error) as caught:
        call()
    assert isinstance(caught.value, kj.KejigaiError)
    assert hint in str(caught.value)
    assert "\\n" not in str(caught.value)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("variable", [*MORE, *(v["variable"] for v in records("variables"))])
def test_every_variable_has_a_page_with_steps_and_worked_cases(variable, lang):
    page = kj.describe(variable, lang=lang)
    assert page.startswith("# ")
    heads = [line for line in page.splitlines() if line.startswith("## ")]
    assert len(heads) >= 2, heads
    if variable != "unit":
        assert "\n1. " in page
    for code in records("codes"):
        if code["variable"] == variable:
            assert f"`{code['code']}`" in page


def test_search_finds_chinese_and_english():
    assert "ownership_reform" in set(kj.search("权属")["id"])
    assert len(kj.search("转化")) > 0
    assert len(kj.search("conversion of nothing at all")) == 0
    with pytest.raises(kj.SelectionError, match="at least one word"):
        kj.search("   ")


def test_layers_do_not_lend_each_other_names():
    for lang in ("en", "zh"):
        article = kj.show_evidence("c001", layer="article", lang=lang)
        assert not article["about"].str.contains("上海市推进|Shanghai|i001").any()
    assert kj.show_evidence("c001", layer="record", lang="en")["about"].str.contains("Shanghai").all()


def test_a_bound_by_rule_is_not_shown_as_stated():
    bound = kj.show_evidence("c030", layer="article").query("value == '../2022'")
    assert bound["status"].tolist() == ["inferred"]
    assert bound["rule"].tolist() == ["T1"]


def test_adoption_in_the_wide_frame_is_that_of_the_lesson():
    frame = kj.load_cases("record").set_index("case_id")
    assert frame.loc["c005", "adopted_latest"] == pd.Timestamp("2021-05-26")
    assert frame.loc["c007", "adopted_latest"] == pd.Timestamp("2020-05-18")
    assert frame.loc["c004", "n_instruments"] == 2
    assert kj.load_cases().set_index("case_id").loc["c004", "n_instruments"] == 1


def test_validate_finds_a_repeated_case():
    frame = kj.load_cases()[["case_id", "place_id", "stage"]]
    assert set(kj.validate(pd.concat([frame, frame]))["rule"]) == {"key"}


def test_show_evidence_marks_conflicts_in_both_layers():
    evidence = kj.show_evidence("c006")
    assert set(evidence.loc[evidence["conflict"].notna(), "layer"]) == {"article", "record"}
    assert kj.show_evidence("c006", layer="record")["layer"].eq("record").all()


def damaged(tmp_path, name, change):
    import shutil

    copy = tmp_path / "data"
    shutil.copytree(os.path.join(os.path.dirname(kj.__file__), "data"), copy)
    path = copy / name
    path.write_bytes(change(path.read_bytes()))
    return kj.validate(folder=str(copy))


DAMAGE = [
    ("codings.csv", lambda b: b.replace(b",in_operation,", b",in operation,", 1), "vocabulary", "value"),
    ("codings.csv", lambda b: b.replace(b",s002,", b",s9999,", 1), "foreign_key", "source_id"),
    ("codings.csv", lambda b: b.replace(b",s002,", b",,", 1), "source", "source_id"),
    ("codings.csv", lambda b: b.replace(b",inferred,C", b",inferred,,C", 1), "file", ""),
    ("events.csv", lambda b: b.replace(b",2021-11-25,", b",2021-02-29,", 1), "date", "date"),
    ("events.csv", lambda b: b.replace(b",2021-11-25,", b",2021-11-26,", 1), "interval", "earliest"),
    ("cases.csv", lambda b: b.replace("上海".encode(), "上海".encode("gbk"), 1), "file", ""),
    ("cases.csv", lambda b: b.replace(b"c002,", b"c001,", 1), "key", "case_id"),
    ("cases.csv", lambda b: b.replace(b"case_id", b"caseid", 1), "header", ""),
    (
        "events.csv",
        lambda b: b.replace(
            b",in_force,2021-07-01,,2021-07-01,2021-07-01,", b",in_force,2019-07-01,,2019-07-01,2019-07-01,"
        ),
        "date_order",
        "date",
    ),
    ("sources.csv", lambda b: b.replace(b",http://en.pkulaw.cn", b",en.pkulaw.cn", 1), "address", "url"),
    (
        "sources.csv",
        lambda b: (
            b + b"s998,legislation,law_database,,,x,,,,,,,,2026-11-23,http://www.pkulaw.cn/Same/,zh,\n"
            b"s999,legislation,law_database,,,x,,,,,,,,2026-11-23,https://pkulaw.cn/same,zh,\n"
        ),
        "address",
        "url",
    ),
    (
        "sources.csv",
        lambda b: b + b"s998,webpage,official,,,x,,,,,,,,2026-11-23,https://a.cn,zh,\n",
        "unused",
        "source_id",
    ),
    ("places.csv", lambda b: b + b'"unfinished', "file", ""),
    # One happening dated twice, on two days, and no row of conflicts that says so.
    (
        "events.csv",
        lambda b: (
            b + b"e9999,c001,i001,adopted,2020-01-21,,2020-01-21,2020-01-21,,record,s006,whole,,a second day\n"
        ),
        "two_dates",
        "date",
    ),
    ("events.csv", lambda b: b.replace(b",in_place_by,../", b",in_place_by,", 1), "bound", "date"),
    ("audit/conflicts.csv", lambda b: b.replace(b",form,partly,", b",shape,partly,", 1), "vocabulary", "kind"),
    ("audit/conflicts.csv", lambda b: b.replace(b",partly,", b",,", 1), "vocabulary", "bearing"),
    ("audit/conflicts.csv", lambda b: b.replace(b"k01,v0031,", b"k01,,", 1), "pair", "left_coding"),
    ("article/claims.csv", lambda b: b.replace(b",supported,", b",proved,", 1), "vocabulary", "verdict"),
    (
        "article/claims.csv",
        lambda b: re.sub(rb",supported,[s\d;]+,", b",supported,,", b, count=1),
        "verdict",
        "source_ids",
    ),
    ("article/followups.csv", lambda b: b.replace(b",continues,", b",caused,", 1), "vocabulary", "relation"),
    ("article/followups.csv", lambda b: re.sub(rb",e\d+,same_", b",,same_", b, count=1), "followup", "event_id"),
]


@pytest.mark.parametrize(("name", "change", "rule", "column"), DAMAGE)
def test_a_damaged_table_is_named_with_line_column_and_rule(tmp_path, name, change, rule, column):
    problems = damaged(tmp_path, name, change)
    hit = problems[(problems["rule"] == rule) & (problems["table"] == name)]
    assert len(hit), problems.to_string()
    assert hit["line"].notna().all()
    if column:
        assert column in set(hit["column"])


def test_a_missing_table_is_a_problem_not_a_traceback(tmp_path):
    import shutil

    copy = tmp_path / "data"
    shutil.copytree(os.path.join(os.path.dirname(kj.__file__), "data"), copy)
    (copy / "codings.csv").unlink()
    assert "file" in set(kj.validate(folder=str(copy))["rule"])


def test_validate_speaks_chinese():
    frame = kj.load_cases()[["case_id", "stage"]].astype("string")
    frame.loc[0, "stage"] = "x"
    assert "取值" in kj.validate(frame, lang="zh")["message"][0]


# A reader's own copy


def test_article_aligns_a_changed_copy(article_path, tmp_path):
    text = article_path.read_text(encoding="utf-8")
    body = text[text.find("深入扎实") :].replace(",", "，").replace("\n\n", "\n  ").replace("(", "（")
    body = body.replace("20", "２０")
    copy = tmp_path / "我的 副本.txt"
    copy.write_bytes(("另一个页眉\r\n" + body.replace("\n", "\r\n")).encode("gb18030"))
    article = kj.Article.read(copy)
    assert article.missing == ["0/h"]
    assert "上海" in article.sentence("1.1/p1/s4")
    assert "【" in article.highlight("c001")[0].text
    assert "<mark>" in article.highlight("c001")._repr_html_()


def test_article_names_the_sentence_that_was_changed(article_path, tmp_path):
    text = article_path.read_text(encoding="utf-8").replace("上海、深圳、广州等地均", "上海等地均")
    copy = tmp_path / "changed.txt"
    copy.write_text(text, encoding="utf-8")
    article = kj.Article.read(copy)
    assert article.missing == ["1.1/p1/s4"]
    with pytest.raises(kj.ArticleError, match="was not found"):
        article.sentence("1.1/p1/s4")
    with pytest.raises(kj.ArticleError, match="Unknown locator"):
        article.sentence("9.9/p1/s1")


def test_another_text_is_refused_with_advice(tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("完全不同的文字。" * 50, encoding="utf-8")
    with pytest.raises(kj.ArticleError, match="地方科改十年"):
        kj.Article.read(other)
    empty = tmp_path / "empty.txt"
    empty.write_bytes(b"")
    with pytest.raises(kj.ArticleError):
        kj.Article.read(empty)


# The terminal, and Windows-like surroundings


def terminal(*arguments, **environment):
    command = [sys.executable, "-m", "kejigai_data", *arguments]
    return subprocess.run(command, capture_output=True, env={**os.environ, **environment})


def test_codes_that_pandas_made_numbers_of_find_their_figures(tmp_path):
    kj.export(tmp_path / "out", ["csv"])
    cases = pd.read_csv(tmp_path / "out" / "cases_wide.csv")
    assert cases["province_id"].dtype == float
    joined = kj.join_indicator(cases, "rd_intensity", 2021)["rd_intensity"]
    assert joined.tolist() == kj.join_indicator(kj.load_cases(), "rd_intensity", 2021)["rd_intensity"].tolist()


@pytest.mark.parametrize("codes", [pd.Series([110000, None], dtype="Float32"), [Decimal("110000.0"), None]])
def test_codes_of_any_kind_of_number_find_their_figures(codes):
    joined = kj.join_indicator(pd.DataFrame({"province_id": codes}), "rd_intensity", 2021)["rd_intensity"]
    assert joined.notna().tolist() == [True, False]


def test_pairs_that_were_kept_as_text_serve_and_others_are_refused(tmp_path):
    days = {"adopted_earliest": ["2020-03-01", "2021-05-01"], "adopted_latest": ["2020-03-01", None]}
    pairs = kj.adoption(pd.DataFrame({"place_id": ["370100", "370200"], **days}), ["370100", "370200", "370300"])
    pairs.to_csv(tmp_path / "pairs.csv", index=False)
    kept = pd.read_csv(tmp_path / "pairs.csv", dtype=str)
    assert kj.adoption_curve(kept).equals(kj.adoption_curve(pairs))
    for odd in (None, "some", float("inf"), 1e30, 1.5, -1):
        with pytest.raises(kj.SelectionError, match="units should hold whole numbers"):
            kj.adoption_curve(kept.assign(units=odd))


def test_terminal_commands():
    done = terminal("info", PYTHONIOENCODING="utf-8")
    assert done.returncode == 0, done.stderr
    assert "cases" in done.stdout.decode("utf-8")
    assert terminal("validate").returncode == 0
    assert terminal("cite", "s001", "--style", "apa", PYTHONIOENCODING="utf-8").returncode == 0


def test_terminal_errors_are_one_line():
    for arguments in (("cite", "nothing"), ("cite", "--style", "x"), ("validate", "/no/such/folder")):
        done = terminal(*arguments)
        assert done.returncode == 2
        assert done.stderr.decode().startswith("kejigai_data: ")
        assert b"Traceback" not in done.stderr


def test_terminal_validate_counts_problems(tmp_path):
    import shutil

    copy = tmp_path / "data"
    shutil.copytree(os.path.join(os.path.dirname(kj.__file__), "data"), copy)
    path = copy / "codings.csv"
    path.write_bytes(path.read_bytes().replace(b",in_operation,", b",in operation,", 1))
    done = terminal("validate", str(copy), "--lang", "zh", PYTHONIOENCODING="utf-8")
    assert done.returncode == 1
    assert "取值须为允许的代码" in done.stdout.decode("utf-8")


def test_terminal_output_may_be_cut_short(tmp_path):
    """``… validate | head -1`` ends quietly, however much there was to say."""
    import shutil

    copy = tmp_path / "data"
    shutil.copytree(os.path.join(os.path.dirname(kj.__file__), "data"), copy)
    path = copy / "codings.csv"
    path.write_bytes(path.read_bytes().replace(b",in_operation,", b",in operation,"))
    command = [sys.executable, "-m", "kejigai_data", "validate", str(copy)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        running.stdout.readline()
        running.stdout.close()
        assert b"Traceback" not in running.stderr.read()


def test_a_gbk_console_shows_what_it_can():
    done = terminal("cite", "s001", PYTHONIOENCODING="gbk", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert "科学管理研究" in done.stdout.decode("gbk")


def test_works_from_a_folder_with_chinese_characters_and_a_space_under_another_locale(tmp_path):
    import shutil

    home = tmp_path / "科改 数据"
    shutil.copytree(
        os.path.dirname(kj.__file__), home / "kejigai_data", ignore=shutil.ignore_patterns("__pycache__")
    )
    code = (
        "import kejigai_data as kj\n"
        "assert not kj.__file__.isascii(), kj.__file__\n"
        "assert len(kj.load_cases(lang='zh')) == 60\n"
        "assert kj.describe('stage', lang='zh').startswith('# ')\n"
        "assert kj.validate().empty\n"
        "print(kj.cite('s001'))"
    )
    (home / "check.py").write_text(code, encoding="utf-8")
    flags = ["-X", "utf8=0", "-X", "warn_default_encoding", "-W", "error::EncodingWarning"]
    environment = {**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, *flags, "check.py"], cwd=home, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr.decode(errors="replace")


def test_golden_citations():
    import json

    golden = json.loads((__import__("pathlib").Path(__file__).parent / "golden_citations.json").read_text("utf-8"))
    assert len(golden) >= 8
    for source, styles in golden.items():
        for style, text in styles.items():
            assert kj.cite(None if source == "kejigai_data" else source, style=style) == text


def test_every_source_has_three_references_without_rubbish():
    references = {row["source_id"]: row for row in records("citations")}
    assert list(references) == [source["source_id"] for source in records("sources")]
    for source in records("sources"):
        for style in ("gb7714", "apa", "bibtex"):
            text = references[source["source_id"]][style]
            assert text.strip(), (source["source_id"], style)
            for rubbish in ("undefined", "..", "()", "[]", "null", " ,", "NaN"):
                cleaned = text.replace(source["url"], "").replace("...", "")
                assert rubbish not in cleaned, (source["source_id"], style, text)


def test_chinese_names_keep_their_order():
    assert kj.cite("s001").startswith("钮钦")
    assert "author = {钮钦 and 李哲}" in kj.cite("s001", style="bibtex")


def test_join_indicator_loses_nothing_in_silence():
    frame = pd.DataFrame({"province_id": ["110000", None, "310000"]})
    years = pd.Series([2021, 2022]).unique()
    for year in years:
        assert kj.join_indicator(frame, "rd_intensity", year)["rd_intensity"].notna().tolist() == [
            True,
            False,
            True,
        ]
    once = kj.join_indicator(frame, "rd_intensity", 2021)
    with pytest.raises(kj.SelectionError, match="rd_intensity_2022"):
        kj.join_indicator(once, "rd_intensity", 2022)
    for odd in (11, "北京", "999999", "110100"):
        with pytest.raises(kj.SelectionError, match=f"'{odd}'.*province_code"):
            kj.join_indicator(pd.DataFrame({"province_id": ["110000", odd]}), "rd_intensity", 2022)


def test_terminal_validate_takes_a_folder_of_parts_and_says_of_another_what_it_lacks(tmp_path):
    parts = tmp_path / "coded.parquet"
    parts.mkdir()
    cases = kj.load_cases()[["case_id", "place_id"]].head(4).assign(mechanism="award_reform")
    for number, part in enumerate((cases[:2], cases[2:])):
        part.astype("string").to_parquet(parts / f"part-{number}.parquet")
    done = terminal("validate", str(parts))
    assert (done.returncode, done.stdout) == (0, b"0 problems\n")
    cases[2:].assign(mechanism="award").astype("string").to_parquet(parts / "part-1.parquet")
    done = terminal("validate", str(parts))
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, b"2 problems")
    (tmp_path / "empty").mkdir()
    done = terminal("validate", str(tmp_path / "empty"))
    assert done.returncode == 2
    assert b"neither copies of our tables" in done.stderr


def test_terminal_validate_says_of_an_export_what_it_is(tmp_path):
    kj.export(tmp_path / "out", ["csv"])
    done = terminal("validate", str(tmp_path / "out"))
    assert done.returncode == 2
    assert b"is what `export` wrote" in done.stderr
    # One table of it put into a copy is a copy: flags are written as ours are.
    ours = os.path.join(os.path.dirname(kj.__file__), "data", "variables.csv")
    with (
        open(ours, encoding="utf-8") as one,
        open(tmp_path / "out" / "variables.csv", encoding="utf-8-sig") as two,
    ):
        assert list(csv.reader(one)) == list(csv.reader(two))


def test_a_table_shows_cells_of_any_kind():
    days = np.array(["2021-01-01"], dtype="datetime64[ns]")
    cells = [
        ["pilot", pd.NA],
        np.array([1, 2]),
        [],
        days[0],
        pd.Period("2021-01"),
        pd.NaT,
        np.float64(0.001),
        {"a": 1},
    ]
    shown = kj.table(pd.DataFrame({"stage": pd.Series(cells, dtype=object)}))
    assert [row[0] for row in shown.rows] == [
        "Pilot; –",
        "1; 2",
        "",
        "2021-01-01",
        "2021-01",
        "",
        "0.001",
        "{'a': 1}",
    ]
    of_groups = kj.load_cases().groupby("dimension", observed=True)["factors"].agg(list).reset_index()
    assert kj.table(of_groups).rows[0][1] == "; ".join("–" * 7)
