"""The four forms of EDTF dates used here: ``D``, ``D/D``, ``../D`` and ``D/..``."""

from __future__ import annotations

import re
from calendar import monthrange

_DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


def _bounds(text: str) -> tuple[str, str]:
    match = _DAY.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a date of the form 2021, 2021-07 or 2021-07-17")
    year, month, day = match.groups()
    if month is None:
        return f"{year}-01-01", f"{year}-12-31"
    if not 1 <= int(month) <= 12:
        raise ValueError(f"{text!r} has no month {month}")
    last = monthrange(int(year), int(month))[1]
    if day is None:
        return f"{year}-{month}-01", f"{year}-{month}-{last:02d}"
    if not 1 <= int(day) <= last:
        raise ValueError(f"{text!r} has no day {day}: that month has {last}")
    return text, text


def bounds(text: str) -> tuple[str, str]:
    """Return the first and last possible day of an EDTF date.

    Parameters
    ----------
    text : str
        ``2021``, ``2021-07``, ``2021-07-17``, an interval of two of these, or one
        with ``..`` on one side (``../2021-12-24`` means by that day).

    Returns
    -------
    tuple of str
        ISO days; empty on the open side.

    Raises
    ------
    ValueError
        If the form is not one of these, the day does not exist, or the order is wrong.

    Examples
    --------
    >>> bounds("2021-02")
    ('2021-02-01', '2021-02-28')
    >>> bounds("../2022-10")
    ('', '2022-10-31')
    """
    if "/" not in text:
        return _bounds(text)
    left, right = text.split("/", 1)
    if left == right == "..":
        raise ValueError("'../..' says nothing: leave the date empty and give a status")
    first = "" if left == ".." else _bounds(left)[0]
    last = "" if right == ".." else _bounds(right)[1]
    if first and last and first > last:
        raise ValueError(f"{text!r} ends before it begins")
    return first, last


def written(first: str, last: str) -> str:
    """Return the shortest form of an interval of days, with ``≤`` for an upper bound alone.

    Examples
    --------
    >>> written("2021-01-01", "2021-12-31"), written("", "2022-12-31"), written("2020-01-20", "2020-01-20")
    ('2021', '≤ 2022', '2020-01-20')
    >>> written("", "2017-03-31"), written("", "2017-03-30")
    ('≤ 2017-03', '≤ 2017-03-30')
    """
    if not first:
        return f"≤ {next((last[:n] for n in (4, 7) if bounds(last[:n])[1] == last), last)}"
    if first == last:
        return first
    for length in (4, 7):
        if first[:length] == last[:length] and bounds(first[:length]) == (first, last):
            return first[:length]
    return f"{first} – {last}"
