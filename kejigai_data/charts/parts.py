"""What every chart shares: headings in the current language, and checks of what comes in."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import render
from ..checks import a_frame
from ..errors import SelectionError
from ..language import pick, resolve
from ..render import alt
from ..words import word

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

render.enable()

Pair = tuple[str, str]
BLANK = "#ECEFF1"
MUTED = "#5F666D"
# On an axis of dates a year where one begins, else a month, else a day: no label stands twice.
DATE_LABEL = (
    "timeFormat(datum.value, date(datum.value) > 1 ? '%Y-%m-%d' : month(datum.value) > 0 ? '%Y-%m' : '%Y')"
)


def colour_of(dimension: object) -> str:
    """Return the colour of a dimension; grey for a case that fits none."""
    return render.DIMENSIONS.get(str(dimension), render.DIMENSIONS["none"])


def on(values: list[dict[str, Any]]) -> alt.Chart:
    """Return a chart, not yet drawn, that carries its rows with it."""
    return alt.Chart(alt.InlineData(values=values))


def menu(name: str, key: str, options: dict[Any, str], value: object) -> alt.Parameter:
    """Return a menu that the chart brings with it; `key` is the word before it, `options` value to name."""
    bind = alt.binding_select(options=list(options), labels=list(options.values()), name=f"{word(key)} ")
    return alt.param(name=name, value=value, bind=bind)


class Cell(NamedTuple):
    """One cell of a grid: where it stands, what it says, its colour (none: empty), faint if in doubt."""

    row: str
    column: str
    shown: str
    colour: str = ""
    faint: bool = False


def grid(cells: list[Cell], width: int, labels: int = 320, legend: dict[str, str] | None = None) -> alt.LayerChart:
    """Draw cells as a grid of words; rows and columns stand as they first occur.

    A row or column may be told apart from another of the same name by a key before ``|``;
    a column's name may be broken by a line end. `legend` names colours: colour to name.
    """
    rows = list(dict.fromkeys(cell.row for cell in cells))
    columns = list(dict.fromkeys(cell.column for cell in cells))
    values = [
        {
            "row": cell.row,
            "column": cell.column,
            "shown": cell.shown,
            "said": told(cell.row, cell.column, cell.shown),
            "fill": cell.colour or BLANK,
            "ink": render.INK if cell.colour else MUTED,
            "strength": (0.15 if cell.faint else 0.35) if cell.colour else 1,
        }
        for cell in cells
    ]
    name = "length(split(datum.label, '|')) > 1 ? split(datum.label, '|')[1] : datum.label"
    # Each cell says its row and column itself.
    bare: dict[str, Any] = {"ticks": False, "domain": False, "aria": False}
    spread: dict[str, Any] = {"orient": "top", "labelAngle": 0, "labelLimit": width}
    # The lines of a long heading grow downwards, into the first row.
    spread["labelPadding"] = 4 + 15 * max(column.count("\n") for column in columns)
    top = alt.Axis(**bare, **spread, labelExpr=f"split({name}, '\\n')")
    left = alt.Axis(**bare, labelExpr=name, labelLimit=labels)
    base = on(values).encode(
        x=alt.X("column:N", sort=columns, title=None, axis=top),
        y=alt.Y("row:N", sort=rows, title=None, axis=left),
    )
    boxes = base.mark_rect(stroke="#FFFFFF", strokeWidth=3, aria=False).encode(
        color=_filled(legend or {}), opacity=alt.Opacity("strength:Q", scale=None)
    )
    text = base.mark_text(fontSize=12.5, limit=width - 8).encode(
        text=alt.Text("shown:N"),
        color=alt.Color("ink:N", scale=None),
        tooltip=alt.Tooltip("shown:N"),
        description=alt.Description("said:N"),
    )
    chart = alt.LayerChart(layer=[boxes, text])
    return chart.properties(width=width * len(columns), height=34 * len(rows))


def told(row: str, column: str, shown: str) -> str:
    r"""Return what a cell of a grid says to those who hear it: where it stands, then its words.

    Examples
    --------
    >>> told("c014|Henan", "First\nplace", "2021-12-28")
    'Henan, First place: 2021-12-28'
    """
    names = [name.split("|")[-1].replace("\n", pick((" ", ""))) for name in (row, column)]
    return f"{pick((', ', '，')).join(names)}{pick((': ', '：'))}{shown}"


def _filled(legend: dict[str, str]) -> alt.Color:
    if not legend:
        return alt.Color("fill:N", scale=None)
    colours = [*legend, colour_of("none"), BLANK]
    shown = alt.Legend(
        values=list(legend), labelExpr=f"{json.dumps(legend)}[datum.value]", orient="top", title=None, aria=False
    )
    return alt.Color("fill:N", scale=alt.Scale(domain=colours, range=colours), legend=shown)


def heading(key: str, title: Pair | None, description: Pair | None, note: str | list[str] = "") -> dict[str, Any]:
    """Return title and description of a chart: those given, else the usual ones; a note goes below the title."""
    text = _picked(title, "title") or word(f"{key}_title")
    about = _picked(description, "description") or word(f"{key}_description")
    # Without its stop a title would run on into the description.
    joint = "" if text.endswith((".", "?", "!", "。", "？", "！")) else pick((".", "。"))
    shown = alt.Title(text, subtitle=note) if note else alt.Title(text)
    return {
        "title": shown,
        "description": f"{text}{joint} {about}" if resolve() == "en" else f"{text}{joint}{about}",
    }


def _picked(pair: Pair | None, what: str) -> str:
    if pair is None:
        return ""
    if not isinstance(pair, tuple | list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
        raise SelectionError(f"{what} must be a pair of texts (English, Chinese), not {pair!r}.")
    return pick((pair[0], pair[1]))


def wrapped(text: str, en: int, zh: int) -> list[str]:
    """Break a text into lines of so many characters: at a space in English, anywhere in Chinese."""
    if resolve() == "en":
        return textwrap.wrap(text, en)
    return [text[i : i + zh] for i in range(0, len(text), zh)]


def coded_cases(cases: object, columns: Iterable[str]) -> pd.DataFrame:
    """Return the cases as a frame, or say what is wrong with them."""
    frame = a_frame(cases, columns, what="cases")
    if frame.empty:
        raise SelectionError("There is no case in the selection: give at least one row of load_cases().")
    return frame
