"""Agreement between independent readings, computed by the krippendorff and PyCM libraries."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from .checks import a_frame, a_text, as_written, one_of, whole
from .codebook import codes_of, is_set
from .errors import SelectionError, missing_extra, unknown
from .loading import build, each, records, text_type
from .progress import track

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

NEEDED = ("reading", "unit", "variable", "value")
EVIDENCE = ("status", "source", "locator", "comment")
MEASURES = ("units", "percent", "kappa", "alpha", "alpha_low", "alpha_high", "distance", "note")
SEED = 20221023
# The library sets up a table of units by codes by codes; up to so many cells (200 MB) it is asked.
HELD = 25_000_000


def agreement(
    readings: pd.DataFrame, variable: str | None = None, resamples: int = 1000, by: str = "variable"
) -> pd.DataFrame:
    """Measure how well two or more readings agree, variable by variable.

    Parameters
    ----------
    readings : pandas.DataFrame
        Long: ``reading``, ``unit``, ``variable``, ``value`` (text; sets joined with
        ``";"``, in any order, with spaces around them or not). A silent text is a value of its
        own; only a missing or empty value means that the reading did not cover the unit.
        Codes are compared as they stand: ``Pilot`` is not ``pilot``.
    variable : str, optional
        Only that one.
    resamples : int
        Resamples of units for the 95 % interval of alpha (seeded).
    by : {"variable", "code"}
        One row a variable; or one for each of its codes against all others, a member of a set
        counting by itself: which code do the readings disagree on?

    Returns
    -------
    pandas.DataFrame
        ``variable``, ``code`` (only by code), ``units`` (``Int64``, with at least two readings),
        ``percent`` (share of agreeing pairs, 0–1), ``kappa`` (Cohen's, only for exactly two readings),
        ``alpha`` (Krippendorff's), ``alpha_low``, ``alpha_high``, ``distance`` (nominal,
        ordinal or jaccard), ``note``. Alpha is missing, and the note says so, where all
        values are the same: it is undefined without variation. The note also says where an ordered
        variable was measured as nominal, since a value such as ``(silent)`` has no place in the order.

    Raises
    ------
    SelectionError
        If a column is missing, fewer than two readings are there, a row has no reading, unit or
        variable, or a reading has two values of one unit.
    MissingExtra
        If the ``research`` extra is not installed.

    Notes
    -----
    Krippendorff, K. (2019). Content Analysis, 4th ed., chapter 12. For set-valued
    variables the distance is Jaccard's. Kappa is PyCM's and alpha the library krippendorff's; of its
    interval each resample is counted here, as is alpha itself of so many units and codes (units times
    codes squared above 25 million) that the library would fill the memory.

    Examples
    --------
    >>> import pandas as pd, kejigai_data as kj
    >>> rows = [("a", 1, "x", "p"), ("b", 1, "x", "p"), ("a", 2, "x", "q"), ("b", 2, "x", "p")]
    >>> frame = pd.DataFrame(rows, columns=["reading", "unit", "variable", "value"])
    >>> kj.agreement(frame, resamples=10)["percent"].tolist()
    [0.5]
    """
    import pandas as pd

    readings = _checked(readings)
    whole(resamples, "resamples")
    one_of(by, ("variable", "code"), "by")
    if variable is not None:
        _coded(readings, variable)
    wanted = [variable] if variable else list(dict.fromkeys(readings["variable"]))
    rows = []
    for name in track(wanted, "variables"):
        part = readings[(readings["variable"] == name) & readings["value"].notna()]
        table = part.pivot(index="reading", columns="unit", values="value")
        if by == "variable":
            rows.append({"variable": name, **_measure(table, *_distance(name), resamples)})
            continue
        # What nobody coded has a row as well, which says so.
        for code in sorted({code for value in part["value"] for code in str(value).split(";")}) or [""]:
            has = table.map(lambda value, code=code: str(value).split(";").count(code) > 0, na_action="ignore")
            rows.append({"variable": name, "code": code, **_measure(has, "nominal", [], resamples)})
    result = pd.DataFrame(rows, columns=["variable", *(["code"] if by == "code" else []), *MEASURES])
    text = text_type()
    named = {"variable": text, "code": text, "units": "Int64", "distance": text, "note": text}
    return result.astype({column: dtype for column, dtype in named.items() if column in result.columns})


def own_readings(of: str = "value") -> pd.DataFrame:
    """Return the two readings of the article in the form that `agreement` takes.

    Silence counts as a value. Variables that do not apply to a case by rule, and free
    names, are left out.

    Parameters
    ----------
    of : {"value", "status"}
        What was coded, or how the evidence stands (stated, inferred, ambiguous, silent).

    Returns
    -------
    pandas.DataFrame
        ``reading``, ``unit``, ``variable``, ``value``, ``locator`` (in the article).

    Examples
    --------
    >>> import kejigai_data as kj
    >>> sorted(kj.own_readings()["reading"].unique())
    ['a', 'b']
    """
    one_of(of, ("value", "status"), "of")
    left_out = ("unit", "name_zh")
    table: dict[str, list[str]] = {name: [] for name in (*NEEDED, "locator")}
    once: dict[str, str] = {}
    for r in each("readings"):
        if r["variable"] in left_out or r["status"] == "not_applicable":
            continue
        unit = "/".join(part for part in (r["place_id"], r["mechanism"], r["instrument_no"]) if part)
        answer = r["status"] if of == "status" else r["value"] or f"({r['status']})"
        row = (r["reading"], unit, r["variable"], answer, r["locator"])
        # Most cells repeat: one copy of each keeps memory small.
        for cells, cell in zip(table.values(), row, strict=True):
            cells.append(once.setdefault(cell, cell))
    return build(table, {})


def unitising() -> dict[str, float]:
    """Return how far the two readings found the same cases.

    Returns
    -------
    dict
        ``both``, ``only_a``, ``only_b`` (numbers of cases) and ``f1``.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> sorted(kj.unitising())
    ['both', 'f1', 'only_a', 'only_b']
    """
    found: dict[str, set[tuple[str, str]]] = {"a": set(), "b": set()}
    for r in each("readings"):
        if r["variable"] == "unit":
            found[r["reading"]].add((r["place_id"], r["mechanism"]))
    a, b = found["a"], found["b"]
    f1 = 2 * len(a & b) / (len(a) + len(b))
    return {"both": len(a & b), "only_a": len(a - b), "only_b": len(b - a), "f1": round(f1, 3)}


def met(readings: pd.DataFrame, variable: str) -> pd.DataFrame:
    """Count which code of one reading met which of the other.

    Parameters
    ----------
    readings : pandas.DataFrame
        As for `agreement`, of exactly two readings.
    variable : str
        Which of its variables.

    Returns
    -------
    pandas.DataFrame
        One row a pair of values that occurs: two columns named by the readings, in the order of
        their first rows, and ``n``.

    Raises
    ------
    SelectionError
        As `agreement`; or if there are more than two readings, or no unit has both.
    UnknownNameError
        If nobody coded the variable.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("b", 1, "x", "p"), ("a", 1, "x", "q"), ("b", 2, "x", "p"), ("a", 2, "x", "q")]
    >>> met(pd.DataFrame(rows, columns=["reading", "unit", "variable", "value"]), "x").to_dict("records")
    [{'b': 'p', 'a': 'q', 'n': 2}]
    """
    readings = _checked(readings)
    names = list(dict.fromkeys(readings["reading"]))
    if "n" in names:
        raise SelectionError("A reading may not be called 'n' here, where the counts are: give it another name.")
    if len(names) > 2:
        raise SelectionError(f"Two readings are wanted, and there are {len(names)}: {names}. Choose two.")
    _coded(readings, variable)
    part = readings[(readings["variable"] == variable) & readings["value"].notna()]
    both = part.pivot(index="unit", columns="reading", values="value").reindex(columns=names).dropna()
    if both.empty:
        raise SelectionError(f"No unit has both readings of {variable!r}.")
    return both.groupby(names).size().reset_index(name="n")


def disagreements(readings: pd.DataFrame) -> pd.DataFrame:
    """List the units on which readings differ, with what each reading rests on.

    Parameters
    ----------
    readings : pandas.DataFrame
        As for `agreement`; it may also have ``status``, ``source``, ``locator`` and ``comment``.

    Returns
    -------
    pandas.DataFrame
        ``unit``, ``variable``, one column for each reading, and for each of those four columns
        that is there, one a reading: ``<reading>_locator`` and so on.

    Raises
    ------
    SelectionError
        If a column is missing or fewer than two readings are there.

    Examples
    --------
    >>> import pandas as pd, kejigai_data as kj
    >>> rows = [("a", 1, "x", "p"), ("b", 1, "x", "q")]
    >>> frame = pd.DataFrame(rows, columns=["reading", "unit", "variable", "value"])
    >>> kj.disagreements(frame)[["a", "b"]].values.tolist()
    [['p', 'q']]
    """
    readings = _checked(readings)
    known = readings[readings["value"].notna()]
    names = sorted(set(readings["reading"]))
    wide = known.pivot(index=["unit", "variable"], columns="reading", values="value").reindex(columns=names)
    wide = wide[wide.nunique(axis=1) > 1]
    for name in EVIDENCE:
        if name in known.columns:
            told = known.pivot(index=["unit", "variable"], columns="reading", values=name).reindex(columns=names)
            wide = wide.join(told.add_suffix(f"_{name}"))
    return wide.reset_index().rename_axis(columns=None)


def _checked(readings: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that count, members of sets in one order, or say what is wrong."""
    import pandas as pd

    a_frame(readings, what="readings")
    missing = [name for name in NEEDED if name not in readings.columns]
    if missing:
        raise SelectionError(f"readings lacks the columns {missing}. It needs {list(NEEDED)}.")
    readings = readings[[*NEEDED, *(name for name in EVIDENCE if name in readings.columns)]].astype(object)
    for name in NEEDED:
        odd = [cell for cell in readings[name] if isinstance(cell, list | dict | set)]
        if odd:
            raise SelectionError(f"The column {name!r} holds {odd[0]!r}; join the members of a set with ';'.")
        gaps = readings[name].isna()
        if name != "value" and gaps.any():
            raise SelectionError(
                f"{int(gaps.sum())} rows have no {name}, first: {readings[gaps].iloc[0][list(NEEDED)].to_dict()}. "
                "Fill it in, or leave the rows out."
            )
        # One file has 1 where another has "1" or 1.0: the same answer.
        cells = [None if gap else as_written(cell) for cell, gap in zip(readings[name], gaps, strict=True)]
        readings[name] = pd.Series(cells, readings.index, dtype=object)
    names = set(readings["reading"].dropna())
    if len(names) < 2:
        raise SelectionError(f"Agreement needs at least two readings; the column 'reading' names {len(names)}.")
    taken = {"unit", "variable", *(f"{name}_{more}" for name in names for more in EVIDENCE)}
    if names & taken:
        raise SelectionError(f"A reading may not be called {min(names & taken)!r}: give it another name.")
    values = [None if cell is None else _joined(cell) or None for cell in readings["value"]]
    # As objects: pandas would make text of it, and NaN of None.
    readings["value"] = pd.Series(values, readings.index, dtype=object)
    twice = readings.duplicated(["reading", "unit", "variable"])
    if twice.any():
        first = readings[twice].iloc[0]
        raise SelectionError(
            f"{int(twice.sum())} rows repeat a reading of the same unit and variable, first: "
            f"reading {first['reading']}, unit {first['unit']}, {first['variable']}. Keep one of each."
        )
    return readings


def _coded(readings: pd.DataFrame, variable: str) -> None:
    """Stop where nobody coded the variable."""
    names = set(readings["variable"])
    if a_text(variable, "variable") not in names:
        raise unknown("variable", variable, sorted(names))


def _joined(value: str) -> str:
    """Return a value without spaces around it; the members of a set once each, in one order."""
    members = {member.strip() for member in re.split("[;；]", value)}
    return ";".join(sorted(filter(None, members)))


def _distance(variable: str) -> tuple[str, list[str]]:
    known = {v["variable"]: v for v in records("variables")}
    if is_set(variable):
        return "jaccard", []
    if variable in known and known[variable]["scale"] == "ordinal":
        return "ordinal", codes_of(variable)
    return "nominal", []


def _measure(table: pd.DataFrame, distance: str, order: list[str], resamples: int) -> dict[str, Any]:
    import numpy as np

    table = table.loc[:, table.notna().sum() > 1]
    known, cells = table.notna().to_numpy(dtype=bool).T, table.to_numpy(dtype=object).T
    values = sorted(set(cells[known]), key=str)
    note = ""
    outside = [value for value in values if value not in order]
    if distance == "ordinal" and outside:
        distance, note = "nominal", f"measured as nominal: {outside[0]} has no place in the order"
    domain = [value for value in order if value in values] if distance == "ordinal" else values
    at = {value: number for number, value in enumerate(domain)}
    codes = np.full(cells.shape, -1)
    codes[known] = [at[value] for value in cells[known]]
    met = met_in_units(codes)
    percent = float((met.left == met.right).mean()) if len(met.unit) else float("nan")
    result = {"units": len(codes), "percent": percent, "kappa": _kappa(table)}
    result |= {"alpha": float("nan"), "alpha_low": float("nan"), "alpha_high": float("nan")}
    if len(values) < 2:
        note = "alpha undefined: no variation" if values else "no unit has two readings"
        return {**result, "distance": distance, "note": note}
    apart = _jaccard(domain) if distance == "jaccard" else None
    rng = np.random.default_rng(SEED)
    draws = []
    for _ in track(range(resamples), "resamples"):
        times = np.bincount(rng.integers(0, len(codes), len(codes)), minlength=len(codes))
        draws.append(resampled_alpha(met, times, distance, apart))
    low, high = np.nanpercentile(draws, [2.5, 97.5]) if not np.isnan(draws).all() else (np.nan, np.nan)
    if len(codes) * len(domain) ** 2 <= HELD:
        alpha = _alpha(codes, len(domain), distance, apart)
    else:
        alpha = resampled_alpha(met, np.ones(len(codes)), distance, apart)
    return {**result, "alpha": alpha, "alpha_low": low, "alpha_high": high, "distance": distance, "note": note}


class Met(NamedTuple):
    """Which codes met in which unit: `left` and `right` of each pair, `share` of its weight in the unit.

    `places` and `codes` are the unit and the code of each single value, of `size` codes.
    """

    unit: np.ndarray
    left: np.ndarray
    right: np.ndarray
    share: np.ndarray
    places: np.ndarray
    codes: np.ndarray
    size: int


def met_in_units(codes: np.ndarray) -> Met:
    """Return the pairs of values in each unit.

    Parameters
    ----------
    codes : numpy.ndarray of int
        One row a unit, one column a reading; -1 where it has none.
    """
    import numpy as np

    known = codes >= 0
    none = np.array([], dtype=int)
    parts = [(none, none, none, none)]
    for i, j in combinations(range(codes.shape[1]), 2):
        (unit,) = np.nonzero(known[:, i] & known[:, j])
        parts.append((unit, codes[unit, i], codes[unit, j], 2 / (known[unit].sum(axis=1) - 1)))
    unit, left, right, share = map(np.concatenate, zip(*parts, strict=True))
    return Met(unit, left, right, share, np.nonzero(known)[0], codes[known], int(codes.max(initial=-1)) + 1)


def resampled_alpha(met: Met, times: np.ndarray, distance: str, apart: np.ndarray | None) -> float:
    """Return Krippendorff's alpha of units of which each is taken some number of times.

    The library counts each unit anew for each resample, in the square of the codes; here the pairs
    that met are counted once, which gives the same.

    Parameters
    ----------
    met : Met
        What met in the units.
    times : numpy.ndarray
        How often each unit is taken.
    distance : {"nominal", "ordinal", "jaccard"}
    apart : numpy.ndarray or None
        The distance of each two codes, for jaccard.
    """
    import numpy as np

    number = np.bincount(met.codes, times[met.places], met.size)
    total = number.sum()
    if (number > 0).sum() < 2:
        return float("nan")
    if distance == "ordinal":
        # As many ranks as lie between two codes, of which each is counted by half.
        ranks = number.cumsum() - number / 2
        apart = (ranks[:, None] - ranks) ** 2
    if apart is None:
        differs, chance = met.left != met.right, total**2 - number @ number
    else:
        differs, chance = apart[met.left, met.right], number @ apart @ number
    seen = (times[met.unit] * met.share * differs).sum()
    return float(1 - seen * (total - 1) / chance)


def _alpha(codes: np.ndarray, size: int, distance: str, apart: np.ndarray | None) -> float:
    try:
        import krippendorff
    except ImportError:
        raise missing_extra("agreement()", "research") from None
    import numpy as np

    def metric(v1: np.ndarray, v2: np.ndarray, **_: object) -> np.ndarray:
        return np.asarray(apart)[np.asarray(v1, dtype=int), np.asarray(v2, dtype=int)]

    counts = (codes[:, :, None] == np.arange(size)).sum(axis=1).astype(float)
    level: str | Callable[..., np.ndarray] = distance if apart is None else metric
    return float(
        krippendorff.alpha(value_counts=counts, value_domain=list(range(size)), level_of_measurement=level)
    )


def _jaccard(domain: list[str]) -> np.ndarray:
    import numpy as np

    sets = [frozenset(value.split(";")) for value in domain]
    return np.array([[1 - len(a & b) / len(a | b) for b in sets] for a in sets])


def _kappa(table: pd.DataFrame) -> float:
    try:
        from pycm import ConfusionMatrix
    except ImportError:
        raise missing_extra("agreement()", "research") from None
    if table.shape[0] != 2 or not table.size:
        return float("nan")
    left, right = ([str(value) for value in row] for row in table.to_numpy(dtype=object))
    # One code for everything on both sides leaves no chance to agree beyond: PyCM gives none.
    kappa = ConfusionMatrix(left, right).Kappa
    return float("nan") if kappa is None or kappa == "None" else float(kappa)
