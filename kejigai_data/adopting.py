"""How far a reform has spread among places that could have adopted it, with what dates leave open."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from .checks import as_written, is_number, texts
from .engines import beside, collected, fetched, ids_as_text, joinable, one_column, opened, planned
from .errors import SelectionError
from .loading import records

NAMED_ONLY = (
    "Adoption cannot be read from the article's cases alone: an article names some places, "
    "so that a place without a case is not one that did not adopt. "
)
WHAT_TO_GIVE = (
    "Code every place that could have adopted (one administrative level, for example all cities of a province) "
    "and give their ids as at_risk."
)
# GB/T 2260: two digits a level, zeros below the place's own.
LEVELS = {
    "province": "^[0-9]{2}0000$",
    "city": "^[0-9]{2}(?:[0-9][1-9]|[1-9]0)00$",
    "county": "^[0-9]{4}(?:[0-9][1-9]|[1-9]0)$",
}
DAY = re.compile(r"\d{4}-\d\d-\d\d")
DAYS = "Days are dates, timestamps or ISO text such as 2021-07-17, with an empty cell where that end is open."
MISSING = ("None", "nan", "NaT", "<NA>")
COLUMNS = ("earliest", "latest", "fate", "units", "least", "most")


def adoption(
    frame: Any,
    at_risk: Any = None,
    unit: str = "place_id",
    earliest: str = "adopted_earliest",
    latest: str = "adopted_latest",
) -> Any:
    """Count the units at risk by the first and last possible day of their adoption.

    Parameters
    ----------
    frame : pandas, polars, pyarrow, DuckDB, Dask or PySpark frame
        What was coded on one mechanism: a row a finding about a unit. Both days: adopted
        between them. Only `latest`: adopted by then. Only `earliest`: not adopted before it.
        Neither: looked for, fate unknown. Of several rows of a unit the first adoption counts,
        with the days of its own rows; what other rows say it was not before does not narrow them.
    at_risk : iterable of str or number, or frame of the same kind with a column `unit`
        The units that could have adopted, all of one administrative level: codes of GB/T 2260,
        or ids of your own if none is such a code.
    unit, earliest, latest : str
        Columns of `frame`. Ids are text or whole numbers, by a gap made decimal or not; both days
        are dates, timestamps or ISO text (``2021-07-17``; a month or a year is no day: see
        `load_cases` and `merge`, which give the first and the last one).

    Returns
    -------
    frame of the same kind, as lazy as the one given
        One row for each pair of days that occurs: ``earliest``, ``latest``, ``fate``
        (``adopted``; ``not_yet``; ``unknown``: no row, or one without days; ``outside``: units of
        `frame` that are not at risk, counted so that none is dropped in silence; a row without a
        unit, missing or empty, tells of none), ``units`` (how many), and for adopted ones ``least``
        and ``most``: how many of those at risk had adopted by the end of ``latest``, for certain and
        at most. Rows come in no order.

    Raises
    ------
    SelectionError
        Without `at_risk`; if the frame holds only cases that the article names; if the units at
        risk are of several levels, or there are none; if `frame` and `at_risk` are of two kinds;
        if ids or days are of another kind than named. A day that does not exist, and a last day
        before the first, are found here in an eager frame, else by `adoption_curve`.
    UnknownNameError
        If a column is missing.

    Notes
    -----
    Units of unknown fate widen the bounds (none of them adopted, all did); they are never
    treated as censored, which would suppose that they are like the others.

    Examples
    --------
    >>> import pandas as pd, kejigai_data as kj
    >>> coded = pd.DataFrame({
    ...     "place_id": ["370100", "370200", "370300"],
    ...     "adopted_earliest": ["2020-01-01", None, "2022-12-31"],
    ...     "adopted_latest": ["2020-12-31", "2021-06-30", None],
    ... })
    >>> found = kj.adoption(coded, at_risk=["370100", "370200", "370300", "370400"])
    >>> found.query("latest == '2021-06-30'")[["least", "most"]].values.tolist()
    [[2.0, 3.0]]
    """
    import narwhals as nw

    keys = [one_column(name, what) for name, what in ((unit, "unit"), (earliest, "earliest"), (latest, "latest"))]
    if at_risk is None:
        raise SelectionError(f"adoption needs a risk set. {NAMED_ONLY}{WHAT_TO_GIVE}")
    given: Any = opened(frame, keys)
    _named_only(given)
    given = _days_alike(ids_as_text(given, keys[0], "frame"), *keys[1:])
    lowest = _lowest(given.collect_schema()[keys[1]])
    pairs = _pairs(_marked(_first_adoption(planned(given), keys, lowest), at_risk, keys[0]), lowest)
    # One pass over the rows: what follows is on the small table of pairs.
    if not isinstance(given, nw.LazyFrame):
        pairs = collected(pairs)
        sound(pairs.iter_rows(named=True))
    return _on_one_part(pairs, _with_bounds).to_native()


def _named_only(frame: Any) -> None:
    """Stop where every case is one of the article's; of a lazy frame, no more than one row is fetched."""
    import narwhals as nw

    if "case_id" not in frame.collect_schema().names():
        return
    ours = [row["case_id"] for row in records("cases")]
    cases = frame.select("case_id")
    first = fetched(cases.head(1))
    if not first or str(first[0][0]) not in ours:
        return
    case = nw.col("case_id")
    if not fetched(cases.filter(case.is_null() | ~case.is_in(ours)).head(1)):
        raise SelectionError(NAMED_ONLY + WHAT_TO_GIVE)


def _days_alike(cases: Any, earliest: str, latest: str) -> Any:
    """Return the frame with both days of one kind, or say which kinds they are."""
    import narwhals as nw

    schema = cases.collect_schema()
    temporal = (nw.Date, nw.Datetime)
    kinds = {name: schema[name] for name in (earliest, latest)}
    for name, kind in kinds.items():
        other = kinds[latest if name == earliest else earliest]
        # A column without any day has the kind that its engine gives to nothing.
        doubtful = kind in (nw.Unknown, nw.Float64, nw.Float32) or (kind == nw.String and other in temporal)
        if doubtful and _all_missing(cases, name):
            cases = cases.with_columns(nw.lit(None).cast(other if other in temporal else nw.String).alias(name))
        elif kind not in (*temporal, nw.String, nw.Object):
            held = "another kind" if kind == nw.Unknown else kind
            raise SelectionError(f"The column {name!r} should hold days, and holds {held}. {DAYS}")
    first, last = (cases.collect_schema()[name] for name in (earliest, latest))
    if nw.Object in (first, last):
        _of_one_kind(cases, (earliest, latest))
    zones = {getattr(kind, "time_zone", None) for kind in (first, last)}
    if nw.Object not in (first, last) and (type(first) is not type(last) or len(zones) > 1):
        raise SelectionError(f"{earliest!r} holds {first}, {latest!r} holds {last}: give both as one kind. {DAYS}")
    if first == nw.Datetime and first != last:
        cases = cases.with_columns(nw.col(latest).cast(first))
    if first == nw.String:
        # An open end of Stata is an empty text; what was made text of missing values says so in a word.
        days = [nw.col(name) for name in dict.fromkeys((earliest, latest))]
        cases = cases.with_columns(nw.when(~day.is_in(["", *MISSING])).then(day) for day in days)
    return cases


def _all_missing(cases: Any, name: str) -> bool:
    """Tell whether a column holds nothing; of a lazy frame only where its kind is no kind of value."""
    import narwhals as nw

    kind = cases.collect_schema()[name]
    if kind == nw.Unknown:
        return not fetched(cases.select(name).filter(~nw.col(name).is_null()).head(1))
    if not isinstance(cases, nw.DataFrame):
        return False
    cells = cases[name]
    return bool(cells.is_null().all() or (kind.is_float() and cells.is_nan().all()))


def _of_one_kind(cases: Any, names: Iterable[str]) -> None:
    """Stop where cells of Python's own kinds differ: so pandas reads a sheet with text among its days."""
    import narwhals as nw

    if not isinstance(cases, nw.DataFrame):
        return
    cells = (cell for name in names for cell in cases[name].to_list() if str(cell) not in MISSING)
    kinds = sorted({type(cell).__name__ for cell in cells})
    if len(kinds) > 1:
        raise SelectionError(
            f"{' and '.join(map(repr, names))} hold {', '.join(kinds)}: give all as one kind. {DAYS}"
        )


def sound(pairs: Iterable[dict[str, Any]]) -> None:
    """Stop where a pair has a day that does not exist, or a last day before the first.

    Raises
    ------
    SelectionError
        Naming the first such pair.
    """
    for pair in pairs:
        ends = (pair[name] for name in COLUMNS[:2])
        days = ["" if str(end) in MISSING else end if isinstance(end, str) else str(end)[:10] for end in ends]
        for day in filter(None, days):
            try:
                date.fromisoformat(day if DAY.fullmatch(day) else "")
            except ValueError:
                raise SelectionError(f"{day!r} is no day. {DAYS}") from None
        if all(days) and days[0] > days[1]:
            raise SelectionError(f"A first day lies after the last: {days[0]} and {days[1]}. Mend the row.")


def _lowest(kind: Any) -> str | date | None:
    """Return a day before all others; it stands for an open beginning and saves a column of its own for that."""
    import narwhals as nw

    return "" if kind == nw.String else date.min if kind == nw.Date else None


def _first_adoption(cases: Any, keys: list[str], lowest: str | date | None) -> Any:
    """Return one row a unit: the interval of its first adoption, or since when it had not adopted."""
    import narwhals as nw

    unit, first, last = map(nw.col, keys)
    begun = first if lowest is None else nw.when(first.is_null()).then(nw.lit(lowest)).otherwise(first)
    opens = [(~last.is_null() & first.is_null()).cast(nw.Int8).alias("_open")] if lowest is None else []
    rows = cases.select(
        unit.alias("unit"),
        # Missing like the last day: of the kind of both.
        nw.when(last.is_null()).then(last).otherwise(begun).alias("_from"),
        # Only asked of units without any adoption.
        first.alias("_not"),
        last.alias("latest"),
        *opens,
    )
    return (
        rows.group_by("unit")
        .agg(
            nw.col("_from").min(),
            nw.col("_not").max(),
            nw.col("latest").min(),
            *(nw.col("_open").max() for _ in opens),
        )
        .filter(~nw.col("unit").is_null(), nw.col("unit") != "")
    )


def _marked(units: Any, at_risk: Any, name: str) -> Any:
    """Add the units at risk that have no row, and mark those at risk in a column ``_risk``."""
    import narwhals as nw

    if isinstance(at_risk, str):
        raise SelectionError(f"at_risk must be a list of ids or a frame, not the text {at_risk!r}.")
    # Asked of the class: polars warns when the columns of a lazy frame are looked at.
    if hasattr(type(at_risk), "columns"):
        listed: Any = opened(at_risk, [name], "at_risk")
        if isinstance(listed, nw.DataFrame) and not len(listed):
            _same({})
        risk: Any = planned(ids_as_text(listed, name, "at_risk"))
        if risk.implementation is not units.implementation:
            raise SelectionError(
                f"frame is of {units.implementation} and at_risk of {risk.implementation}: give both as one kind."
            )
        risk = risk.select(nw.col(name).alias("unit")).filter(~nw.col("unit").is_null())
        _one_level(risk)
    else:
        if isinstance(at_risk, Iterable):
            at_risk = [as_written(one) if is_number(one) else one for one in at_risk]
        ids = texts(at_risk, "at_risk")
        _same({_level(unit): unit for unit in ids})
        risk = beside(units, "unit", ids)
    marks = risk.group_by("unit").agg(nw.len().alias("_risk"))
    try:
        return joinable(units).join(joinable(marks), on="unit", how="full")
    except Exception as error:
        if type(error).__name__ != "InvalidInputException":
            raise
        raise SelectionError(
            "frame and at_risk belong to two DuckDB connections: make both with one, or give at_risk as a list."
        ) from None


def _level(name: str) -> str:
    return next((level for level, form in LEVELS.items() if re.search(form, name)), "")


def _one_level(risk: Any) -> None:
    """Check the level of a risk set of any size: only where there are several, an example of each is fetched."""
    import narwhals as nw

    names = ["", *LEVELS]
    level: Any = nw.lit(0)
    for number, form in enumerate(LEVELS.values(), 1):
        level = nw.when(nw.col("unit").str.contains(form)).then(nw.lit(number)).otherwise(level)
    levels = risk.select("unit", level.alias("level"))
    ends = levels.select(nw.col("level").min().alias("lowest"), nw.col("level").max().alias("highest"))
    lowest, highest = fetched(ends)[0]
    if lowest is None or lowest != highest:
        examples = fetched(levels.group_by("level").agg(nw.col("unit").min()))
        _same({names[number]: unit for number, unit in examples})


def _same(example: dict[str, str]) -> None:
    """Stop unless there is exactly one level; `example` has a unit of each."""
    if not example:
        raise SelectionError(f"at_risk is empty. {WHAT_TO_GIVE}")
    if len(example) > 1:
        shown = ", ".join(f"{level or 'no code of GB/T 2260'} ({example[level]!r})" for level in sorted(example))
        raise SelectionError(
            f"at_risk mixes levels: {shown}. A province and its cities adopt one after the other; "
            "give the units of one level."
        )


def _pairs(units: Any, lowest: str | date | None) -> Any:
    """Count the units by days and fate; of those outside the risk set only how many they are."""
    import narwhals as nw

    inside, happened = ~nw.col("_risk").is_null(), ~nw.col("latest").is_null()
    known = nw.col("_open") == 0 if lowest is None else nw.col("_from") != nw.lit(lowest)
    begun = nw.when(happened).then(nw.when(known).then(nw.col("_from"))).otherwise(nw.col("_not"))
    # Of a time of day nothing is told: both ends are days.
    timed = units.collect_schema()["latest"] == nw.Datetime
    first, last = (day.dt.truncate("1d") if timed else day for day in (begun, nw.col("latest")))
    told = units.select(
        nw.when(inside).then(first).alias("earliest"),
        nw.when(inside).then(last).alias("latest"),
        inside.alias("_inside"),
    )
    return told.group_by("earliest", "latest", "_inside").agg(nw.len().alias("units"))


def _with_bounds(pairs: Any) -> Any:
    """Add the fate, and how many had adopted by the end of each last day, for certain and at most."""
    import narwhals as nw

    zero, units = nw.lit(0).cast(nw.Int64), nw.col("units").cast(nw.Int64)
    # What is outside the risk set has no days here.
    dated = ~nw.col("latest").is_null()
    lacking = nw.when(nw.col("earliest").is_null()).then(nw.lit("unknown")).otherwise(nw.lit("not_yet"))
    fate = nw.when(dated).then(nw.lit("adopted")).otherwise(lacking)
    ends = pairs.select(
        *COLUMNS[:2],
        nw.when(nw.col("_inside")).then(fate).otherwise(nw.lit("outside")).alias("fate"),
        units.alias("units"),
        nw.col("latest").alias("_on"),
        nw.when(dated).then(units).otherwise(zero).alias("least"),
        zero.alias("most"),
    )
    begins = pairs.select(
        *COLUMNS[:2],
        nw.lit("").alias("fate"),
        units.alias("units"),
        nw.col("earliest").alias("_on"),
        zero.alias("least"),
        nw.when(nw.col("_inside")).then(units).otherwise(zero).alias("most"),
    )
    steps = nw.concat([ends, begins], how="vertical")
    # What may have begun on any day comes first; of steps on one day the last sum counts.
    steps = steps.with_columns(nw.col("least", "most").cum_sum().over(order_by="_on"))
    last_sum = {name: nw.col(name).max().over("_on").cast(nw.Int64) for name in ("least", "most")}
    sums = [nw.when(dated).then(last).alias(name) for name, last in last_sum.items()]
    return steps.select(*COLUMNS[:4], *sums).filter(nw.col("fate") != "")


def _on_one_part(table: Any, step: Callable[[Any], Any]) -> Any:
    """Run a step that needs order on a small table; Dask has none across the parts of a frame."""
    import narwhals as nw

    if table.implementation is not nw.Implementation.DASK:
        return step(table)

    def on_pandas(part: Any) -> Any:
        return step(nw.from_native(part)).to_native()

    whole = table.to_native().repartition(npartitions=1)
    return nw.from_native(whole.map_partitions(on_pandas, meta=on_pandas(whole._meta)))
