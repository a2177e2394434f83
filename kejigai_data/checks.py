"""Checks of what a caller hands over, so that nothing ends in a pandas traceback."""

from __future__ import annotations

import os
from collections.abc import Iterable
from decimal import Decimal
from math import isfinite
from numbers import Integral, Real
from typing import TYPE_CHECKING

from .errors import SelectionError, unknown

if TYPE_CHECKING:
    import pandas as pd


# Of any kind, also wide, unbreakable and without a width: engines differ on which they count as spaces.
SPACES = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\ufeff\u200b\u200c\u200d\u2060"
# Some before something else. Without a bound Python's expressions take the square of a long gap.
GAP = f"[{SPACES}]{{0,99}}"


def a_text(value: object, what: str) -> str:
    """Return `value` if it is text, or raise `SelectionError` naming `what`.

    Examples
    --------
    >>> a_text("c001", "case")
    'c001'
    """
    if not isinstance(value, str):
        raise SelectionError(f"{what} must be one piece of text, not {type(value).__name__}: {one_short(value)}.")
    return value


def a_path(value: object, what: str) -> str:
    """Return a path as text, or raise `SelectionError` naming `what`.

    Examples
    --------
    >>> a_path("out", "folder")
    'out'
    """
    path = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(path, str) or not path.strip() or "\0" in path:
        raise SelectionError(f"{what} must be a path, as text or pathlib.Path, not {one_short(value)}.")
    return os.path.expanduser(path)


def texts(values: object, what: str) -> list[str]:
    """Return a list of texts; one text counts as a list of one.

    Examples
    --------
    >>> texts("place", "columns")
    ['place']
    """
    if isinstance(values, str):
        return [values]
    if not isinstance(values, Iterable) or isinstance(values, bytes | dict):
        raise SelectionError(f"{what} must be a list of names, not {type(values).__name__}: {one_short(values)}.")
    return [a_text(value, f"each of {what}") for value in values]


def one_of(value: object, allowed: Iterable[str], what: str) -> str:
    """Return `value` if it is among `allowed`, or raise with the nearest."""
    options = list(allowed)
    if not isinstance(value, str) or value not in options:
        raise SelectionError(f"Unknown {what}: {one_short(value)}. Allowed: {', '.join(map(repr, options))}.")
    return value


def whole(value: object, what: str, least: int = 1) -> int:
    """Return a whole number of at least `least`, also for one of numpy's."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise SelectionError(f"{what} must be a whole number of at least {least}, not {one_short(value)}.")
    return int(value)


def a_frame(value: object, columns: Iterable[str] = (), what: str = "frame") -> pd.DataFrame:
    """Return a pandas frame that has each of `columns` once.

    Raises
    ------
    SelectionError
        If it is no frame, or has a column twice.
    UnknownNameError
        If a column is missing, with the nearest names.
    """
    import pandas as pd

    if not isinstance(value, pd.DataFrame):
        raise SelectionError(f"{what} must be a pandas DataFrame, not {type(value).__name__}: {one_short(value)}.")
    twice = [str(name) for name in value.columns[value.columns.duplicated()].unique()]
    if twice:
        raise SelectionError(f"{what} has columns more than once: {', '.join(twice)}. Keep one of each.")
    for name in columns:
        if name not in value.columns:
            raise unknown("column", name, [str(column) for column in value.columns])
    return value


def is_number(value: object) -> bool:
    """Tell whether a value is a number of any kind; a flag is none.

    Examples
    --------
    >>> is_number(1.5), is_number(True)
    (True, False)
    """
    return isinstance(value, Real | Decimal) and not isinstance(value, bool)


def as_written(value: object) -> str:
    """Return a code or an id as text: a gap in a column makes decimal numbers of whole ones on reading.

    Examples
    --------
    >>> as_written(110000.0), as_written(110000), as_written("110000")
    ('110000', '110000', '110000')
    """
    return str(int(value)) if is_number(value) and isfinite(value) and value == int(value) else str(value)  # type: ignore[arg-type, call-overload]


def counted(value: object, what: str) -> int:
    """Return how often something was counted, or raise `SelectionError` naming `what`.

    Examples
    --------
    >>> counted("2", "n"), counted(2.0, "n")
    (2, 2)
    """
    text = as_written(value)
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise SelectionError(
            f"{what} should hold whole numbers, how often something was counted, not {one_short(value)}."
        )
    return int(text)


def one_short(value: object) -> str:
    """Return a value as it would be typed, cut to what fits into a message."""
    shown = repr(value)
    return shown if len(shown) < 60 else shown[:57] + "..."
