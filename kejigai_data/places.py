"""Places: find one by any of its names, and move between clusters and provinces."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from .cases import province_of
from .checks import a_frame, a_text, as_written, whole
from .errors import SelectionError, UnknownPlaceError, nearest, unknown
from .loading import column, each, records, text_type, where

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

SUFFIX = re.compile(r"(特别行政区|壮族自治区|回族自治区|维吾尔自治区|自治区|省|市|区)$")


# Shanxi is one letter from Shaanxi and often stands for it; two cities are Suzhou. Never taken at their word.
CONFUSED = {"shanxi": ["140000", "610000"], "suzhou": ["320500", "341300"]}


class Place(NamedTuple):
    """One place, as `load_places` lists it."""

    place_id: str
    name_zh: str
    short_zh: str
    name_en: str
    level: str
    parent: str
    region: str
    legislative_route: str


@lru_cache(maxsize=1)
def known_places() -> dict[str, dict[str, str]]:
    """Return id to row of all places, and of all prefecture-level units that none of them is."""
    places = {p["place_id"]: p for p in records("places")}
    blank = dict.fromkeys(next(iter(places.values())), "")
    for row in records("divisions"):
        about = {"gb2260": row["place_id"], "level": "prefecture_level_unit"}
        about["short_zh"] = row["aliases"].split(";")[0] or row["name_zh"]
        about["region"] = places[row["parent"]]["region"]
        places.setdefault(row["place_id"], {**blank, **about, **row})
    return places


def place_names(lang: str) -> dict[str, str]:
    """Return the short name of every place in ``"zh"`` or ``"en"``, by id."""
    return {p["place_id"]: p["short_zh" if lang == "zh" else "name_en"] for p in records("places")}


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Return every accepted spelling, folded, with the ids it may mean, joined: lists take twice the memory."""
    names: dict[str, str] = {}
    for place_id, place in known_places().items():
        spellings = {place_id, place["gb2260"], place["iso3166_2"], place["name_zh"], place["short_zh"]}
        spellings |= {place["name_en"], *place["aliases"].split(";")}
        # The short name of a prefecture may be that of a county elsewhere: its table says which are not.
        spellings |= set() if place["level"] == "prefecture_level_unit" else {SUFFIX.sub("", place["name_zh"])}
        kind = {"municipality": "Municipality", "province": "Province"}.get(place["level"], "")
        kind = "City" if place["level"].endswith("_city") else kind
        spellings |= {f"{place['name_en']} {kind}"} if kind else set()
        if place["gb2260"].endswith("0000"):
            spellings.add(place["gb2260"][:2])
        if place["level"].startswith(("prefecture", "sub_provincial")):
            above = known_places()[place["parent"]]
            spellings |= {f"{one}{place['name_zh']}" for one in (above["name_zh"], above["short_zh"])}
        for spelling in {_fold(spelling) for spelling in spellings - {""}}:
            names[spelling] = f"{names[spelling]};{place_id}" if spelling in names else place_id
    return names


def _fold(text: object) -> str:
    from unicodedata import normalize

    plain = normalize("NFKC", str(text)).strip().casefold()
    if re.fullmatch(r"[-+.\d]+", plain):
        # A number is a code only when it is whole; a column with blanks reads 11 as 11.0.
        return plain.removesuffix(".0") if re.fullmatch(r"\d+(\.0)?", plain) else plain
    return re.sub(r"[\s'’.\-–]", "", plain)


def _as_place(place_id: str) -> Place:
    row = known_places()[place_id]
    return Place(*(row[name] for name in Place._fields))


def meant(name: object) -> list[str]:
    """Return the ids of the places that a spelling may mean: none, one, or several.

    Examples
    --------
    >>> meant("深圳"), meant("Shanxi"), meant("Atlantis")
    (['440300'], ['140000', '610000'], [])
    """
    folded = _fold(name)
    return CONFUSED.get(folded) or list(filter(None, _names().get(folded, "").split(";")))


def find_place(name: object) -> Place:
    """Find one place by its Chinese or English name, code or slug.

    Parameters
    ----------
    name : str or int
        ``"深圳"``, ``"深圳市"``, ``"广东省深圳市"``, ``"Shenzhen"``, ``"440300"``, ``440300``,
        ``"CN-GD"``. Beside `load_places` every prefecture-level unit is known by its code and Chinese
        name (``load("divisions")``, mid-2023), with no English name and no rank.

    Returns
    -------
    Place
        A named tuple: ``place_id``, ``name_zh``, ``short_zh``, ``name_en``, ``level``,
        ``parent``, ``region``, ``legislative_route``.

    Raises
    ------
    UnknownPlaceError
        If nothing has that name; the message offers the nearest names. ``"Shanxi"`` is
        one letter away from 陕西 (Shaanxi), and the two are often confused, so it is
        never guessed: use 山西, 陕西, "Shaanxi" or a code.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.find_place("Shenzhen").place_id
    '440300'
    >>> kj.find_place("440300").name_zh
    '深圳市'
    """
    if not isinstance(name, str | int | float) or isinstance(name, bool) or name != name or name == "":
        raise UnknownPlaceError(f"A name or a code is wanted, for example '深圳' or 440300, not {name!r}.")
    found = meant(name)
    if found == CONFUSED["shanxi"]:
        raise UnknownPlaceError(
            f"{name!r} is ambiguous in practice: 山西 is Shanxi (140000), 陕西 is Shaanxi (610000). "
            "Use the Chinese name, 'Shaanxi' or the code."
        )
    if len(found) == 1:
        return _as_place(found[0])
    if found:
        shown = " or ".join(f"{known_places()[p]['name_zh']} ({p})" for p in found)
        raise UnknownPlaceError(f"{name!r} is ambiguous: {shown}. Use the code.")
    offered = [p[key] for p in known_places().values() for key in ("short_zh", "name_en") if p[key]]
    raise UnknownPlaceError(f"Unknown place: {name!r}. {nearest(name, offered)}")


def province_code(series: pd.Series) -> pd.Series:
    """Turn province names and codes, as `find_place` takes them, into GB/T 2260 codes.

    Parameters
    ----------
    series : pandas.Series
        ``11``, ``110000``, ``"北京"``, ``"北京市"``, ``"Beijing"``; missing values stay missing.

    Returns
    -------
    pandas.Series
        Six-digit codes of province-level units, ``string``, with the same index.
        A city gives its province.

    Raises
    ------
    UnknownPlaceError
        Naming every value that is not a place, and how often it occurs.

    Examples
    --------
    >>> import pandas as pd, kejigai_data as kj
    >>> kj.province_code(pd.Series([11, "北京市", "Beijing"])).tolist()
    ['110000', '110000', '110000']
    """
    import numpy as np
    import pandas as pd

    if isinstance(series, str | dict | pd.DataFrame) or not hasattr(series, "__iter__"):
        raise SelectionError(f"province_code needs a Series or list of places, not {type(series).__name__}.")
    values = pd.Series(series)
    odd = [value for value in values if isinstance(value, list | dict | set | tuple)]
    if odd:
        raise SelectionError(f"province_code needs one name or code in each row, not {odd[0]!r}.")
    known: dict[object, str] = {}
    wrong: list[object] = []
    for value in values.dropna().unique():
        number = isinstance(value, np.integer | np.floating)
        try:
            province = province_of(find_place(float(value) if number else value).place_id, known_places())
        except UnknownPlaceError:
            province = ""
        if province:
            known[value] = province
        else:
            wrong.append(value)
    if wrong:
        counts = values[values.isin(wrong)].value_counts()
        shown = ", ".join(f"{value!r} ({count} rows)" for value, count in counts.head(10).items())
        raise UnknownPlaceError(
            f"Not province-level places: {shown}. Allowed: names in Chinese or English, GB/T 2260 codes; "
            "Shanxi must be written 山西 or 陕西. For clusters use kj.members()."
        )
    result = column(["" if pd.isna(v) else known[v] for v in values], "text")
    result.index = values.index
    result.name = values.name
    return result


def members(frame: pd.DataFrame, date: str | datetime | None = None) -> pd.DataFrame:
    """Give clusters and corridors one row for each province they touch.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame with a ``place_id`` column.
    date : str or datetime, optional
        A day (``"2019-06-01"``; a year or month stands for its first day): membership as
        of that day. Without it the newest document counts.

    Returns
    -------
    pandas.DataFrame
        A new frame in which ``province_id`` (``string``) is filled: the place's own
        province, or one row for each member province of a cluster or corridor.

    Raises
    ------
    UnknownNameError
        If the frame has no ``place_id`` column.
    SelectionError
        If a cluster has no members on that day.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> cases = kj.load_cases()
    >>> jjj = kj.members(cases[cases["place_id"] == "jingjinji"])
    >>> sorted(set(jjj["province_id"]))
    ['110000', '120000', '130000']
    """
    a_frame(frame, ["place_id"])
    if date is not None and not isinstance(date, str):
        date = date.strftime("%Y-%m-%d") if hasattr(date, "strftime") else a_text(date, "date")
    known = known_places()
    lists = {}
    for place_id in frame["place_id"].dropna().unique():
        if not isinstance(place_id, str) or place_id not in known:
            raise UnknownPlaceError(f"Unknown place_id: {place_id!r}. {nearest(place_id, known)}")
        province = province_of(place_id, known)
        lists[place_id] = [province] if province else _member_provinces(place_id, date)
    result = frame.copy()
    result["province_id"] = [lists.get(p) for p in frame["place_id"]]
    result = result.explode("province_id", ignore_index=True)
    result["province_id"] = result["province_id"].astype(text_type())
    return result


def _member_provinces(place_id: str, date: str | None) -> list[str]:
    from .dates import bounds

    rows = [r for r in records("place_members") if r["place_id"] == place_id]
    if date is None:
        newest = max((r["from_date"] for r in rows), default="")
        rows = [r for r in rows if r["from_date"] == newest]
    else:
        try:
            day = bounds(date)[0]
        except ValueError as error:
            raise SelectionError(f"date: {error}.") from None
        rows = [
            r
            for r in rows
            if bounds(r["from_date"])[0] <= day and (not r["to_date"] or day <= bounds(r["to_date"])[1])
        ]
    if not rows:
        first = min(r["from_date"] for r in records("place_members") if r["place_id"] == place_id)
        raise SelectionError(
            f"{place_id} has no members on {date}: its first document is of {first}. "
            "Give a later date or leave its rows out; load('place_members') lists the documents."
        )
    return sorted({province_of(r["member_id"], known_places()) for r in rows})


def join_indicator(frame: pd.DataFrame, indicator: str, year: int) -> pd.DataFrame:
    """Add an indicator of one year to any frame with a ``province_id``.

    Parameters
    ----------
    frame : pandas.DataFrame
        For example cases; `members` gives clusters and corridors their provinces first.
    indicator : str
        ``"rd_expenditure"``, ``"rd_intensity"``, ``"tech_contract_output"``, ``"tech_contract_inflow"``.
    year : int
        2012 to 2023.

    Returns
    -------
    pandas.DataFrame
        A new frame, same rows in the same order, with a column named like the indicator
        (``Float64``); missing where the frame has no province or the source no figure.
        Nothing else goes missing: what is no code of a province is an error.

    Raises
    ------
    UnknownNameError
        If the frame has no ``province_id``, or there is no such indicator.
    SelectionError
        If there is no figure for the year, ``province_id`` holds what is no code of a province, or
        the frame has a column of that name already.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> joined = kj.join_indicator(kj.load_cases(), "rd_intensity", 2022)
    >>> float(joined.loc[joined["place_zh"] == "北京", "rd_intensity"].iloc[0])
    6.83
    """
    a_frame(frame, ["province_id"])
    known = list(dict.fromkeys(row["indicator"] for row in each("indicators")))
    if a_text(indicator, "indicator") not in known:
        raise unknown("indicator", indicator, known)
    of_indicator = list(where("indicators", "indicator", indicator))
    years = sorted({row["year"] for row in of_indicator})
    if str(whole(year, "year")) not in years:
        raise SelectionError(f"{indicator} has no figures for {year}. Years: {years[0]} to {years[-1]}.")
    if indicator in frame.columns:
        raise SelectionError(
            f"The frame has a column {indicator!r} already: rename it, for example to '{indicator}_{year}'."
        )
    figures = {row["place_id"]: row["value"] for row in of_indicator if row["year"] == str(year)}
    result = frame.copy()
    provinces = [
        "" if missing else as_written(p)
        for p, missing in zip(frame["province_id"], frame["province_id"].isna(), strict=True)
    ]
    codes = {place for place in known_places() if place.endswith("0000")}
    odd = list(dict.fromkeys(province for province in provinces if province and province not in codes))
    if odd:
        raise SelectionError(
            f"province_id holds {', '.join(map(repr, odd[:5]))}{' and more' if len(odd) > 5 else ''}: no code of "
            "a province, such as '110000'. kj.province_code(frame['province_id']) makes codes of names."
        )
    joined = column([figures.get(p, "") for p in provinces], "number")
    joined.index = result.index
    result[indicator] = joined
    return result
