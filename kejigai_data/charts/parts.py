"""What every chart shares: headings in the current language, and checks of what comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import render
from ..checks import a_frame
from ..errors import SelectionError
from ..language import pick
from ..render import alt
from ..words import word

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

render.enable()

Pair = tuple[str, str]
BLANK = "#ECEFF1"


def heading(key: str, title: Pair | None, description: Pair | None) -> dict[str, Any]:
    """Return title and description of a chart: those given, else the usual ones."""
    text = _picked(title, "title") or word(f"{key}_title")
    about = _picked(description, "description") or word(f"{key}_description")
    return {"title": alt.Title(text), "description": f"{text} {about}"}


def _picked(pair: Pair | None, what: str) -> str:
    if pair is None:
        return ""
    if not isinstance(pair, tuple | list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
        raise SelectionError(f"{what} must be a pair of texts (English, Chinese), not {pair!r}.")
    return pick((pair[0], pair[1]))


def coded_cases(cases: object, columns: Iterable[str]) -> pd.DataFrame:
    """Return the cases as a frame, or say what is wrong with them."""
    frame = a_frame(cases, columns, what="cases")
    if frame.empty:
        raise SelectionError("There is no case in the selection: give at least one row of load_cases().")
    return frame
