"""What chance alone would show: naming at random, and a permutation of a difference."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from .cases import load_cases
from .checks import whole
from .errors import SelectionError
from .loading import build, column, records
from .places import join_indicator

if TYPE_CHECKING:
    import pandas as pd


def simulate_naming(named: int = 3, lists: int = 10, seed: int = 1) -> pd.DataFrame:
    """Let every provincial unit adopt everything, and an author name a few in each list.

    Parameters
    ----------
    named : int
        Places named in a list, 1 to 31.
    lists : int
        How many lists the author writes.
    seed : int
        Another seed, another author.

    Returns
    -------
    pandas.DataFrame
        One row a naming, all ``string``: ``list``, ``place_id``, ``province_id``, as
        `kejigai_data.charts.tile_map` takes them.

    Raises
    ------
    SelectionError
        If a number is not a positive whole one, or `named` is above 31.

    Examples
    --------
    >>> drawn = simulate_naming(named=3, lists=10, seed=1)
    >>> len(drawn), drawn["place_id"].nunique() < 31
    (30, True)
    """
    for value, what in ((named, "named"), (lists, "lists"), (seed, "seed")):
        whole(value, what)
    units = provincial_units()
    if named > len(units):
        raise SelectionError(f"named must be at most {len(units)}, the provincial units of the statistics.")
    author = random.Random(seed)
    drawn = [(str(n), unit) for n in range(1, lists + 1) for unit in sorted(author.sample(units, named))]
    places = [unit for _, unit in drawn]
    return build({"list": [n for n, _ in drawn], "place_id": places, "province_id": places}, {})


def provincial_units() -> list[str]:
    """Return the 31 provincial units that the national statistics cover."""
    return [p["place_id"] for p in records("places") if p["tile_row"] and p["region"]]


def permuted_difference(
    indicator: str = "rd_intensity", year: int = 2021, draws: int = 2000, seed: int = 1
) -> pd.DataFrame:
    """Compare units that the article names with those it does not, and with chance.

    Parameters
    ----------
    indicator : str
        An indicator that `kejigai_data.join_indicator` takes.
    year : int
        Its year.
    draws : int
        How many times the label "named" is dealt out anew.
    seed : int
        Seed of the deals.

    Returns
    -------
    pandas.DataFrame
        ``draw`` (``Int64``, 0 is the observed one) and ``difference`` (``Float64``): mean of
        the named units less mean of the others, in the unit of the indicator.

    Raises
    ------
    UnknownNameError
        For an unknown indicator.
    SelectionError
        For a year without figures, or a number that is not a positive whole one.

    Examples
    --------
    >>> found = permuted_difference(draws=200)
    >>> len(found)
    201
    """
    whole(draws, "draws")
    whole(seed, "seed")
    units = provincial_units()
    frame = join_indicator(build({"province_id": units}, {}), indicator, year)
    values = [float(value) for value in frame[indicator]]
    known = set(load_cases()["province_id"].dropna())
    labels = [unit in known for unit in units]
    dealer = random.Random(seed)
    found = [_difference(values, labels)]
    for _ in range(draws):
        dealer.shuffle(labels)
        found.append(_difference(values, labels))
    result = build({"draw": [str(n) for n in range(draws + 1)]}, {"draw": "integer"})
    result["difference"] = column([repr(value) for value in found], "number")
    return result


def _difference(values: list[float], labels: list[bool]) -> float:
    inside = [value for value, label in zip(values, labels, strict=True) if label]
    outside = [value for value, label in zip(values, labels, strict=True) if not label]
    return sum(inside) / len(inside) - sum(outside) / len(outside)
