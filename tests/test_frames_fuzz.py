"""Any frame at all, handed to `validate`: a list of problems or our own error, and the frame as it was.

KEJIGAI_FUZZ=100000 pytest -m slow tests/test_frames_fuzz.py tries that many frames instead of a few thousand,
half of them pandas frames, half polars frames.
"""

import copy
import datetime
import decimal
import os

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kejigai_data as kj
from kejigai_data.frame_rules import COLUMNS
from kejigai_data.loading import records
from kejigai_data.validation_texts import RULES

MANY = int(os.environ.get("KEJIGAI_FUZZ", "5000"))
CHECKS = settings(
    max_examples=-(-MANY // 2),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
VARIABLES = [v["variable"] for v in records("variables")]
NAMES = ["case_id", "place_id", "adopted", "adopted_earliest", "adopted_latest", "source", "locator", *VARIABLES]
NAMES += [f"{name}_status" for name in VARIABLES] + ["note", "备注", "", "_row", "_number", "row", "value", "rule"]
CODES = [row[key] for row in records("codes") for key in ("code", "label_zh")]

TEXT = st.one_of(
    st.sampled_from(
        [*CODES, "110000", "430100", "Shanxi", "上海", "2021-07", "../2022", "2021-13", "stated", "silent"]
    ),
    st.sampled_from(
        ["", " ", ";", "technology;technology", "\n", "pilot\n", "\x00", "\ud7ff", "=1+1", "x" * 70_000]
    ),
    st.text(max_size=12),
)
DAYS = st.dates(datetime.date(1600, 1, 1), datetime.date(2300, 1, 1))
NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70), st.floats(), st.sampled_from([110000, 0, -1, np.inf, -np.inf, np.nan, 2021.7])
)
ODD = st.one_of(
    st.none(),
    st.sampled_from(
        [pd.NA, pd.NaT, np.nan, True, b"pilot", {}, [], ["pilot"], ("a", 1), {"a": {"b": 1}}, object, len]
    ),
    st.just(decimal.Decimal("1.5")),
    st.builds(pd.Timestamp, DAYS),
    st.just(pd.Timestamp("2021-01-01", tz="Asia/Shanghai")),
)
ANY = st.one_of(TEXT, NUMBERS, DAYS, ODD)
DTYPES = [
    "object",
    "string",
    "category",
    "float64",
    "Int64",
    "int64",
    "boolean",
    "datetime64[us]",
    "period[M]",
    "str",
]


@st.composite
def columns(draw, cells=ANY):
    """Return columns of one length, often doubled rows, some of one kind of cell only."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=0, max_size=7, unique=True))
    length = draw(st.integers(0, 6))
    kinds = [TEXT, NUMBERS, DAYS, cells, st.none()]
    data = {}
    for name in names:
        kind = draw(st.sampled_from(kinds))
        data[name] = [draw(kind) for _ in range(length)]
    times = draw(st.sampled_from([1, 1, 1, 2, 300]))
    return {name: column * times for name, column in data.items()}


@st.composite
def pandas_frames(draw):
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in draw(columns()).items()})
    for name in list(frame.columns):
        try:
            frame[name] = frame[name].astype(draw(st.sampled_from(DTYPES)))
        except (TypeError, ValueError, OverflowError, NotImplementedError):
            continue
    match draw(st.sampled_from(["plain", "plain", "plain", "twice", "number", "index", "levels"])):
        case "twice":
            frame = pd.concat([frame, frame], axis=1)
        case "number":
            frame.columns = [n if n % 3 else name for n, name in enumerate(frame.columns)]
        case "index":
            frame.index = pd.Index(draw(st.lists(ANY.filter(_hashable), min_size=len(frame), max_size=len(frame))))
        case "levels":
            frame.columns = pd.MultiIndex.from_product([["a"], frame.columns])
    return frame


def _hashable(value):
    return not isinstance(value, list | dict)


@st.composite
def polars_frames(draw):
    made = {}
    for name, cells in draw(columns()).items():
        kept = [None if cell is pd.NA or cell is pd.NaT else cell for cell in cells]
        try:
            made[name] = pl.Series(name, kept, strict=draw(st.booleans()))
        except Exception:
            # What polars itself does not take cannot be handed to us as a frame of polars.
            made[name] = pl.Series(name, [str(cell) for cell in kept])
    frame = pl.DataFrame(list(made.values()))
    return frame.lazy() if draw(st.booleans()) else frame


def problems(frame, lang):
    """Return the columns, rules and messages found, or None where our own error says why there are none."""
    try:
        found = kj.validate(frame, lang=lang)
        found = found.collect() if isinstance(found, pl.LazyFrame) else found
    except kj.KejigaiError:
        return None
    assert tuple(found.columns) == COLUMNS
    assert set(found["rule"]) <= set(RULES)
    return found


@pytest.mark.slow
def test_any_pandas_frame():
    @CHECKS
    @given(pandas_frames(), st.sampled_from(["en", "zh"]))
    def check(frame, lang):
        before = copy.deepcopy(frame)
        problems(frame, lang)
        pd.testing.assert_frame_equal(frame, before)

    check()


@pytest.mark.slow
def test_any_polars_frame():
    @CHECKS
    @given(polars_frames(), st.sampled_from(["en", "zh"]))
    def check(frame, lang):
        lazy = isinstance(frame, pl.LazyFrame)
        before = None if lazy else repr(frame.rows())
        problems(frame, lang)
        assert lazy or repr(frame.rows()) == before

    check()
