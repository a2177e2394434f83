"""How far a reform has spread among places that could have adopted it, with what dates leave open."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .checks import texts
from .engines import collected, one_column, opened, planned
from .errors import SelectionError
from .loading import records

if TYPE_CHECKING:
    from collections.abc import Iterable


NAMED_ONLY = (
    "Adoption cannot be read from the article's cases alone: an article names some of the places that adopted "
    "something, so that a place without a case is not one that did not adopt. "
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
        Neither: looked for, fate unknown. Of several rows of a unit the first adoption counts.
    at_risk : iterable of str, or frame of the same kind with a column `unit`
        The units that could have adopted, all of one administrative level: codes of GB/T 2260,
        or ids of your own if none is such a code. A list becomes part of the query; give a frame
        for more than a few thousand.
    unit, earliest, latest : str
        Columns of `frame`; days are dates, timestamps or ISO text.

    Returns
    -------
    frame of the same kind, as lazy as the one given
        One row for each pair of days that occurs: ``earliest``, ``latest``, ``fate``
        (``adopted``; ``not_yet``; ``unknown``: no row, or one without days; ``outside``: units of
        `frame` that are not at risk, counted so that none is dropped in silence), ``units`` (how
        many), and for adopted ones ``least`` and ``most``: how many of those at risk had adopted
        by the end of ``latest``, for certain and at most. Rows come in no order.

    Raises
    ------
    SelectionError
        Without `at_risk`; if the frame holds only cases that the article names; if the units at
        risk are of several levels, or there are none; if `frame` and `at_risk` are of two kinds.
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
    cases = planned(given)
    first: Any = cases.select(
        nw.col(keys[0]).alias("unit"), nw.col(keys[1]).alias("earliest"), nw.col(keys[2]).alias("latest")
    ).filter(~nw.col("unit").is_null())
    units, known, more = _marked(_first_adoption(first), at_risk, keys[0], cases)
    # One pass over the rows: all that follows is on the small table of pairs.
    pairs = _pairs(units)
    if not isinstance(given, nw.LazyFrame):
        pairs, more = collected(pairs), [collected(counts) for counts in more]
    held = pairs.filter(nw.col("fate") != "outside").select(nw.col("units").sum())
    days = first.collect_schema()
    blank = [nw.lit(None).cast(days[name]).alias(name) for name in ("earliest", "latest")]
    missing = held.with_columns(units=nw.lit(known) - nw.col("units").fill_null(0))
    rest = [
        counts.with_columns(*blank, fate=nw.lit("unknown"), units=nw.col("units").cast(nw.Int64))
        for counts in (missing, *more)
    ]
    order = ("earliest", "latest", "fate", "units")
    every = nw.concat([part.select(*order) for part in (pairs, *rest)], how="vertical")
    # Those of unknown fate come from several sides; a risk set without gaps leaves a row of zero.
    every = every.group_by("earliest", "latest", "fate").agg(nw.col("units").sum())
    every = every.with_columns(nw.col("units").cast(nw.Int64)).filter(nw.col("units") > 0)
    return _with_bounds(every).to_native()


def _named_only(frame: Any) -> None:
    """Stop where every case is one of the article's; of a lazy frame, no more than one row is fetched."""
    import narwhals as nw

    if "case_id" not in frame.collect_schema().names():
        return
    ours = [row["case_id"] for row in records("cases")]
    cases = frame.select("case_id")
    first = collected(cases.head(1))["case_id"].to_list()
    if not first or first[0] not in ours:
        return
    if not len(collected(cases.filter(~nw.col("case_id").is_in(ours)).head(1))):
        raise SelectionError(NAMED_ONLY + WHAT_TO_GIVE)


def _first_adoption(rows: Any) -> Any:
    """Return one row a unit: the interval of its first adoption, or since when it had not adopted."""
    import narwhals as nw

    adopted = ~nw.col("latest").is_null()
    by_unit = rows.with_columns(
        _from=nw.when(adopted).then(nw.col("earliest")),
        _open=(adopted & nw.col("earliest").is_null()).cast(nw.Int64),
        _not=nw.when(~adopted).then(nw.col("earliest")),
    )
    spans = by_unit.group_by("unit").agg(
        nw.col("_from").min(), nw.col("_open").max(), nw.col("_not").max(), nw.col("latest").min()
    )
    known = nw.when(nw.col("_open") == 0).then(nw.col("_from"))
    spans = spans.with_columns(earliest=nw.when(nw.col("latest").is_null()).then(nw.col("_not")).otherwise(known))
    return spans.select("unit", "earliest", "latest")


def _marked(units: Any, at_risk: Any, name: str, frame: Any) -> tuple[Any, int, list[Any]]:
    """Return the units with a column ``inside``, and how many are at risk: a number, or one row of a frame."""
    import narwhals as nw

    if isinstance(at_risk, str):
        raise SelectionError(f"at_risk must be a list of ids or a frame, not the text {at_risk!r}.")
    # Asked of the class: polars warns when the columns of a lazy frame are looked at.
    if not hasattr(type(at_risk), "columns"):
        ids = _ids(at_risk)
        return units.with_columns(inside=nw.col("unit").is_in(ids)), len(ids), []
    risk: Any = planned(opened(at_risk, [name], "at_risk")).select(nw.col(name).alias("unit"))
    risk = risk.filter(~nw.col("unit").is_null()).unique(subset=["unit"])
    if risk.implementation is not frame.implementation:
        raise SelectionError(
            f"frame is of {frame.implementation} and at_risk of {risk.implementation}: give both as one kind."
        )
    _one_level(risk)
    marked = units.join(risk.with_columns(_risk=nw.lit("yes")), on="unit", how="left")
    return marked.with_columns(inside=~nw.col("_risk").is_null()), 0, [risk.select(nw.len().alias("units"))]


def _ids(at_risk: Iterable[Any]) -> list[str]:
    ids = list(dict.fromkeys(texts(at_risk, "at_risk")))
    if not ids:
        raise SelectionError(f"at_risk is empty. {WHAT_TO_GIVE}")
    _same({_level(name) for name in ids}, {_level(name): name for name in ids})
    return ids


def _level(name: str) -> str:
    return next((level for level, form in LEVELS.items() if re.search(form, name)), "")


def _one_level(risk: Any) -> None:
    """Check the level of a risk set of any size: at most one example of each level is fetched."""
    import narwhals as nw

    level: Any = nw.lit("")
    for name, form in LEVELS.items():
        level = nw.when(nw.col("unit").str.contains(form)).then(nw.lit(name)).otherwise(level)
    examples = collected(risk.with_columns(level=level).group_by("level").agg(nw.col("unit").min()))
    found = dict(zip(examples["level"].to_list(), examples["unit"].to_list(), strict=True))
    if not found:
        raise SelectionError(f"at_risk is empty. {WHAT_TO_GIVE}")
    _same(set(found), found)


def _same(levels: set[str], example: dict[str, str]) -> None:
    if len(levels) > 1:
        shown = ", ".join(f"{level or 'no code of GB/T 2260'} ({example[level]!r})" for level in sorted(levels))
        raise SelectionError(
            f"at_risk mixes levels: {shown}. A province and its cities adopt one after the other; "
            "give the units of one level."
        )


def _pairs(units: Any) -> Any:
    """Count the units by days and fate; of those outside the risk set only how many they are."""
    import narwhals as nw

    inside = nw.col("inside")
    fate = nw.when(~nw.col("latest").is_null()).then(nw.lit("adopted"))
    lacking = nw.when(nw.col("earliest").is_null()).then(nw.lit("unknown")).otherwise(nw.lit("not_yet"))
    told = units.with_columns(
        fate=nw.when(inside).then(fate.otherwise(lacking)).otherwise(nw.lit("outside")),
        earliest=nw.when(inside).then(nw.col("earliest")),
        latest=nw.when(inside).then(nw.col("latest")),
    )
    pairs = told.group_by("earliest", "latest", "fate").agg(nw.len().alias("units"))
    return pairs.with_columns(nw.col("units").cast(nw.Int64))


def _with_bounds(pairs: Any) -> Any:
    """Add how many had adopted by each last day; without ordered windows, which some engines lack."""
    import narwhals as nw

    inside = pairs.filter(nw.col("fate") != "outside")
    none = nw.lit(0)
    certain = inside.filter(nw.col("fate") == "adopted").select(
        nw.col("latest").alias("_on"), nw.col("units").alias("least"), none.cast(nw.Int64).alias("most")
    )
    possible = inside.select(
        nw.col("earliest").alias("_on"), none.cast(nw.Int64).alias("least"), nw.col("units").alias("most")
    )
    steps = (
        nw.concat([certain, possible], how="vertical")
        .group_by("_on")
        .agg(nw.col("least").sum(), nw.col("most").sum())
    )
    steps = steps.with_columns(nw.col("least", "most").cast(nw.Int64), _year=_year("_on"))
    # Each day meets the days of its own year and the sums of earlier years, not all other days.
    ends = inside.select("latest").filter(~nw.col("latest").is_null()).unique(subset=["latest"])
    ends = ends.with_columns(_year=_year("latest"))
    within = ends.join(steps, on="_year", how="inner").filter(nw.col("_on") <= nw.col("latest"))
    years = steps.group_by("_year").agg(nw.col("least").sum(), nw.col("most").sum())
    years = years.with_columns(nw.col("least", "most").cast(nw.Int64)).rename({"_year": "_then"})
    before = ends.join(years, how="cross").filter(nw.col("_then") < nw.col("_year"))
    both = nw.concat([part.select("latest", "least", "most") for part in (within, before)], how="vertical")
    sums = both.group_by("latest").agg(nw.col("least").sum(), nw.col("most").sum())
    sums = sums.with_columns(nw.col("least", "most").cast(nw.Int64))
    return pairs.join(sums, on="latest", how="left").select(*COLUMNS)


def _year(name: str) -> Any:
    """Return the year of a day as text; what has no first day comes before every year."""
    import narwhals as nw

    year = nw.col(name).cast(nw.String).str.slice(0, 4)
    return nw.when(nw.col(name).is_null()).then(nw.lit("")).otherwise(year)
