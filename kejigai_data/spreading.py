"""Estimates on the small table that `adoption` returns; for exact dates they are Kaplan and Meier's."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .adopting import COLUMNS, MISSING, sound
from .checks import counted
from .engines import collected, opened
from .errors import SelectionError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

# The logarithm of the likelihood is then at most so far from its greatest value.
ENOUGH = 1e-18
ROUNDS = 200
# Where the estimate puts less than this, or than so much of one unit, the curve does not rise.
NOTHING, OF_ONE = 1e-5, 1e-2
# Beyond every date: an adoption that had not happened when last looked for.
NEVER = date.max.toordinal()
ALWAYS = date.min.toordinal()


def adoption_curve(pairs: Any) -> pd.DataFrame:
    """Estimate how large a share of the units at risk had adopted, day by day.

    Parameters
    ----------
    pairs : frame of any engine
        What `adoption` returns; it is small and is collected here.

    Returns
    -------
    pandas.DataFrame
        One row an interval in which the estimate rises, in order: ``from`` and ``to``
        (``datetime64[us]``; ``from`` is missing where nothing bounds it below), ``known`` (share
        of those whose fate is known that had adopted by the end of ``to``), ``low`` and ``high``
        (share of all at risk, if none or all of those of unknown fate had adopted; 0–1). Within
        an interval the data do not say when the curve rises. ``low`` and ``high`` bound what the
        missing fates leave open and nothing else: they take the estimate's shape as given. Bounds
        that suppose nothing are ``least`` and ``most`` of `adoption`.

    Raises
    ------
    SelectionError
        If `pairs` is not what `adoption` returns, holds what is no day or a last day before the
        first, or no unit has a known fate.

    Notes
    -----
    Turnbull, B. W. (1976). The empirical distribution function with arbitrarily grouped, censored
    and truncated data. Journal of the Royal Statistical Society B, 38, 290–295. With exact dates and
    units not yet adopted it is the estimate of Kaplan and Meier (1958). ``not_yet`` units count as
    not having adopted *before* their day. With exact days and such units only there is a formula;
    else the work grows with the cube of the different intervals (a thousand take seconds, four
    thousand a minute). The estimate supposes that when a unit was looked at has
    nothing to do with when it adopted; so do ``known``, ``low`` and ``high`` alike.

    Examples
    --------
    >>> import pandas as pd, kejigai_data as kj
    >>> coded = pd.DataFrame({
    ...     "place_id": ["370100", "370200", "370300"],
    ...     "adopted_earliest": ["2020-03-01", "2021-05-01", "2022-12-31"],
    ...     "adopted_latest": ["2020-03-01", "2021-05-01", None],
    ... })
    >>> pairs = kj.adoption(coded, at_risk=["370100", "370200", "370300", "370400"])
    >>> kj.adoption_curve(pairs)[["known", "low", "high"]].round(2).values.tolist()
    [[0.33, 0.25, 0.5], [0.67, 0.5, 0.75]]
    """
    import pandas as pd

    inside = at_risk(pairs)
    known = [row for row in inside if row["fate"] != "unknown"]
    total = sum(row["units"] for row in inside)
    if not known:
        raise SelectionError("No unit at risk has a known fate: there is nothing to estimate. Code more units.")
    first = [_ordinal(row["earliest"], ALWAYS) for row in known]
    last = [_ordinal(row["latest"], NEVER) for row in known]
    counts = [int(row["units"]) for row in known]
    intervals, mass = turnbull(first, last, counts)
    weight = sum(counts)
    out: list[dict[str, Any]] = []
    share = 0.0
    for (begin, end), part in zip(intervals, mass, strict=True):
        share += float(part)
        if end != NEVER and part > min(NOTHING, OF_ONE / weight):
            days = {"from": _day(begin), "to": _day(end)}
            low = share * weight / total
            out.append({**days, "known": share, "low": low, "high": low + (total - weight) / total})
    frame = pd.DataFrame(out, columns=["from", "to", "known", "low", "high"])
    return frame.astype({"from": "datetime64[us]", "to": "datetime64[us]"})


def at_risk(pairs: Any) -> list[dict[str, Any]]:
    """Return the rows of what `adoption` returned that are about units at risk.

    Raises
    ------
    SelectionError, UnknownNameError
        If it is something else.
    """
    table = collected(opened(pairs, COLUMNS, "pairs"))
    rows = list(table.iter_rows(named=True))
    sound(rows)
    for row in rows:
        row["units"] = counted(row["units"], "pairs: units")
    return [row for row in rows if row["fate"] != "outside" and row["units"]]


def turnbull(first: list[int], last: list[int], counts: list[int]) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Return the innermost intervals of the observations and the most likely mass of each.

    Parameters
    ----------
    first, last : list of int
        First and last possible day of each observation, both included.
    counts : list of int
        How many units share it.

    Returns
    -------
    intervals : list of tuple of int
        In order; the likelihood can put mass nowhere else.
    mass : numpy.ndarray
        Adds up to 1.

    Raises
    ------
    SelectionError
        If the estimate does not settle.

    Examples
    --------
    >>> intervals, mass = turnbull([1, 4, 6], [1, 4, 100], [1, 1, 1])
    >>> intervals, mass.round(3).tolist()
    ([(1, 1), (4, 4), (6, 100)], [0.333, 0.333, 0.333])
    """
    import numpy as np

    # A first day sorts before a last day of the same date: the interval [d, d] exists.
    ends = sorted([(day, 0) for day in set(first)] + [(day, 1) for day in set(last)])
    intervals = [(left, right) for (left, opens), (right, closes) in pairwise(ends) if (opens, closes) == (0, 1)]
    begin, end = np.array(intervals).T
    # The intervals that an observation covers lie side by side: the first of them, and the first after them.
    start, stop = np.searchsorted(begin, first), np.searchsorted(end, last, side="right")
    weight = np.array(counts) / sum(counts)
    one_day_or_from_one_on = (stop - start == 1) | (stop == len(intervals))
    estimate = _kaplan_meier if one_day_or_from_one_on.all() else _most_likely
    return intervals, estimate(start, stop, weight, len(intervals))


def _kaplan_meier(start: np.ndarray, stop: np.ndarray, weight: np.ndarray, number: int) -> np.ndarray:
    """Return the masses for exact days and units not yet adopted, for which there is a formula."""
    import numpy as np

    exact = stop - start == 1
    happened = np.bincount(start[exact], weight[exact], number)
    later = np.bincount(start, weight, number)[::-1].cumsum()[::-1]
    # A unit not yet adopted is at risk in the intervals before the first that it covers.
    exposed = later - np.bincount(start[~exact], weight[~exact], number)
    hazard = happened / exposed
    # All is left to the last interval.
    hazard[-1] = 1
    return hazard * np.append(1, np.cumprod(1 - hazard[:-1]))


def _most_likely(start: np.ndarray, stop: np.ndarray, weight: np.ndarray, number: int) -> np.ndarray:
    """Return the masses under which the observations are most likely, by a primal-dual interior-point method.

    Each `slack` is how far an interval is from deserving mass; either it or the mass goes to nothing.
    Turnbull's own iteration gives the same and needs any number of rounds where a mass goes to nothing.
    """
    import numpy as np

    ends = np.column_stack((start, stop)).ravel()
    mass, slack = np.full(number, 1 / number), np.ones(number)
    for _ in range(ROUNDS):
        fitted = np.add.reduceat(np.append(mass, 0), ends)[::2]
        deserved = np.bincount(start, weight / fitted, number + 1) - np.bincount(stop, weight / fitted, number + 1)
        short = 1 - deserved.cumsum()[:-1] - slack
        if mass @ slack < ENOUGH and np.abs(short).max() < 1e-9:
            return mass / mass.sum()
        aim = mass @ slack / number / 10 / mass - slack
        # Of two intervals: the observations that cover both, which begin before the one and end after the other.
        both = np.zeros((number, number))
        np.add.at(both, (start, stop - 1), weight / fitted**2)
        both = np.triu(both.cumsum(axis=0)[:, ::-1].cumsum(axis=1)[:, ::-1])
        curvature = both + np.triu(both, 1).T + np.diag(slack / mass)
        more = np.linalg.solve(curvature, aim - short)
        now, change = np.concatenate([mass, slack]), np.concatenate([more, aim - slack / mass * more])
        falling = change < 0
        step = min(1, 0.9 * np.min(-now[falling] / change[falling], initial=2))
        mass, slack = np.split(now + step * change, 2)
    raise SelectionError(f"The estimate did not settle in {ROUNDS} rounds. Give fewer different dates.")


def _ordinal(value: Any, missing: int) -> int:
    """Return the day of a date, timestamp or ISO text as a number."""
    import pandas as pd

    if pd.isna(value) or str(value) in ("", *MISSING):
        return missing
    return date.fromisoformat(str(value)[:10]).toordinal()


def _day(number: int) -> str | None:
    return None if number == ALWAYS else date.fromordinal(number).isoformat()
