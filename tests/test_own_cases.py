"""Coding one's own cases: validate on every engine against plain Python, merge, readings, the terminal."""

import json
import subprocess
import sys
from collections import Counter

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
    "adopted",
    "source",
)
CODES = kj.load("codes")
ALLOWED = {
    v: CODES.loc[CODES["variable"] == v, "code"].tolist() for v in ("dimension", "mechanism", "stage", "factors")
}
HOME = CODES[CODES["variable"] == "mechanism"].set_index("code")["dimension"].dropna().to_dict()
PROVINCES = {p[:2] for p in kj.load_places()["place_id"] if p.isdigit()}
PLACES = set(kj.load_places()["place_id"])
VALUED = ("stated", "inferred", "ambiguous", "stated_absent")
STATUSES = (*VALUED, "silent", "not_applicable", "not_found")


def maybe(*values):
    return st.none() | st.sampled_from(values)


ROW = st.tuples(
    maybe("h1", "h2", "h3", "省1"),
    maybe("110000", "430100", "jingjinji", "上海", "999999", ""),
    maybe("legal", "functional", "factor_allocation", "Legal", " "),
    maybe("award_reform", "ip_finance", "international_cooperation_base", "奖励", "AWARD REFORM"),
    maybe("pilot", "ended", "In operation", "pilot\n"),
    maybe("stated", "silent", "ambiguous", "unsure"),
    maybe("technology", "technology;data", "data;technology", "technology;technology", "land", ";"),
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
    maybe("s001", ""),
)
ROWS = st.lists(ROW, max_size=8)


def plain(rows, engine_has_order):
    """Return (row, column, value, rule) as a person would find them."""
    found = Counter()
    seen = Counter()
    for number, cells in enumerate(rows, start=1):
        one = {name: value or None for name, value in zip(COLUMNS, cells, strict=True)}
        where = one["case_id"] or (f"#{number}" if engine_has_order else None)

        def add(column, rule, one=one, where=where):
            found[where, column, one[column], rule] += 1

        for column in ("case_id", "place_id"):
            if one[column] is None:
                add(column, "required")
        place = one["place_id"]
        if place and place not in PLACES and not (len(place) == 6 and place.isdigit() and place[:2] in PROVINCES):
            add("place_id", "foreign_key")
        for variable in ("dimension", "mechanism", "stage"):
            if one[variable] and one[variable] not in ALLOWED[variable]:
                add(variable, "vocabulary")
        parts = one["factors"].split(";") if one["factors"] else []
        known = ALLOWED["factors"]
        if parts and (not set(parts) <= set(known) or parts != sorted(set(parts), key=known.index)):
            add("factors", "vocabulary")
        if one["adopted"]:
            try:
                bounds(one["adopted"])
            except ValueError:
                add("adopted", "type")
        status = one["stage_status"]
        if status and status not in STATUSES:
            add("stage_status", "vocabulary")
        if status and (
            (one["stage"] and status not in VALUED)
            or (not one["stage"] and status in VALUED and status != "ambiguous")
        ):
            add("stage", "value_and_status")
        if one["factors"] and one["dimension"] and one["dimension"] != "factor_allocation":
            add("factors", "applies_to")
        if one["mechanism"] in HOME and one["dimension"] and one["dimension"] != HOME[one["mechanism"]]:
            add("mechanism", "applies_to")
        if not one["source"] and any(one[v] for v in ALLOWED):
            add("source", "source")
        if one["case_id"]:
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
        *((made, ordered, 30) for made, ordered in ENGINES),
        (on_dask, False, 3),
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

    @SOME
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
        # The order of members is a rule of ours alone.
        ordered = {("factors", "data;technology"), ("factors", "technology;technology")}
        assert wrong == set(zip(ours["column"], ours["value"], strict=True)) - ordered

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
    assert kj.validate(pl.LazyFrame({"n": ["1"], "stage": ["x"]}), key="n").collect()["row"].to_list() == ["1"]


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


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda c: kj.merge(own(case_id=["c001", "h2"]), c),
            r"'c001' \(row 1 in own; row 1, .*Shanghai.* in cases\)",
        ),
        (
            lambda c: kj.merge(own(mechanism=["x", "ip_finance"]), c),
            "breaks the codebook in 1 places, first: row h1",
        ),
        (lambda c: kj.merge(own(), kj.load_cases(lang="en")), "labels in place of codes"),
        (lambda c: kj.merge(own().drop(columns="place_id"), c), "place_id"),
        (lambda c: kj.merge([1], c), "own must be a pandas DataFrame"),
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


def test_terminal_validates_a_coding_sheet(tmp_path):
    path = tmp_path / "我的 cases.csv"
    rows = ["case_id,place,stage,source,locator"] + [f"h{n},湖南,pilott,s,1" for n in range(30)]
    path.write_text("\n".join(rows), encoding="gb18030")
    done = run("validate", path)
    assert done.returncode == 1
    assert "30 rows read" in done.stderr
    assert "… and 10 more of these" in done.stdout
    assert done.stdout.rstrip().endswith("30 problems")
    listed = json.loads(run("validate", path, "--json").stdout)
    assert len(listed) == 30
    assert {row["rule"] for row in listed} == {"vocabulary"}
    parquet = tmp_path / "cases.parquet"
    kj.load_cases().to_parquet(parquet)
    assert run("validate", parquet).returncode == 0
    parquet.write_bytes(b"PAR1")
    broken = run("validate", parquet)
    assert broken.returncode == 2
    assert "cannot be read as Parquet" in broken.stderr
