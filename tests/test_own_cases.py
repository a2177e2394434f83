"""Coding one's own cases: validate on every engine against plain Python, merge, readings, the terminal."""

import io
import json
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import date

import duckdb
import narwhals as nw
import openpyxl
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import kejigai_data as kj
from kejigai_data.dates import bounds

from .engines import on_dask, on_duckdb, on_lazy, on_objects, on_pandas, on_polars, on_spark, rows_of

COLUMNS = (
    "case_id",
    "place_id",
    "dimension",
    "mechanism",
    "stage",
    "stage_status",
    "factors",
    "factors_status",
    "adopted",
    "adopted_earliest",
    "adopted_latest",
    "source",
)
CODES = kj.load("codes")
ALLOWED = {
    v: CODES.loc[CODES["variable"] == v, "code"].tolist() for v in ("dimension", "mechanism", "stage", "factors")
}
HOME = CODES[CODES["variable"] == "mechanism"].set_index("code")["dimension"].dropna().to_dict()
PROVINCES = {p[:2] for p in kj.load_places()["place_id"] if p.isdigit()}
PLACES = set(kj.load_places()["place_id"])
VALUED = ("stated", "inferred", "ambiguous")
STATUSES = (*VALUED, "stated_absent", "silent", "not_applicable", "not_found")


def maybe(*values):
    return st.none() | st.sampled_from(values)


ROW = st.tuples(
    maybe("h1", "h2", "h3", "省1", "  "),
    maybe("110000", "430100", "jingjinji", "上海", "999999", "", "110000.0"),
    maybe("legal", "functional", "factor_allocation", "Legal", " "),
    maybe("award_reform", "ip_finance", "international_cooperation_base", "奖励", "AWARD REFORM"),
    maybe("pilot", "ended", "In operation", "pilot\n"),
    maybe("stated", "stated_absent", "silent", "ambiguous", "unsure"),
    maybe("technology", "technology;data", "data;technology", "technology;technology", "land", ";"),
    maybe("stated", "silent", "not_applicable"),
    maybe(
        "2021",
        "2020-02-29",
        "2021-02-29",
        "2021-07/2021-03",
        "2021-07/2021-07-15",
        "../2022",
        "2021/..",
        "../..",
        "x",
    ),
    maybe("2021-01-01", "2020-02-29", "2021-07-01", "2021-02-29", "2021", "2021-01-01 00:00:00"),
    maybe("2021-12-31", "2020-02-29", "2021-07-15", "2022-12-31", "2021-03-31", "x"),
    maybe("s001", ""),
)
ROWS = st.lists(ROW, max_size=8)


def is_day(text):
    try:
        return date.fromisoformat(text[:10]).isoformat() == text[:10] and text[10:11] in ("", " ", "T")
    except ValueError:
        return False


def ends_of(text):
    """Return the first and last day of a date in EDTF, an open end as a word; None where it is no date."""
    sides = text.split("/") if text != "../.." else ["x"]
    ends = []
    for side, which in ((sides[0], 0), (sides[-1], 1)):
        try:
            ends.append("open" if side == ".." and len(sides) == 2 else bounds(side)[which])
        except ValueError:
            ends.append(None)
    return ends


def plain(rows, engine_has_order):
    """Return (row, column, value, rule) as a person would find them."""
    found = Counter()
    seen = Counter()
    for number, cells in enumerate(rows, start=1):
        one = {name: value or None for name, value in zip(COLUMNS, cells, strict=True)}
        named = one["case_id"] and one["case_id"].strip()
        where = one["case_id"] if named or not engine_has_order else f"#{number}"

        def add(column, rule, one=one, where=where):
            found[where, column, one[column], rule] += 1

        for column in ("case_id", "place_id"):
            if not (one[column] or "").strip():
                add(column, "required")
        place = one["place_id"]
        if place and place not in PLACES and not (len(place) == 6 and place.isdigit() and place[:2] in PROVINCES):
            add("place_id", "place")
        for variable in ("dimension", "mechanism", "stage"):
            if one[variable] and one[variable] not in ALLOWED[variable]:
                add(variable, "vocabulary")
        parts = one["factors"].split(";") if one["factors"] else []
        known = ALLOWED["factors"]
        if not set(parts) <= set(known):
            add("factors", "vocabulary")
        elif parts != sorted(set(parts), key=known.index):
            add("factors", "set_order")
        if one["adopted"]:
            try:
                bounds(one["adopted"])
            except ValueError:
                add("adopted", "date")
        ends = (one["adopted_earliest"], one["adopted_latest"])
        for column, day in zip(("adopted_earliest", "adopted_latest"), ends, strict=True):
            if day and not is_day(day):
                add(column, "date")
        if all(ends) and ends[0] > ends[1]:
            add("adopted_earliest", "days_order")
        if one["adopted"] and all(ends_of(one["adopted"])):
            for column, day, end in zip(
                ("adopted_earliest", "adopted_latest"), ends, ends_of(one["adopted"]), strict=True
            ):
                if (day or end)[:10] != end or (not day and end != "open"):
                    add(column, "interval")
        status = one["stage_status"]
        if status and status not in STATUSES:
            add("stage_status", "vocabulary")
        if status and (
            (one["stage"] and status not in VALUED)
            or (not one["stage"] and status in VALUED and status != "ambiguous")
        ):
            add("stage", "value_and_status")
        # A dimension that is no code is reported as such, and nothing else depends on it.
        elsewhere = one["dimension"] in ALLOWED["dimension"] and one["dimension"] != "factor_allocation"
        if one["factors"] and (elsewhere or not one["dimension"]):
            add("factors", "applies_to")
        told = one["factors_status"]
        if told and ((one["factors"] and told not in VALUED) or (not one["factors"] and told == "stated")):
            add("factors", "value_and_status")
        for variable in ("stage", "factors"):
            if one[variable] and not one[f"{variable}_status"]:
                add(f"{variable}_status", "value_and_status")
        if told not in (None, "not_applicable") and not one["factors"] and elsewhere:
            add("factors_status", "applies_to")
        if one["mechanism"] in HOME and one["dimension"] in set(ALLOWED["dimension"]) - {HOME[one["mechanism"]]}:
            add("mechanism", "dimension")
        read = {one["stage_status"], one["factors_status"]} & {*VALUED, "stated_absent", "silent"}
        if not one["source"] and (read or any(one[v] for v in ALLOWED)):
            add("source", "source")
        if named:
            seen[one["case_id"]] += 1
    for case, times in seen.items():
        if times > 1:
            found[case, "case_id", f"{case} × {times}", "key"] += 1
    return found


ENGINES = [(on_pandas, True), (on_objects, True), (on_polars, True), (on_lazy, False), (on_duckdb, False)]
SOME = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=[Phase.generate],
)


def problems_of(native):
    return rows_of(native, ("row", "column", "value", "rule"))


@pytest.mark.parametrize(
    ("made", "ordered", "examples"),
    [
        *((made, ordered, 8) for made, ordered in ENGINES),
        *(pytest.param(made, ordered, 80, marks=pytest.mark.slow) for made, ordered in ENGINES),
        pytest.param(on_dask, False, 5, marks=pytest.mark.slow),
        pytest.param(on_spark, False, 3, marks=pytest.mark.slow),
    ],
)
def test_validate_finds_the_same_on_every_engine(made, ordered, examples):
    @settings(SOME, max_examples=examples)
    @given(ROWS)
    def check(rows):
        assert problems_of(kj.validate(made(rows, COLUMNS))) == plain(rows, ordered)

    check()
    assert problems_of(kj.validate(made([], COLUMNS))) == Counter()


def test_pandera_finds_the_same_wrong_codes():
    """A second judge, whose schema is written here by hand from the codes."""
    import pandera.pandas as pa

    def column(variable):
        return pa.Column(str, pa.Check.isin(ALLOWED[variable]), nullable=True, coerce=False)

    members = f"(?:{'|'.join(ALLOWED['factors'])})"
    one_code = {name: column(name) for name in ("dimension", "mechanism", "stage")}
    factors = pa.Column(str, pa.Check.str_matches(rf"^{members}(?:;{members})*\Z"), nullable=True)
    judge = pa.DataFrameSchema({**one_code, "factors": factors})

    @settings(SOME, max_examples=5)
    @given(ROWS)
    def check(rows):
        frame = on_pandas(rows, COLUMNS).replace("", pd.NA)
        try:
            judge.validate(frame.astype(object).where(frame.notna(), None), lazy=True)
            wrong = set()
        except pa.errors.SchemaErrors as found:
            cases = found.failure_cases.dropna(subset=["index"])
            wrong = {(row["column"], row["failure_case"]) for row in cases.to_dict("records")}
        ours = kj.validate(frame)
        ours = ours[(ours["rule"] == "vocabulary") & ours["column"].isin([*one_code, "factors"])]
        assert wrong == set(zip(ours["column"], ours["value"], strict=True))

    check()


def test_our_own_cases_break_no_rule():
    assert kj.validate(kj.load_cases(status=True)).empty
    assert kj.validate(pl.from_pandas(kj.load_cases(status=True).astype(object).astype("string"))).is_empty()


def test_problems_name_the_code_that_was_meant_in_the_language_asked_for():
    frame = pd.DataFrame({"case_id": ["a", "b", "c"], "place_id": ["湖南", "Shanxi", "430000"]})
    frame["stage"] = ["In operation", "运行中", "pilott"]
    english = kj.validate(frame).set_index(["row", "column"])["suggestion"]
    assert english["a", "stage"] == "in_operation"
    assert english["c", "stage"].startswith("Allowed: proposed")
    # A name that fits two places is not decided for the coder.
    assert english["b", "place_id"] == "140000 (山西) or 610000 (陕西)"
    chinese = kj.validate(frame, lang="zh")
    assert chinese["suggestion"].str.contains("可用：").any()


def test_a_suggestion_can_be_pasted_in_the_place_of_the_value():
    wrong = pd.DataFrame({"case_id": [f"n{n}" for n in range(7)], "place_id": "410000"}, dtype="object")
    wrong.loc[0, "place_id"], wrong.loc[1, "place_id"] = "410000 ", "410000.0"
    wrong["factors"] = [None, None, "capital;technology", "data;data", None, None, None]
    wrong["adopted"] = [None, None, None, None, "2021-02", "2020-02", "../2021-04"]
    wrong["adopted_latest"] = [None, None, None, None, "2021-03-01", "2020-02-01", "2021-04-01"]
    found = kj.validate(wrong)
    assert found.index.tolist() == list(range(len(found)))
    mended = found.set_index("row")["suggestion"]
    assert mended.to_dict() == {
        "n0": "410000",
        "n1": "410000",
        "n2": "technology;capital",
        "n3": "data",
        "n4": "2021-02-28",
        "n5": "2020-02-29",
        "n6": "2021-04-30",
    }
    assert "order of the codebook" in found.loc[found["row"] == "n2", "message"].iloc[0]


def test_a_column_that_every_case_needs_is_missed_once():
    stages = {"stage": ["pilot", "planned"]}
    for frame in (pd.DataFrame(stages), pl.DataFrame(stages)):
        found = kj.validate(frame)
        assert list(found["column"]) == ["case_id", "place_id"]
        assert set(found["rule"]) == {"column"}
    named = {**stages, "document": ["d1", "d2"], "place_id": ["410000", "310000"]}
    assert len(kj.validate(pd.DataFrame(named), key="document")) == 0
    assert kj.validate(pl.DataFrame(named).to_arrow(), key="document").num_rows == 0
    assert len(kj.validate(pd.DataFrame({"stage": []}, dtype="string"))) == 0


def test_odd_columns_are_reported_and_the_frame_stays_as_it_was():
    frame = pl.DataFrame({"case_id": ["a"], "place_id": [110000], "stage": [["pilot"]], "factors": [1.5]})
    before = frame.clone()
    found = kj.validate(frame)
    assert set(found["column"]) == {"stage", "factors"}
    assert frame.equals(before)
    odd = pd.DataFrame({"case_id": [1.0, None], "place_id": [None, float("inf")], "stage": [["pilot"], {}]})
    copy = odd.copy(deep=True)
    assert set(kj.validate(odd)["rule"]) >= {"required", "vocabulary"}
    pd.testing.assert_frame_equal(odd, copy)


def test_a_lazy_frame_needs_a_key():
    with pytest.raises(kj.SelectionError, match="name the column that tells"):
        kj.validate(pl.LazyFrame({"stage": ["pilot"]}))
    lazy = pl.LazyFrame({"n": ["1"], "place_id": ["410000"], "stage": ["x"]})
    assert kj.validate(lazy, key="n").collect()["row"].to_list() == ["1"]


def own(**more):
    base = {"case_id": ["h1", "h2"], "place_id": ["430000", "430100"], "mechanism": ["award_reform", "ip_finance"]}
    base |= {"initiative": ["locality", None], "central_link": ["recognised_afterwards", None]}
    return pd.DataFrame({**base, "adopted": ["2021-07", "../2022"], **more}).astype("string")


def test_merge_fills_what_can_be_derived_and_keeps_dtypes():
    cases = kj.load_cases()
    both = kj.merge(own(note=["a", None]), cases)
    assert len(both) == len(cases) + 2
    pd.testing.assert_frame_equal(both.loc[: len(cases) - 1, cases.columns], cases)
    assert both["origin"].value_counts().to_dict() == {"kejigai_data": 60, "own": 2}
    mine = both[both["origin"] == "own"].set_index("case_id")
    assert mine.loc["h1", ["place_zh", "province_id", "region", "pathway"]].tolist() == [
        "湖南",
        "430000",
        "central",
        "bottom_up_then_recognised",
    ]
    assert mine.loc["h2", "province_id"] == "430000"
    assert str(mine.loc["h1", "adopted_earliest"].date()) == "2021-07-01"
    assert mine["adopted_earliest"].isna().tolist() == [False, True]
    assert both["note"].dropna().tolist() == ["a"]
    more = kj.merge(own().assign(case_id=["k1", "k2"]), both, origin="second team")
    assert more["origin"].nunique() == 3


def test_merge_keeps_numbers_flags_and_days_of_ones_own():
    mine = own().assign(score=[3.5, None], n=[1, 2], sure=[True, False], on=pd.to_datetime(["2021-01-01"] * 2))
    aware = pd.to_datetime(["2021-07-01", None]).tz_localize("Asia/Shanghai")
    both = kj.merge(mine.drop(columns="adopted").assign(adopted_earliest=aware), kj.load_cases())
    kinds = both[["score", "n", "sure", "on", "adopted_earliest"]].dtypes.astype(str).tolist()
    assert kinds[:3] == ["Float64", "Int64", "boolean"]
    assert all(kind.startswith("datetime64") for kind in kinds[3:])
    last = both.set_index("case_id").loc["h1"]
    assert [last["score"], last["n"], last["sure"]] == [3.5, 1, True]
    assert last["adopted_earliest"] == pd.Timestamp("2021-07-01")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda c: kj.merge(own(case_id=["c001", "h2"]), c),
            r"'c001' \(row 1 in own; row 1, .*Shanghai.* in cases\)",
        ),
        (
            lambda c: kj.merge(own(mechanism=["x", "ip_finance"]), c),
            "breaks the codebook in 1 place, first: row h1",
        ),
        (lambda c: kj.merge(own(), kj.load_cases(lang="en")), "labels in place of codes"),
        (lambda c: kj.merge(own().drop(columns="place_id"), c), "place_id"),
        (lambda c: kj.merge([1], c), "own must be a pandas DataFrame"),
        (lambda c: kj.merge(own(), c, origin=" "), "may be neither empty"),
        (lambda c: kj.merge(own(), c, origin="kejigai_data"), "may be neither empty"),
        (lambda c: kj.merge(own(origin="x"), c), "rename or drop yours"),
        (lambda c: kj.merge(own(region="east"), c), "row h1 says region 'east', but 'central' follows"),
        (lambda c: kj.merge(own(n_instruments="three"), c), "'n_instruments' should hold Int64"),
        (lambda c: kj.merge(own(adopted_latest="2021"), c), "breaks the codebook"),
    ],
)
def test_merge_says_what_is_wrong(call, words):
    with pytest.raises(kj.KejigaiError, match=words):
        call(kj.load_cases())


def test_agreement_by_code_shows_which_code_divides_the_readings():
    units = [str(n) for n in range(8)]
    one = pd.DataFrame({"case_id": units, "stage": ["pilot"] * 4 + ["planned"] * 4})
    two = pd.DataFrame({"case_id": units, "stage": ["pilot"] * 4 + ["planned"] * 2 + ["ended"] * 2})
    readings = pd.concat([kj.as_readings(one, "a"), kj.as_readings(two, "b")])
    table = kj.agreement(readings, by="code", resamples=50).set_index("code")
    assert table.loc["pilot", "alpha"] == 1
    assert table.loc["ended", "percent"] == 0.75
    assert table.loc["ended", "alpha"] < table.loc["planned", "alpha"] < 1
    with pytest.raises(kj.SelectionError, match="by"):
        kj.agreement(readings, by="unit")


def run(*arguments):
    command = [sys.executable, "-m", "kejigai_data", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=60)


def test_terminal_measures_agreement_of_sheets_as_coders_send_them(tmp_path):
    from openpyxl import load_workbook

    one, two = tmp_path / "a" / "coded.csv", tmp_path / "b" / "coded.xlsx"
    for path in (one, two):
        path.parent.mkdir()
    rows = "编号,地方,进展阶段\nn1,湖南,试点\nn2,深圳,（沉默）\nn3,广东,已实施\nn4,北京,\nn5,上海,试点\n"
    one.write_text(rows, encoding="gb18030")
    kj.coding_sheet(two, "zh", ["stage"])
    book = load_workbook(two)
    sheet = book["编码"]
    heads = [cell.value for cell in sheet[1]]
    for row, (case, stage) in enumerate(
        (("n1", "试点"), ("n2", "列入计划"), ("n3", "已实施"), ("n4", "试点"), ("n5", "")), start=2
    ):
        sheet.cell(row, heads.index("案例编号") + 1).value = case
        sheet.cell(row, heads.index("进展阶段") + 1).value = stage
    book.save(two)
    done = run("agree", one, two, "--resamples", "20")
    assert done.returncode == 0, done.stderr
    head, row = done.stdout.splitlines()
    assert head.split()[:5] == ["variable", "units", "same", "kappa", "alpha"]
    assert row.split()[:4] == ["stage", "3", "67%", "0.57"]
    assert "has no place in the order" in row


def test_terminal_names_a_file_that_is_not_there_and_shows_examples():
    done = run("validate", "nothing.xlsx")
    assert done.returncode == 2
    assert "nothing.xlsx cannot be read" in done.stderr
    for command in ("validate", "cite", "export", "agree"):
        assert f"python -m kejigai_data {command} " in run(command, "--help").stdout


def test_a_table_with_a_byte_order_mark_is_the_same_table(tmp_path):
    import shutil

    from kejigai_data.loading import FOLDER

    shutil.copytree(FOLDER, tmp_path / "data")
    path = tmp_path / "data" / "cases.csv"
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig", newline="")
    assert kj.validate(folder=str(tmp_path / "data")).empty


def test_a_file_whose_headings_are_the_words_of_our_tables_is_checked(tmp_path):
    path = tmp_path / "words.csv"
    path.write_text(
        "编号,地方,机制,阶段,维度,要素,来源,位置,对象物\nh1,湖南,乱写,随便,x,y,z,1,w\n", encoding="utf-8"
    )
    done = run("validate", path)
    assert done.returncode == 1
    assert {"mechanism", "stage", "dimension", "factors"} <= set(re.findall(r"column (\w+):", done.stdout))
    assert "noted: row 1, column 对象物: " in done.stderr
    for nothing in ("编号,地方,阶段\n", "编号,地方,阶段\nn1,湖南,\n"):
        path.write_text(nothing, encoding="utf-8")
        done = run("validate", path, "--lang", "zh")
        assert (done.returncode, done.stdout) == (2, "")
        assert "words.csv: nothing is coded in it yet" in done.stderr
    path.write_text("编号,地方,机构数,备忘\nh1,湖南,乱写,随便\n", encoding="utf-8")
    done = run("validate", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "words.csv has none of the coded columns" in done.stderr


def test_terminal_validates_a_coding_sheet(tmp_path):
    path = tmp_path / "我的 cases.csv"
    rows = ["case_id,place,stage,source,locator"] + [f"h{n},湖南,pilott,s,1" for n in range(30)]
    path.write_text("\n".join(rows), encoding="gb18030")
    done = run("validate", path)
    assert done.returncode == 1
    assert "30 rows read" in done.stderr
    assert "… and 10 more of these" in done.stdout
    assert done.stdout.rstrip().endswith("30 problems")
    assert "column place_id: '湖南' → '430000'" in done.stderr
    told = json.loads(run("validate", path, "--json").stdout)
    listed = told["problems"]
    assert len(listed) == 30
    assert {"row": 2, "column": "place_id", "before": "湖南", "after": "430000"}.items() <= told["changes"][
        2
    ].items()
    assert {row["rule"] for row in listed} == {"vocabulary"}
    parquet = tmp_path / "cases.parquet"
    kj.load_cases().to_parquet(parquet)
    assert run("validate", parquet).returncode == 0
    parquet.write_bytes(b"PAR1")
    broken = run("validate", parquet)
    assert broken.returncode == 2
    assert "cannot be read as Parquet" in broken.stderr


def test_spaces_at_an_edge_and_unknown_keys_are_found():
    blank = ["\u3000", " " * 21, "\n\t", "\u200b"]
    frame = pd.DataFrame({"case_id": ["c001 ", "n1", *blank], "place_id": ["430000"] * 6})
    found = kj.validate(frame)
    assert sorted(zip(found["row"], found["rule"], found["suggestion"], strict=True)) == [
        ("#3", "required", ""), ("#4", "required", ""), ("#5", "required", ""), ("#6", "required", ""),
        ("c001 ", "edge", "c001"),
    ]  # fmt: skip
    row = {"case_id": "a", "place_id": "440000", "stage": "pilot", "source": blank, "locator": "p1"}
    assert list(kj.validate(pd.DataFrame(row), key="source")["rule"]).count("source") == 4
    with pytest.raises(kj.UnknownNameError, match="caseid"):
        kj.validate(frame, key="caseid")


def test_what_a_source_says_there_is_none_of_has_no_value():
    row = {"case_id": "h1", "place_id": "430000", "source": "x", "locator": "p1", "central_link": None}
    assert kj.validate(pd.DataFrame([{**row, "central_link_status": "stated_absent"}])).empty
    found = kj.validate(pd.DataFrame([{**row, "stage": "pilot", "stage_status": "stated_absent"}]))
    assert found["rule"].tolist() == ["value_and_status"]


def test_what_was_read_and_is_silent_has_a_source_too():
    row = {"place_id": "430000", "source": None, "locator": "p1", "stage": None}
    statuses = ["stated_absent", "silent", "not_found", "not_applicable", None]
    frame = pd.DataFrame([{"case_id": f"h{n}", "stage_status": one, **row} for n, one in enumerate(statuses)])
    for made in (frame, pl.from_pandas(frame), pl.from_pandas(frame).lazy()):
        found = kj.validate(made)
        found = found.collect() if hasattr(found, "collect") else found
        assert sorted(zip(found["row"], found["column"], strict=True)) == [("h0", "source"), ("h1", "source")]


def test_a_merged_frame_is_sound_and_ids_of_a_column_with_gaps_clash():
    own = {
        "case_id": ["7"],
        "place_id": ["430000"],
        "mechanism": ["award_reform"],
        "source": ["x"],
        "locator": ["1"],
    }
    both = kj.merge(pd.DataFrame(own), kj.load_cases())
    assert kj.validate(both).empty
    with pytest.raises(kj.SelectionError, match="case_id in both frames: '7'"):
        kj.merge(pd.DataFrame({**own, "case_id": [7.0]}), both, origin="more")


def test_what_was_merged_from_a_sheet_is_sound_and_merges_again(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(
        "case_id,place_id,mechanism,stage,stage_status,dimension,dimension_status,source,locator\n"
        "1,430000,award_reform,pilot,stated,,,s,p1\n2,430000,award_reform,,silent,,,s,p2\n",
        encoding="utf-8",
    )
    both = kj.merge(kj.read_coding_sheet(path).cases, kj.load_cases())
    assert kj.validate(both).empty
    assert len(kj.validate(pl.from_pandas(both))) == 0
    more = pd.DataFrame({"case_id": [3.0], "place_id": [430000.0], "mechanism": ["award_reform"]})
    again = kj.merge(more, both, origin="more")
    assert set(kj.validate(again)["row"]) == {"3"}
    assert again[["case_id", "place_id"]].iloc[-1].tolist() == ["3", "430000"]
    both.to_parquet(tmp_path / "both.parquet")
    assert run("validate", tmp_path / "both.parquet").returncode == 0


def test_numbers_that_a_gap_made_decimal_are_the_same_codes_on_every_engine():
    import duckdb

    places = [430000.0, None, 12345678901.0, 430000.5]
    frame = pl.DataFrame({"case_id": [1.0, 2.0, 1.0, 4.0], "place_id": places, "mechanism": ["award_reform"] * 4})
    frame = frame.with_columns(source=pl.lit("x"), locator=pl.lit("1"))
    expected = [
        ("1", "case_id", "1 × 2", "key"),
        ("1", "place_id", "12345678901", "place"),
        ("2", "place_id", None, "required"),
        ("4", "place_id", "430000.5", "place"),
    ]
    nullable = frame.to_pandas().convert_dtypes()
    lazy = (frame.lazy(), duckdb.from_arrow(frame.to_arrow()))
    for made in (frame, frame.to_pandas(), nullable, frame.to_arrow(), frame.to_pandas().astype(object), *lazy):
        found = nw.from_native(kj.validate(made))
        rows = (found.collect() if hasattr(found, "collect") else found).rows()
        assert sorted((row[0], row[1], None if pd.isna(row[2]) else row[2], row[3]) for row in rows) == expected


def test_two_coders_may_code_one_case_and_one_coder_only_once():
    sheet = pd.DataFrame({"case_id": ["01"] * 3, "reading": ["a", "b", "b"], "place_id": ["430000"] * 3})
    sheet = sheet.assign(stage="pilot", source="x", locator="1")
    assert kj.validate(sheet.iloc[:2]).empty
    assert kj.validate(sheet)["value"].tolist() == ["01 × 2"]


def test_a_status_is_looked_at_without_its_variable():
    row = {"case_id": ["a"], "place_id": ["430000"], "stage_status": ["zzz"]}
    assert kj.validate(pd.DataFrame(row))["column"].tolist() == ["stage_status"]


def test_nan_is_missing_on_every_engine():
    import duckdb

    frame = pl.DataFrame(
        {"case_id": [1.0, float("nan")], "place_id": ["430000"] * 2, "adopted": [float("nan")] * 2}
    )
    for made in (frame, frame.to_pandas(), frame.lazy(), duckdb.from_arrow(frame.to_arrow())):
        found = kj.validate(made)
        found = found.fetchall() if hasattr(found, "fetchall") else found
        found = found.collect() if hasattr(found, "collect") else found
        rules = [row[3] for row in found] if isinstance(found, list) else list(found["rule"])
        assert rules == ["required"]


def test_in_chinese_codes_stand_beside_their_names():
    row = {"case_id": "h1", "place_id": "430000", "dimension": "法治", "source": "x", "locator": "p1"}
    (hint,) = kj.validate(pd.DataFrame([row]), lang="zh")["suggestion"]
    assert hint.startswith("可用：法治保障（legal）、")


def test_what_is_suggested_can_be_followed():
    row = {"case_id": "a", "place_id": "110000", "dimension": "legal", "mechanism": "award_reform"}
    assert kj.validate(pd.DataFrame([row]))["suggestion"].tolist() == ["dimension = functional"]
    row |= {"dimension": "factor_allocation", "mechanism": None, "factors": "technology； capital"}
    (hint,) = kj.validate(pd.DataFrame([row]))["suggestion"]
    assert hint == "technology;capital"
    row |= {"factors": hint, "factors_status": "Stated"}
    assert "stated" in set(kj.validate(pd.DataFrame([row]))["suggestion"])


@pytest.mark.parametrize(
    ("given", "first", "last"),
    [
        (pd.Timestamp("2021-07-01 10:00"), "2021-07-01", "2021-07-01"),
        (2021, "2021-01-01", "2021-12-31"),
        ("2021-07", "2021-07-01", "2021-07-31"),
    ],
)
def test_merge_takes_dates_of_any_kind(given, first, last):
    own = pd.DataFrame({"case_id": ["a"], "place_id": ["110000"], "adopted": [given], "adopted_latest": [last]})
    row = kj.merge(own, kj.load_cases()).iloc[-1]
    assert (str(row["adopted_earliest"])[:10], str(row["adopted_latest"])[:10]) == (first, last)


def test_merge_notices_swapped_frames():
    own = pd.DataFrame({"case_id": ["a"], "place_id": ["110000"]})
    with pytest.raises(kj.SelectionError, match="merge\\(own, load_cases"):
        kj.merge(kj.load_cases(), own)


def test_a_name_of_two_cities_is_not_guessed():
    with pytest.raises(kj.UnknownPlaceError, match=r"苏州市.*宿州市"):
        kj.find_place("Suzhou")
    assert kj.find_place("苏州").place_id == "320500"


def test_agree_knows_a_coder_who_is_named_once(tmp_path, capsys):
    from kejigai_data.__main__ import main

    def sheet(name, coder, stages, everywhere=False):
        rows = [
            f"n{n},{coder if n == 0 or everywhere else ''},湖南,{stage}"
            for n, stage in enumerate(stages.split(","))
        ]
        path = tmp_path / f"{name}.csv"
        path.write_text("编号,编码者,地方,阶段\n" + "\n".join(rows) + "\n", encoding="gb18030")
        return str(path)

    def told(*paths):
        status = main(["agree", *paths, "--resamples", "10", "--json"])
        return status, *capsys.readouterr()

    li, han = sheet("h1", "Li", "试点,试点,已实施"), sheet("h2", "Han", "试点,,已实施")
    whole = told(sheet("g1", "Li", "试点,试点,已实施", True), sheet("g2", "Han", "试点,,已实施", True))
    half = told(li, han)
    assert half[:2] == whole[:2]
    assert json.loads(half[1])[0]["kappa"] == 1
    assert "1 of 3 units are in one reading only" in half[2]
    status, out, err = told(li, sheet("empty", "Han", ",,"))
    assert (status, out) == (2, "")
    assert "empty.csv: nothing is coded in it" in err
    twice = tmp_path / "twice.csv"
    twice.write_text("unit,variable,value,unit\n1,stage,pilot,9\n", encoding="utf-8")
    assert "twice.csv has the heading 'unit' more than once" in told(str(twice), li)[2]
    nameless = tmp_path / "nameless.csv"
    nameless.write_text("地方,阶段\n湖南,试点\n", encoding="utf-8")
    assert "nameless.csv has no column case_id" in told(str(nameless), li)[2]


def test_agree_says_what_it_did_not_compare(tmp_path, capsys):
    from kejigai_data.__main__ import main

    for name, ids in (("a", "1,2,3"), ("b", "01,2,3")):
        rows = "".join(f"{one},深圳,试点\n" for one in ids.split(","))
        (tmp_path / f"{name}.csv").write_text("编号,地方,进展阶段\n" + rows, encoding="utf-8")
    assert main(["agree", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), "--resamples", "10"]) == 0
    told = capsys.readouterr().err
    assert "2 of 4 units are in one reading only" in told
    assert "7 alterations on reading" in told
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("unit,variable,value,reading\n1,stage,pilot,x\n", encoding="utf-8")
    assert main(["agree", str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]) == 2
    assert "two readings have two names" in capsys.readouterr().err


def test_units_at_risk_may_be_whole_numbers():
    frame = pd.DataFrame({"place_id": [370100], "adopted_earliest": [None], "adopted_latest": ["2021-01-01"]})
    found = kj.adoption(frame, [370100, 370200])
    assert dict(zip(found["fate"], found["units"], strict=True)) == {"adopted": 1, "unknown": 1}


@pytest.mark.parametrize("made", [on_pandas, on_objects, on_polars, on_duckdb, on_dask])
def test_a_line_break_and_wide_spaces_give_one_problem_and_the_right_advice(made):
    columns = ("case_id", "place_id", "stage", "factors", "adopted", "adopted_earliest", "adopted_latest")
    dates = ("2021-07\n", "2021-07-01", "2021-07-31")
    frame = made([("a", "\u3000440300", "Pilot\u2003", "capital;technology\n", *dates)], columns)
    found = rows_of(kj.validate(frame), ["column", "rule", "suggestion"])
    assert {(column, rule) for column, rule, _ in found} == {
        ("place_id", "place"),
        ("stage", "vocabulary"),
        ("factors", "vocabulary"),
        ("adopted", "date"),
    }
    offered = {column: suggestion for column, _, suggestion in found}
    assert offered["place_id"] == "440300"
    assert offered["stage"] == "pilot"
    assert offered["factors"] == "capital;technology"
    pairs = kj.co_occurrence(frame, "factors", unit="case_id")
    assert rows_of(pairs, ["left", "right", "units"]) == {("capital", "technology", 1): 1}


@pytest.mark.parametrize("engine", ["pandas", "objects", "polars", "arrow", "duckdb"])
def test_a_flag_is_shown_alike_on_every_engine(engine):
    frame = pl.DataFrame({"case_id": ["a", "b"], "place_id": ["440300", "440300"], "stage": [True, None]})
    frame = {
        "pandas": lambda: frame.to_pandas(),
        "objects": lambda: frame.to_pandas().astype(object),
        "polars": lambda: frame,
        "arrow": lambda: frame.to_arrow(),
        "duckdb": lambda: duckdb.from_arrow(frame.to_arrow()),
    }[engine]()
    assert rows_of(kj.validate(frame), ["column", "value"]) == {("stage", "true"): 1}


def test_an_empty_text_contradicts_nothing():
    own = pd.DataFrame(
        {"case_id": ["h1"], "place_id": ["430000"], "mechanism": ["award_reform"], "place_zh": [""]}
    )
    both = kj.merge(own, kj.load_cases())
    assert both["place_zh"].tolist()[-1] == "湖南"


def test_cases_coded_without_statuses_are_sound_beside_ours_with_them():
    own = pd.DataFrame({"case_id": ["h1"], "place_id": ["430000"], "mechanism": ["award_reform"]})
    own[["source", "locator"]] = "invented"
    both = kj.merge(own, kj.load_cases(status=True))
    assert len(kj.validate(both)) == 0
    own["stage"], own["stage_status"] = "pilot", "stated"
    half = kj.validate(kj.merge(own, kj.load_cases(status=True)))
    assert half["column"].tolist() == ["mechanism_status"]


def test_merge_takes_a_province_that_a_gap_made_decimal_and_a_full_name():
    rows = ["case_id,place_id,province_id,mechanism,place_zh", "h1,430000,430000,award_reform,湖南省"]
    own = pd.read_csv(io.StringIO("\n".join([*rows, "h2,jingjinji,,award_reform,"])))
    assert own["province_id"].dtype == float
    both = kj.merge(own, kj.load_cases()).tail(2)
    assert both["province_id"].fillna("").tolist() == ["430000", ""]
    assert both["place_zh"].tolist() == ["湖南", "京津冀"]
    with pytest.raises(kj.SelectionError, match="湖北"):
        kj.merge(own.assign(place_zh="湖北"), kj.load_cases())


def test_a_cell_of_spaces_ends_without_pyarrow_too():
    """Without it pandas searches with Python's own expressions, which long gaps can make endless."""
    code = """
import sys
sys.modules["pyarrow"] = None
import pandas as pd, kejigai_data as kj
gap = " " * 20_000
frame = pd.DataFrame({"case_id": ["a" + gap + "b"], "place_id": [f"a{gap}b"], "stage": [f"pilot{gap}x"],
                      "factors": [f"technology{gap};capital{gap}x"], "source": [f"a{gap}b"]})
print(len(kj.validate(frame)), len(kj.co_occurrence(frame, "factors")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["3", "0"]


@pytest.mark.parametrize("encoding", ["gbk", "ascii", "utf-8"])
def test_json_is_json_in_any_encoding_of_the_terminal(encoding, tmp_path):
    place = "Café\xa0© 𠮷"
    (tmp_path / "x.csv").write_text(f"case_id,place_id,stage\nn1,{place},pilot\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "kejigai_data", "validate", str(tmp_path / "x.csv"), "--json"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        check=False,
    )
    assert json.loads(done.stdout.decode(encoding))["problems"][0]["value"] == place


def test_a_case_of_two_coders_is_merged_once():
    one = pd.DataFrame({"case_id": ["n1", "n2"], "place_id": ["430000", "440300"], "stage": ["pilot"] * 2})
    both = pd.concat([one.assign(reading="a"), one.assign(reading="b")])
    assert kj.validate(both).empty
    with pytest.raises(kj.SelectionError, match=r"'n1' more than once: row 1 and row 3.*reading"):
        kj.merge(both, kj.load_cases())
    merged = kj.merge(both[both["reading"] == "b"], kj.load_cases())
    assert merged["case_id"].is_unique
    # It gave no sources, and the column of locators that it got is ours.
    assert kj.validate(one).empty
    assert kj.validate(merged).empty


def test_agree_loses_no_cell_of_a_long_table(tmp_path):
    one, two = tmp_path / "p.csv", tmp_path / "q.csv"
    one.write_text("unit,variable,value\n1,factors,capital;data\n", encoding="utf-8")
    two.write_text("unit;variable;value\n1;factors;capital;data\n", encoding="utf-8")
    done = run("agree", one, two)
    assert done.returncode == 2
    assert "q.csv, row 2: 4 cells, but the headings have 3" in done.stderr


def test_agree_says_what_of_a_workbook_it_did_not_read(tmp_path):
    book = openpyxl.Workbook()
    rows = [("reading", "unit", "variable", "value"), ("a", "1", "stage", "pilot"), ("b", "1", "stage", "pilot")]
    for row in [*rows, ("a", "2", "stage", "=1+1"), ("b", "2", "stage", "pilot")]:
        book.active.append(row)
    other = book.create_sheet("丙")
    for row in rows:
        other.append(row)
    book.save(tmp_path / "long.xlsx")
    done = run("agree", tmp_path / "long.xlsx")
    assert "was not read. (丙)" in done.stderr
    assert "row 4: A formula without a stored result was read as empty" in done.stderr


def test_a_template_left_empty_gives_way_to_the_sheet_that_is_filled(tmp_path):
    kj.coding_sheet(tmp_path / "mine.xlsx", language="zh")
    book = openpyxl.load_workbook(tmp_path / "mine.xlsx")
    sheet = book.create_sheet("Sheet1")
    for row in (("编号", "地方", "进展阶段", "来源"), ("n1", "深圳", "试点_x000D_\n", "#N/A")):
        sheet.append(row)
    sheet["D2"].data_type = "e"
    book.save(tmp_path / "mine.xlsx")
    cases, changes = kj.read_coding_sheet(tmp_path / "mine.xlsx")
    assert cases[["case_id", "place_id", "stage", "source"]].values.tolist() == [["n1", "440300", "pilot", "#N/A"]]
    assert {"sheet", "error_cell"} <= set(changes["reason"])


def sheets(path, **rows_of):
    """Write a workbook, a sheet for each name."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in rows_of.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)


def test_agree_says_what_of_coding_sheets_it_did_not_read(tmp_path):
    heads = ("case_id", "place_id", "stage")
    for name, stage in (("a", "pilot"), ("b", "planned")):
        first = [heads, ("n1", "430000", "pilot"), ("n2", "430000", "#N/A"), ("n3", "430000", "pilot")]
        first += [(f"n{number}", "430000", shown) for number, shown in ((5, "Err:502"), (6, "#error!"))]
        sheets(tmp_path / f"{name}.xlsx", y2023=first, y2024=[heads, ("n4", "430000", stage)])
    done = run("agree", tmp_path / "a.xlsx", tmp_path / "b.xlsx")
    assert done.stderr.count("was not read. (y2024)") == 2
    assert done.stderr.count("row 3: The spreadsheet shows an error") == 2
    # What both look up in vain they do not agree upon.
    said = "answers that are errors of a spreadsheet (#N/A, Err:502, #error!) count as missing: 3"
    assert done.stderr.count(said) == 2
    assert done.stdout.splitlines()[1].split()[:3] == ["stage", "2", "100%"]


def test_agree_prefers_the_sheet_with_the_coding_to_a_long_table_and_names_that(tmp_path):
    heads = ("case_id", "reading", "place_id", "stage")
    coding = [heads, ("n1", "a", "430000", "pilot"), ("n1", "b", "430000", "planned")]
    long = [("reading", "unit", "variable", "value"), ("a", "1", "stage", "pilot"), ("b", "1", "stage", "pilot")]
    sheets(tmp_path / "both.xlsx", long=long, coding=coding)
    done = run("agree", tmp_path / "both.xlsx")
    assert "was not read. (long)" in done.stderr
    assert done.stdout.splitlines()[1].split()[:3] == ["stage", "1", "0%"]


def test_headings_between_the_rows_of_a_long_table_are_no_coder(tmp_path):
    rows = ["reading,unit,variable,value", "a,1,stage,pilot", "Reading,unit,variable,value", "b,1,stage,planned"]
    (tmp_path / "joined.csv").write_text("\n".join(rows), encoding="utf-8")
    done = run("agree", tmp_path / "joined.csv")
    assert "row 3: A row that repeats the headings was left out." in done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == ["stage"]


def test_a_filled_row_far_below_the_headings_makes_a_sheet_no_template(tmp_path):
    heads = ("case_id", "place_id", "stage")
    gap = [("",)] * 40
    sheets(
        tmp_path / "far.xlsx",
        coding=[heads, *gap, ("n1", "深圳", "试点")],
        list=[("source", "locator"), ("a", "b")],
    )
    assert kj.read_coding_sheet(tmp_path / "far.xlsx").cases["place_id"].tolist() == ["440300"]


def test_a_column_of_ones_own_called_origin_changes_no_rule():
    own = pd.DataFrame({"case_id": ["n1"], "place_id": ["430000"], "stage": ["pilot"], "locator": [None]})
    for frame in (own, own.assign(origin="web")):
        assert kj.validate(frame)["column"].tolist() == ["locator"]
    bare = own.assign(stage_status=None, locator="p1")
    assert len(kj.validate(bare)) == len(kj.validate(bare.assign(origin="web"))) == 1


@pytest.mark.parametrize("made", [on_pandas, on_polars, on_duckdb])
def test_a_date_of_many_strokes_ends(made):
    cells = {"case_id": "n1", "place_id": "430000", "stage": "pilot", "source": "a", "locator": "b"}
    cells |= {"adopted": "/" * 100_000 + "\n\n", "adopted_earliest": "2020-01-01", "adopted_latest": "2020-01-01"}
    found = kj.validate(made([tuple(cells.values())], tuple(cells)))
    assert rows_of(found, ("column", "rule")) == Counter([("adopted", "date")])


def test_a_path_may_begin_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    kj.coding_sheet("~/mine.csv", variables=["stage"])
    assert len(kj.read_coding_sheet("~/mine.csv").cases) == 0
    (tmp_path / "copies").mkdir()
    assert kj.validate(folder="~/copies")["rule"].unique().tolist() == ["file"]
