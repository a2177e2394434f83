"""One result on every engine: naming, crosstab, co_occurrence and adoption against plain Python."""

import re
from collections import Counter
from datetime import date, time, timedelta
from decimal import Decimal
from itertools import combinations, product

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import kejigai_data as kj
from kejigai_data import spreading
from kejigai_data.engines import collected
from kejigai_data.spreading import NEVER, turnbull

from .engines import on_dask, on_duckdb, on_lazy, on_objects, on_pandas, on_polars, on_spark, rows_of

TEXT = ("place_id", "mechanism", "factors", "adopted_earliest", "adopted_latest")


def on_categories(rows, columns):
    return on_pandas(rows, columns).astype({"mechanism": "category", "factors": "category"})


ENGINES = [on_pandas, on_categories, on_polars, on_lazy, on_duckdb, on_dask]
SPARK = pytest.param(on_spark, marks=pytest.mark.slow)
every_engine = pytest.mark.parametrize("made", [*ENGINES, SPARK])


PLACES = ["110000", "370000", "上海", "Zürich", "", "a;b"]
MECHANISMS = ["award_reform", "省实验室", "x", "écart", "ownership_reform"]
FACTORS = ["technology", "technology;labour", "labour;capital", "capital", "technology;foo", "土地"]
DAYS = ["2018-01-01", "2019-06-30", "2020-02-29", "2021-12-31"]


def maybe(values):
    return st.none() | st.sampled_from(values)


@st.composite
def spans(draw):
    first, last = sorted([draw(st.sampled_from(DAYS)), draw(st.sampled_from(DAYS))])
    return draw(st.sampled_from([(first, last), (None, last), (first, None), (None, None), (last, last)]))


ROW = st.tuples(maybe(PLACES), maybe(MECHANISMS), maybe(FACTORS), spans())
ROWS = st.lists(ROW.map(lambda row: (*row[:3], *row[3])), max_size=12)
# Empty, one row, and columns without any value: what random frames rarely are.
EXTREMES = [
    [],
    [("110000", "x", "technology", None, "2020-02-29")],
    [(None, None, None, None, None)] * 3,
    [("110000", None, "technology", "2018-01-01", None), ("110000", None, "technology", None, None)],
]
SOME = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=[Phase.generate],
)


def plain_naming(rows):
    groups = {}
    for place, mechanism, *_ in rows:
        groups.setdefault(mechanism, []).append(place)
    return Counter((len(p), m, len(set(p) - {None})) for m, p in groups.items())


def plain_crosstab(rows):
    counts = Counter((row[1], row[2]) for row in rows)
    return Counter((n, factors, mechanism) for (mechanism, factors), n in counts.items())


def plain_pairs(members):
    """Count units in which two codes meet; `members` are (unit, code)."""
    by_unit = {}
    for unit, code in members:
        if unit and code:
            by_unit.setdefault(unit, set()).add(code)
    pairs = Counter(pair for codes in by_unit.values() for pair in combinations(sorted(codes), 2))
    return Counter((*pair, n) for pair, n in pairs.items())


def plain_members(rows):
    known = kj.load("codes").query("variable == 'factors'")["code"].tolist()
    for place, _, factors, *_ in rows:
        parts = factors.split(";") if factors else []
        yield from ((place, part) for part in parts if part in known)
        if any(part not in known for part in parts):
            yield place, factors


def plain_adoption(rows, at_risk):
    units = {}
    for place, _, _, first, last in rows:
        if place:
            units.setdefault(place, []).append((first, last))
    found, outside = [], 0
    for unit in {*units, *at_risk}:
        spans_here = units.get(unit, [(None, None)])
        adopted = [span for span in spans_here if span[1]]
        if unit not in at_risk:
            outside += 1
        elif adopted:
            first = None if any(not a for a, _ in adopted) else min(a for a, _ in adopted)
            found.append((first, min(b for _, b in adopted)))
        else:
            found.append((max((a for a, _ in spans_here if a), default=None), None))
    result = Counter()
    for (first, last), n in Counter(found).items():
        fate = "adopted" if last else "not_yet" if first else "unknown"
        least = sum(1 for _, b in found if b and b <= last) if last else None
        most = sum(1 for a, _ in found if a is None or a <= last) if last else None
        result[first, fate, last, least, most, n] += 1
    if outside:
        result[None, "outside", None, None, None, outside] += 1
    return result


@every_engine
def test_naming_is_the_same_everywhere(made):
    @settings(SOME, max_examples=4 if made is on_dask else 12)
    @given(ROWS)
    def check(rows):
        assert rows_of(kj.naming(made(rows, TEXT))) == plain_naming(rows)

    check()
    for rows in EXTREMES:
        assert rows_of(kj.naming(made(rows, TEXT))) == plain_naming(rows)


@every_engine
def test_crosstab_is_the_same_everywhere(made):
    @settings(SOME, max_examples=4 if made is on_dask else 12)
    @given(ROWS)
    def check(rows):
        assert rows_of(kj.crosstab(made(rows, TEXT), "mechanism", "factors")) == plain_crosstab(rows)

    check()
    for rows in EXTREMES:
        assert rows_of(kj.crosstab(made(rows, TEXT), "mechanism", "factors")) == plain_crosstab(rows)


@every_engine
def test_co_occurrence_is_the_same_everywhere(made):
    @settings(SOME, max_examples=4 if made is on_dask else 12)
    @given(ROWS)
    def check(rows):
        assert rows_of(kj.co_occurrence(made(rows, TEXT))) == plain_pairs((row[0], row[1]) for row in rows)
        assert rows_of(kj.co_occurrence(made(rows, TEXT), "factors")) == plain_pairs(plain_members(rows))

    check()
    for rows in EXTREMES:
        assert rows_of(kj.co_occurrence(made(rows, TEXT), "factors")) == plain_pairs(plain_members(rows))


AT_RISK = ["110000", "370000", "440000"]


@every_engine
def test_adoption_is_the_same_everywhere(made):
    @settings(SOME, max_examples=4 if made is on_dask else 12)
    @given(ROWS)
    def check(rows):
        expected = plain_adoption(rows, AT_RISK)
        assert rows_of(kj.adoption(made(rows, TEXT), AT_RISK)) == expected
        risk = made([(place, None, None, None, None) for place in [*AT_RISK, "110000", None]], TEXT)
        assert rows_of(kj.adoption(made(rows, TEXT), risk)) == expected

    check()
    for rows in EXTREMES:
        assert rows_of(kj.adoption(made(rows, TEXT), AT_RISK)) == plain_adoption(rows, AT_RISK)


def polars_dates(rows, columns):
    return on_polars(rows, columns).with_columns(pl.col("^adopted.*$").str.to_date())


def polars_times(rows, columns):
    return polars_dates(rows, columns).with_columns(pl.col("^adopted.*$").cast(pl.Datetime("ns", "UTC")))


def duckdb_dates(rows, columns):
    return duckdb.from_arrow(polars_dates(rows, columns).to_arrow())


def pandas_times(rows, columns):
    return on_pandas(rows, columns).astype(dict.fromkeys(("adopted_earliest", "adopted_latest"), "datetime64[ns]"))


@pytest.mark.parametrize("made", [polars_dates, polars_times, duckdb_dates, pandas_times, on_objects])
def test_adoption_is_the_same_whatever_days_are_kept_as(made):
    @settings(SOME, max_examples=40)
    @given(ROWS)
    def check(rows):
        assert rows_of(kj.adoption(made(rows, TEXT), AT_RISK)) == plain_adoption(rows, AT_RISK)

    check()
    for rows in EXTREMES:
        assert rows_of(kj.adoption(made(rows, TEXT), AT_RISK)) == plain_adoption(rows, AT_RISK)


def test_a_dask_frame_of_many_parts_gives_the_same():
    import dask.dataframe as dd

    days = [(None, None), ("2018-01-01", "2019-06-30"), (None, "2020-02-29"), ("2021-12-31", None)]
    cells = product(PLACES, MECHANISMS, FACTORS[:3], days)
    rows = [(*row[:3], *row[3]) for row in cells]
    frame = dd.from_pandas(on_pandas(rows, TEXT), npartitions=12)
    assert frame.npartitions == 12
    risk = frame[["place_id"]].query("place_id in ('110000', '370000')").drop_duplicates()
    assert rows_of(kj.adoption(frame, AT_RISK)) == plain_adoption(rows, AT_RISK)
    assert rows_of(kj.adoption(frame, risk)) == plain_adoption(rows, AT_RISK[:2])
    assert rows_of(kj.naming(frame)) == plain_naming(rows)
    assert rows_of(kj.crosstab(frame, "mechanism", "factors")) == plain_crosstab(rows)
    assert rows_of(kj.co_occurrence(frame)) == plain_pairs((row[0], row[1]) for row in rows)
    assert rows_of(kj.co_occurrence(frame, "factors")) == plain_pairs(plain_members(rows))


@pytest.mark.parametrize("made", [on_lazy, on_duckdb, on_dask])
def test_lazy_frames_stay_lazy_and_of_their_kind(made):
    frame = made([("110000", "x", "technology", None, "2020-02-29")], TEXT)
    results = [
        kj.naming(frame),
        kj.crosstab(frame, "mechanism", "factors"),
        kj.co_occurrence(frame),
        kj.adoption(frame, AT_RISK),
    ]
    for result in results:
        assert type(result) is type(frame)


def test_dates_may_be_dates_or_timestamps():
    frame = on_polars(
        [("110000", "x", None, "2018-01-01", "2018-01-01"), ("370000", "x", None, None, "2020-02-29")], TEXT
    )
    dated = frame.with_columns(pl.col("^adopted.*$").str.to_date())
    for one in (dated, dated.to_pandas().astype({"adopted_latest": "datetime64[us]"}), dated.lazy()):
        found = nw.from_native(kj.adoption(one, AT_RISK))
        found = found.collect() if hasattr(found, "collect") else found
        rows = {row["fate"]: row for row in found.filter(nw.col("earliest").is_null()).rows(named=True)}
        assert rows["adopted"]["least"] == 2
        assert rows["adopted"]["most"] == 3


@pytest.mark.parametrize("made", [on_pandas, on_polars, on_lazy, on_duckdb, on_dask])
def test_codes_that_were_read_as_numbers_are_the_same_codes(made):
    rows = [("110000", "x", None, "2018-01-01", "2018-01-01"), ("370000", "y", None, None, "2020-02-29")]
    text = made(rows, TEXT)
    numbers = nw.from_native(text).with_columns(nw.col("place_id").cast(nw.Int64)).to_native()
    assert rows_of(kj.adoption(numbers, AT_RISK)) == rows_of(kj.adoption(text, AT_RISK))
    assert rows_of(kj.adoption(text, numbers)) == rows_of(kj.adoption(text, text))
    assert rows_of(kj.crosstab(numbers, "place_id", "mechanism")) == rows_of(
        kj.crosstab(text, "place_id", "mechanism")
    )


def test_arrow_tables_of_both_kinds_of_text_work():
    rows = [("110000", "x", "technology;data", "2018-01-01", "2018-01-01")]
    for kind in (pa.string(), pa.large_string()):
        table = pa.Table.from_pylist(
            [dict(zip(TEXT, row, strict=True)) for row in rows], schema=pa.schema([(name, kind) for name in TEXT])
        )
        assert rows_of(kj.adoption(table, AT_RISK)) == rows_of(kj.adoption(on_polars(rows, TEXT), AT_RISK))
        assert rows_of(kj.adoption(table, table)) == rows_of(kj.adoption(on_polars(rows, TEXT), ["110000"]))
        assert rows_of(kj.co_occurrence(table, "factors")) == Counter({("data", "technology", 1): 1})


def of_no_kind(engine):
    """Return two cases, of which nothing is known, as each engine types what has no value."""
    names = ["place_id", "mechanism", "factors", "adopted_earliest", "adopted_latest"]
    if engine == "duckdb":
        nothing = ", ".join(f"null as {name}" for name in names)
        return duckdb.sql(f"select 'a' as case_id, {nothing} union all select 'b', {nothing}")
    if engine == "duckdb from pandas":
        return duckdb.from_df(pd.DataFrame({"case_id": ["a", "b"], **{name: [None, None] for name in names}}))
    if engine == "arrow":
        return pa.table({"case_id": ["a", "b"], **{name: pa.nulls(2) for name in names}})
    frame = pl.DataFrame({"case_id": ["a", "b"], **{name: [None, None] for name in names}})
    return frame.lazy() if engine == "lazy" else frame


@pytest.mark.parametrize("engine", ["duckdb", "duckdb from pandas", "arrow", "polars", "lazy"])
def test_a_column_of_nothing_is_a_column_of_gaps(engine):
    frame = of_no_kind(engine)
    assert rows_of(kj.co_occurrence(frame, "factors", "case_id")) == Counter()
    assert rows_of(kj.co_occurrence(frame)) == Counter()
    assert rows_of(kj.naming(frame)) == Counter({(2, None, 0): 1})
    assert rows_of(kj.crosstab(frame, "mechanism", "factors")) == Counter({(2, None, None): 1})
    assert rows_of(kj.adoption(frame, AT_RISK)) == plain_adoption([(None,) * 5] * 2, AT_RISK)


@every_engine
def test_an_empty_text_meets_nothing_and_spaces_make_no_other_member(made):
    rows = [("110000", "x", "capital; labour;", None, None), ("370000", "", "", None, None)]
    rows += [("", "x", "capital;labour", None, None), ("", "y", None, None, None)]
    rows += [("370000", "x", "capital", None, None)]
    frame = made(rows, TEXT)
    assert rows_of(kj.co_occurrence(frame)) == Counter()
    assert rows_of(kj.co_occurrence(frame, "factors")) == Counter({("capital", "labour", 1): 1})


@pytest.mark.parametrize("made", [on_pandas, on_polars, on_lazy, on_duckdb])
@pytest.mark.parametrize("ids", [["c001", None], [None, "c001"]])
def test_a_case_without_an_id_is_none_of_the_articles_on_any_engine(made, ids):
    rows = [(ids[0], "110000", "2020-01-01", "2020-12-31"), (ids[1], "370000", "2020-01-01", "2021-06-30")]
    frame = made(rows, ["case_id", "place_id", "adopted_earliest", "adopted_latest"])
    assert sum(rows_of(kj.adoption(frame, AT_RISK)).values()) == 3


@pytest.mark.parametrize("made", [on_pandas, on_polars, on_lazy, on_duckdb, on_dask])
def test_large_numbers_are_written_without_an_exponent(made):
    names = ["mechanism", "place_id"]
    frame = nw.from_native(made([("110101001001", "x"), ("12345678", "x"), ("1.5", "x"), (None, "x")], names))
    found = kj.naming(frame.with_columns(nw.col("mechanism").cast(nw.Float64)).to_native())
    assert {key for row in rows_of(found) for key in row if isinstance(key, str)} == {
        "110101001001",
        "12345678",
        "1.5",
    }


def test_objects_of_one_kind_with_a_gap_are_of_that_kind():
    places = ["110000", "370000"]
    for values, name in (([True, None], "true"), ([1, None], "1"), (["x", None], "x")):
        frame = pd.DataFrame({"m": pd.Series(values, dtype=object), "place_id": places})
        assert rows_of(kj.naming(frame, "m")) == Counter({(1, name, 1): 1, (1, None, 1): 1})
    days = {"adopted_earliest": "2020-01-01", "adopted_latest": "2020-12-31"}
    frame = pd.DataFrame({"place_id": pd.Series([110000, None], dtype=object), **days})
    assert rows_of(kj.adoption(frame, AT_RISK)) == rows_of(kj.adoption(frame.astype("string"), AT_RISK))
    with pytest.raises(kj.SelectionError, match="at_risk is empty"):
        kj.adoption(frame, pd.DataFrame({"place_id": []}))


@pytest.mark.parametrize("engine", ["polars", "duckdb", "arrow", "pandas"])
def test_days_meet_as_codes_do(engine):
    table = pa.table({"place_id": ["x", "x"], "day": [date(2020, 1, 1), date(2021, 1, 1)]})
    frames = {"arrow": table, "polars": pl.from_arrow(table), "duckdb": duckdb.from_arrow(table)}
    frame = frames.get(engine, table.to_pandas().astype({"day": "datetime64[us]"}))
    ((left, right, units),) = rows_of(kj.co_occurrence(frame, "day"))
    assert {str(left)[:10], str(right)[:10], str(units)[:10]} == {"1", "2020-01-01", "2021-01-01"}


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_a_column_without_any_day_has_no_kind_of_its_own(nothing):
    frame = pd.DataFrame({"place_id": ["110000"], "adopted_latest": nothing})
    for first in ("2018-01-01", pd.Timestamp("2018-01-01")):
        found = kj.adoption(frame.assign(adopted_earliest=first), AT_RISK)
        assert sorted(found["fate"]) == ["not_yet", "unknown"]


def test_a_lazy_frame_is_read_once(tmp_path):
    on_polars([("110000", "x", None, "2018-01-01", "2018-01-01")], TEXT).write_parquet(tmp_path / "rows.parquet")
    rows = pl.scan_parquet(tmp_path / "rows.parquet")
    for risk in (AT_RISK, on_lazy([("110000", *[None] * 4)], TEXT)):
        assert kj.adoption(rows, risk).explain().count(" SCAN ") == 1


def test_named_cases_are_no_adoption():
    cases = kj.load_cases()
    for frame in (cases, pl.from_pandas(cases[["case_id", "place_id", "adopted_earliest", "adopted_latest"]])):
        with pytest.raises(kj.SelectionError, match="an article names some places"):
            kj.adoption(frame, at_risk=["110000", "310000"])
    with pytest.raises(kj.SelectionError, match="needs a risk set"):
        kj.adoption(on_pandas([], TEXT))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda f: kj.naming("no frame"), kj.SelectionError, "must be a frame of pandas, polars"),
        (lambda f: kj.naming(f, "mechanim"), kj.UnknownNameError, "mechanism"),
        (lambda f: kj.naming(f, []), kj.SelectionError, "names no column"),
        (lambda f: kj.naming(f, ["mechanism", "mechanism"]), kj.SelectionError, "twice"),
        (lambda f: kj.naming(f.rename(columns={"mechanism": "cases"}), "cases"), kj.SelectionError, "rename"),
        (lambda f: kj.crosstab(f, "mechanism", "mechanism"), kj.SelectionError, "twice"),
        (lambda f: kj.co_occurrence(f, "place_id", "place_id"), kj.SelectionError, "name what occurs"),
        (lambda f: kj.naming(f, "place_id"), kj.SelectionError, "by and place both name"),
        (lambda f: kj.naming(f.rename(columns={"mechanism": "_placed"}), "_placed"), kj.SelectionError, "rename"),
        (lambda f: kj.crosstab(f.assign(a=[["x"]]), "a", "mechanism"), kj.SelectionError, "one code a cell"),
        (
            lambda f: kj.naming(pl.from_pandas(f).with_columns(a=[["x"]]), "a"),
            kj.SelectionError,
            "one code a cell",
        ),
        (lambda f: kj.adoption(f, []), kj.SelectionError, "at_risk is empty"),
        (lambda f: kj.adoption(f.assign(place_id=1.5), AT_RISK), kj.SelectionError, "and holds 1.5"),
        (lambda f: kj.adoption(f, [True]), kj.SelectionError, "each of at_risk"),
        (lambda f: kj.adoption(f.assign(adopted_latest=2020), AT_RISK), kj.SelectionError, "should hold days"),
        (lambda f: kj.adoption(f.assign(adopted_latest="2020-02"), AT_RISK), kj.SelectionError, "is no day"),
        (
            lambda f: kj.adoption(f.assign(adopted_earliest="2022-01-01"), AT_RISK),
            kj.SelectionError,
            "first day lies after the last",
        ),
        (
            lambda f: kj.adoption(f.assign(adopted_earliest=pd.Timestamp("2020-01-01")), AT_RISK),
            kj.SelectionError,
            "give both as one kind",
        ),
        (
            lambda f: kj.adoption_curve(
                kj.adoption(pl.from_pandas(f.assign(adopted_earliest="2022-01-01")).lazy(), AT_RISK)
            ),
            kj.SelectionError,
            "first day lies after the last",
        ),
        (
            lambda f: kj.adoption(duckdb.connect().from_df(f), duckdb.connect().from_df(f)),
            kj.SelectionError,
            "two DuckDB connections",
        ),
        (lambda f: kj.adoption(f, "110000"), kj.SelectionError, "not the text"),
        (lambda f: kj.adoption(f, ["110000", "440300"]), kj.SelectionError, "mixes levels: city .*province"),
        (lambda f: kj.adoption(f, ["110000", "jingjinji"]), kj.SelectionError, "mixes levels"),
        (lambda f: kj.adoption(f, on_polars([("110000", *[None] * 4)], TEXT)), kj.SelectionError, "as one kind"),
        (lambda f: kj.adoption_curve(f), kj.UnknownNameError, "earliest"),
        (lambda f: kj.adoption_curve(kj.adoption(f, ["990000"])), kj.SelectionError, "nothing to estimate"),
    ],
)
def test_errors_say_what_is_wrong(call, error, words):
    frame = on_pandas([("110000", "x", "technology", None, "2020-02-29")], TEXT)
    with pytest.raises(error, match=words):
        call(frame)


def test_a_risk_set_given_as_a_frame_is_checked_for_its_level():
    frame = on_lazy([("110000", "x", "technology", None, "2020-02-29")], TEXT)
    with pytest.raises(kj.SelectionError, match="mixes levels"):
        kj.adoption(frame, on_lazy([(place, *[None] * 4) for place in ("110000", "110101")], TEXT))
    with pytest.raises(kj.SelectionError, match="at_risk is empty"):
        kj.adoption(frame, on_lazy([], TEXT))


# Months to cosmetic deterioration after radiotherapy alone, 46 patients, (left, right]; 100 is never.
# Finkelstein, D. M., & Wolfe, R. A. (1985). A semiparametric model for regression analysis of
# interval-censored failure time data. Biometrics, 41, 933–945.
COSMESIS = (
    "45-100 6-10 0-7 46-100 46-100 7-16 17-100 7-14 37-44 0-8 4-11 15-100 11-15 22-100 46-100 46-100 25-37 "
    "46-100 26-40 46-100 27-34 36-44 46-100 36-48 37-100 40-100 17-25 46-100 11-18 38-100 5-12 37-100 0-5 18-100 "
    "24-100 36-100 5-11 19-35 17-25 24-100 32-100 33-100 19-26 37-100 34-100 36-100"
)
# survfit(Surv(left, right, type = "interval2") ~ 1) of R's survival package 3.5-3 gives the same.
SURVIVAL = {5: 0.9537, 7: 0.9203, 8: 0.8316, 12: 0.7609, 25: 0.6682, 34: 0.5864, 40: 0.4656}


def test_turnbull_gives_the_published_estimate():
    spans = [tuple(map(int, span.split("-"))) for span in COSMESIS.split()]
    intervals, mass = turnbull([a + 1 for a, _ in spans], [b if b < 100 else NEVER for _, b in spans], [1] * 46)
    left = dict(zip([end for _, end in intervals], 1 - mass.cumsum(), strict=True))
    assert {month: round(left[month], 4) for month in SURVIVAL} == pytest.approx(SURVIVAL, abs=1e-4)


def test_exact_dates_give_kaplan_and_meier():
    """Remission in weeks, maintained group: Miller, R. G. (1981). Survival analysis. Wiley, p. 49."""
    weeks = [(9, 1), (13, 1), (13, 0), (18, 1), (23, 1), (28, 0), (31, 1), (34, 1), (45, 0), (48, 1), (161, 0)]
    first = [week if seen else week + 1 for week, seen in weeks]
    last = [week if seen else NEVER for week, seen in weeks]
    intervals, mass = turnbull(first, last, [1] * 11)
    left = dict(zip([end for _, end in intervals], 1 - mass.cumsum(), strict=True))
    published = {9: 0.909, 13: 0.818, 18: 0.716, 23: 0.614, 31: 0.491, 34: 0.368, 48: 0.184}
    assert {week: left[week] for week in published} == pytest.approx(published, abs=6e-4)


def test_unknown_fate_widens_the_bounds_and_is_not_censored():
    rows = [("370100", "x", None, "2020-03-01", "2020-03-01"), ("370200", "x", None, "2021-05-01", "2021-05-01")]
    few = kj.adoption_curve(kj.adoption(on_pandas(rows, TEXT), ["370100", "370200"]))
    more = kj.adoption_curve(kj.adoption(on_pandas(rows, TEXT), ["370100", "370200", "370300", "370400"]))
    assert few["known"].tolist() == more["known"].tolist() == [0.5, 1.0]
    assert more[["low", "high"]].values.tolist() == [[0.25, 0.75], [0.5, 1.0]]


@every_engine
def test_an_empty_text_leaves_an_end_open(made):
    texts = [("370100", "2020-01-01", "2020-12-31"), ("370200", "", "2021-06-30"), ("370300", "2022-12-31", "")]
    rows = [(place, None, None, first, last) for place, first, last in texts]
    missing = [tuple(cell or None for cell in row) for row in rows]
    risk = ["370100", "370200", "370300"]
    assert rows_of(kj.adoption(made(rows, TEXT), risk)) == rows_of(kj.adoption(made(missing, TEXT), risk))


@pytest.mark.parametrize("day", ["20200101", "2020-W53-4", "2020-1-1", "2020-01-01 10:00", "2020"])
def test_what_is_no_day_is_named(day):
    frame = pd.DataFrame({"place_id": ["370100"], "adopted_earliest": [None], "adopted_latest": [day]})
    with pytest.raises(kj.SelectionError, match=re.escape(repr(day))):
        kj.adoption(frame, ["370100"])


@pytest.mark.parametrize("made", [polars_times, pandas_times])
def test_of_a_timestamp_the_day_counts(made):
    rows = [("370100", None, None, "2020-01-01", "2020-01-01")]
    frame = (
        nw.from_native(made(rows, TEXT)).with_columns(nw.col("adopted_earliest") + timedelta(hours=10)).to_native()
    )
    assert rows_of(kj.adoption(frame, ["370100"])) == rows_of(kj.adoption(made(rows, TEXT), ["370100"]))


def test_the_estimate_settles_on_ordinary_intervals():
    """Turnbull's own iteration needs more than 100 000 rounds for the first six."""
    firsts = ["2022-09-17", "2020-11-26", "2020-05-30", "2020-12-26", "2021-05-25", "2022-08-18"]
    lasts = ["2023-06-14", "2020-12-26", "2020-11-26", "2021-12-21", "2022-09-17", "2023-10-12"]
    first, last = ([date.fromisoformat(day).toordinal() for day in days] for days in (firsts, lasts))
    _, mass = turnbull(first, last, [1] * 6)
    assert np.cumsum(mass)[mass > 1e-5] == pytest.approx([0.25, 0.5, 1], abs=1e-6)
    random = np.random.default_rng(3)
    for units in (5, 40, 400):
        first = random.integers(0, 900, units)
        last = np.where(random.random(units) < 0.2, NEVER, first + random.integers(0, 400, units))
        intervals, mass = turnbull(first.tolist(), last.tolist(), [1] * units)
        # The mark of the most likely masses: no interval deserves more than it has.
        begin, end = np.array(intervals).T
        covers = (first[:, None] <= begin) & (end <= last[:, None])
        deserved = (1 / units / (covers @ mass)) @ covers
        assert deserved.max() < 1 + 1e-6
        assert mass.sum() == pytest.approx(1)


@pytest.mark.parametrize("made", [on_pandas, on_polars, on_lazy, on_duckdb])
def test_numbers_with_gaps_and_flags_are_codes_as_text(made):
    rows = [("10", "p"), ("9", "p"), ("10", "q"), (None, "q"), ("9.5", "q")]
    text = nw.from_native(made(rows, ["mechanism", "place_id"]))
    frame = text.with_columns(
        nw.col("mechanism").cast(nw.Float64), flag=nw.col("place_id") == nw.lit("p")
    ).to_native()
    found = Counter({(2, "10", 2): 1, (1, "9", 1): 1, (1, "9.5", 1): 1, (1, None, 1): 1})
    assert rows_of(kj.naming(frame)) == found
    assert rows_of(kj.naming(frame, "flag")) == Counter({(2, "true", 1): 1, (3, "false", 1): 1})
    assert ("10", "9", 1) in rows_of(kj.co_occurrence(frame))


def test_what_is_no_number_is_missing_on_polars_too():
    frame = pl.DataFrame({"mechanism": [1.0, None, float("nan")], "place_id": ["p", "q", "r"]})
    assert rows_of(kj.naming(frame)) == Counter({(1, "1", 1): 1, (2, None, 2): 1})


PERIODS = pd.DataFrame({"place_id": ["110000"], "adopted_earliest": pd.PeriodIndex(["2021-01-01"], freq="D")})
PERIODS["adopted_latest"] = PERIODS["adopted_earliest"]
UNIONS = """select '110000' place_id, ('2021-01-01')::union(a date, b varchar) adopted_earliest,
    ('2021-01-01')::union(a date, b varchar) adopted_latest"""


@pytest.mark.parametrize(
    "frame",
    [
        PERIODS,
        duckdb.sql(UNIONS),
        pl.DataFrame({"place_id": ["1"], "adopted_earliest": [time(8)], "adopted_latest": [time(9)]}),
        pd.DataFrame({"place_id": ["1", "2"], "adopted_earliest": [date(2021, 7, 1), "2021-08-01"]}).assign(
            adopted_latest=lambda frame: frame["adopted_earliest"]
        ),
        pd.DataFrame(
            {"place_id": ["1"], "adopted_earliest": [date(2021, 7, 1)], "adopted_latest": ["2021-08-01"]}
        ),
    ],
)
def test_days_of_kinds_that_cannot_be_compared_are_refused(frame):
    with pytest.raises(kj.SelectionError, match="Days are dates, timestamps or ISO text"):
        kj.adoption(frame, ["110000"])


@pytest.mark.parametrize("kind", ["string", "string[pyarrow]"])
def test_the_curve_takes_the_packages_own_text(kind):
    rows = [("370100", "2020-01-01", "2020-12-31"), ("370200", "2021-01-01", None)]
    frame = pd.DataFrame(rows, columns=["place_id", "adopted_earliest", "adopted_latest"])
    expected = kj.adoption_curve(kj.adoption(frame, ["370100", "370200", "370300"]))
    pairs = kj.adoption(frame.astype(kind), ["370100", "370200", "370300"])
    pd.testing.assert_frame_equal(kj.adoption_curve(pairs), expected)


@pytest.mark.parametrize("kind", ["dask", "categories", "categories on dask", "decimal", "polars", "duckdb"])
def test_ids_that_a_gap_made_decimal_are_found(tmp_path, kind):
    """A part of a Dask frame with a gap holds decimal numbers, and so do categories made after reading."""
    import dask.dataframe as dd

    days = ["2020-01-01", "2021-01-01", None]
    table = {"place_id": [370100, 370200, None], "adopted_earliest": days, "adopted_latest": days}
    made = pl.DataFrame({**table, "stage": ["pilot", "pilot", None]})
    risk = ["370100", "370200", "370300"]
    plain = rows_of(kj.adoption(made, risk))
    assert sum(row[3:] == ("adopted",) or "adopted" in row for row in plain) == 2
    if kind == "dask":
        made.write_parquet(tmp_path / "one.parquet")
        frame = dd.read_parquet(tmp_path / "one.parquet")
    elif kind in ("polars", "duckdb"):
        frame = made.with_columns(pl.col("place_id").cast(pl.Float64)).lazy()
        frame = duckdb.from_arrow(frame.collect().to_arrow()) if kind == "duckdb" else frame
    elif kind == "decimal":
        frame = pd.DataFrame({**table, "stage": ["pilot", "pilot", None]})
        assert frame["place_id"].dtype == float
    else:
        frame = pd.DataFrame({**table, "stage": pd.Categorical(["pilot", "pilot", None])})
        frame["place_id"] = frame["place_id"].astype("category")
        frame = dd.from_pandas(frame, npartitions=1) if "dask" in kind else frame
    assert rows_of(kj.adoption(frame, risk)) == plain
    assert rows_of(kj.naming(frame, "place_id", place="stage")) == rows_of(
        kj.naming(made, "place_id", place="stage")
    )
    assert rows_of(kj.validate(frame, key="place_id"), ["rule"]) == {("required",): 1}
    assert rows_of(kj.adoption(frame, [float(one) for one in risk])) == plain


@every_engine
@pytest.mark.parametrize("word", ["None", "nan", "NaT", "<NA>"])
def test_a_word_for_missing_is_no_day(made, word):
    rows = [("370100", None, None, "2020-01-01", "2020-01-01"), ("370200", None, None, word, word)]
    rows += [("370300", None, None, "2022-12-31", word)]
    found = kj.adoption(made(rows, TEXT), ["370100", "370200", "370300"])
    assert rows_of(found, ["fate", "units"]) == {("adopted", 1): 1, ("unknown", 1): 1, ("not_yet", 1): 1}
    kept = collected(nw.from_native(found)).to_native()
    assert kj.adoption_curve(kept)["known"].tolist() == [0.5]


@pytest.mark.parametrize("made", [on_pandas, on_duckdb, on_polars])
@pytest.mark.parametrize("name", ["CASES", "Places"])
def test_a_name_of_the_result_is_taken_in_capitals_too(made, name):
    frame = made([("a", "x")], [name, "place_id"])
    with pytest.raises(kj.SelectionError, match="of its own"):
        kj.naming(frame, name)


def test_a_column_of_nothing_from_arrow_in_pandas_is_one_of_gaps():
    nothing = pl.DataFrame({"place_id": ["1", "2"], "mechanism": pl.Series([None, None], dtype=pl.Null)})
    frame = nothing.to_pandas(use_pyarrow_extension_array=True)
    assert len(kj.co_occurrence(frame)) == 0
    assert kj.naming(frame)["cases"].tolist() == [2]


@pytest.mark.parametrize("engine", ["polars", "duckdb", "pandas"])
def test_exact_decimals_are_codes_as_text(engine):
    cells = [Decimal("1.0"), Decimal("1.0"), Decimal("2.5"), None]
    frame = {"stage": cells, "place_id": ["a", "b", "a", "a"]}
    made = pd.DataFrame(frame) if engine == "pandas" else pl.DataFrame(frame)
    made = duckdb.from_arrow(made.to_arrow()) if engine == "duckdb" else made
    assert rows_of(kj.naming(made, "stage"), ["stage", "cases"]) == {("1", 2): 1, ("2.5", 1): 1, (None, 1): 1}


def test_few_adoptions_among_a_million_units_are_seen():
    """The share of one unit is then a millionth."""
    pairs = pd.DataFrame(
        {
            "earliest": ["2020-01-01", "2021-05-01", "2022-12-31"],
            "latest": ["2020-01-01", "2021-05-01", None],
            "fate": ["adopted", "adopted", "not_yet"],
            "units": [3, 4, 999_993],
            "least": [3, 7, None],
            "most": [3, 7, None],
        }
    )
    assert (kj.adoption_curve(pairs)["known"] * 1_000_000).tolist() == pytest.approx([3, 7])
    wide = pairs.assign(earliest=["2020-01-01", "2020-06-01", "2022-12-31"])
    assert (kj.adoption_curve(wide)["known"] * 1_000_000).tolist() == pytest.approx([3, 7])


def test_the_formula_and_the_search_give_the_same():
    random = np.random.default_rng(4)
    for units in (2, 9, 60):
        first = random.integers(0, 40, units).tolist()
        last = [NEVER if random.random() < 0.4 else day for day in first]
        weight = np.full(units, 1 / units)
        intervals, mass = turnbull(first, last, [1] * units)
        begin, end = np.array(intervals).T
        spans = np.searchsorted(begin, first), np.searchsorted(end, last, side="right")
        assert mass == pytest.approx(spreading._most_likely(*spans, weight, len(intervals)), abs=1e-9)


@pytest.mark.parametrize("made", [on_pandas, on_polars, on_lazy, on_duckdb, on_categories])
@pytest.mark.parametrize(
    ("unit", "cell"), [("", "data"), ("110000", " "), ("110000", "; ;"), ("110000", "\u3000")]
)
def test_what_is_empty_in_any_way_meets_nothing(made, unit, cell):
    rows = [(unit, None, "capital", None, None), (unit, None, cell, None, None)]
    assert rows_of(kj.co_occurrence(made(rows, TEXT), "factors")) == Counter()


def test_dictionaries_of_arrow_in_pandas_are_codes(tmp_path):
    cases = kj.load_cases()
    cases.to_parquet(tmp_path / "cases.parquet")
    frame = pd.read_parquet(tmp_path / "cases.parquet", dtype_backend="pyarrow")
    assert "dictionary" in str(frame["mechanism"].dtype)
    for count in (kj.naming, kj.co_occurrence, lambda one: kj.crosstab(one, "mechanism", "stage")):
        assert rows_of(count(frame)) == rows_of(count(cases))
    assert len(kj.validate(frame)) == 0
    decimal = pd.ArrowDtype(pa.dictionary(pa.int32(), pa.float64()))
    numbers = pd.DataFrame({"stage": pd.array([1.0, None], dtype=decimal), "place_id": ["a", "b"]})
    assert rows_of(kj.naming(numbers, "stage"), ["stage", "cases"]) == {("1", 1): 1, (None, 1): 1}


@pytest.mark.parametrize("made", [on_pandas, on_polars, on_lazy, on_duckdb, on_dask])
def test_exact_days_may_stand_in_one_column(made):
    frame = made([("370100", "2020-01-01"), ("370200", "2020-03-01")], ("place_id", "day"))
    found = rows_of(kj.adoption(frame, ["370100", "370200"], earliest="day", latest="day"), ("earliest", "least"))
    assert found == Counter([("2020-01-01", 1), ("2020-03-01", 2)])


@pytest.mark.parametrize("made", [on_pandas, on_polars, on_lazy, on_duckdb, SPARK])
@pytest.mark.parametrize("name", ["a.b", "a`b", 'a"b'])
def test_a_name_that_an_engine_cannot_spell_is_told_of_and_no_other(made, name):
    if made is on_spark:
        frame = made([("999999", "x")], ("place_id", "b")).withColumnRenamed("b", name)
    else:
        frame = made([("999999", "x")], ("place_id", name))
    groups = {on_duckdb: ".", on_spark: ".`"}.get(made, "")
    if any(mark in name for mark in groups):
        with pytest.raises(kj.SelectionError, match=r"'a.b'.*Rename it"):
            kj.naming(frame, name)
        with pytest.raises(kj.SelectionError, match=r"'a.b'.*Rename it"):
            kj.validate(frame, key=name)
    else:
        assert rows_of(kj.naming(frame, name)) == Counter([("x", 1, 1)])
        assert rows_of(kj.validate(frame, key=name), ["row", "column"]) == Counter([("x", "place_id")])
    if made is on_duckdb:
        assert rows_of(kj.naming(frame, "place_id", place=name)) == Counter([(1, "999999", 1)])


def test_the_column_of_places_may_be_called_as_the_counts_are():
    frame = on_dask([("x", "1"), ("x", None), (None, "2")], ("stage", "cases"))
    assert rows_of(kj.naming(frame, "stage", place="cases")) == Counter([(2, 1, "x"), (1, 1, None)])
