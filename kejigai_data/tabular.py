"""Show a frame as a table that reads well: chosen columns, headings in words, whole text."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

from .cases import PATHWAYS
from .checks import a_frame, a_text, texts, whole
from .citing import USUAL, references
from .errors import unknown
from .language import letters_wide, marked, pick, resolve
from .loading import records
from .words import date_in_words, locator, word

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

NAMES_SOURCES = ("source_id", "source_ids")
IN_WORDS = ("layer", "status", "phase", "kind")
LONG = 20
# A fixed line height keeps Latin and Chinese cells of a row on one line.
STYLE = (
    "text-align:left;vertical-align:top;line-height:1.5;padding:4px 10px;"
    "white-space:{};min-width:{}em;max-width:{}em"
)
NARROW, WIDE = 26, 60
# A column of short cells is not broken at all: one character would be left over on the next line.
SHORT = 16
DATE = re.compile(r"(\.\.|\d{4}(-\d\d){0,2})/(\.\.|\d{4}(-\d\d){0,2})")
ADDRESS = re.compile(r"(https?://[^\s<>\"']+[^\s<>\"'.,;])")
DAYS = re.compile(r"([≤≥] )?\d{4}(-\d\d){0,2}(( to |至)\d{4}(-\d\d){0,2})?")
# A column of long texts would else be squeezed by columns of single words: its least width in em.
ESSAY = {"en": 90, "zh": 45}
LEAST = {"whole": 3.6, "broken": 6, "named": 9, "essay": 17}
# Nor should names of documents stand a word a line, for the sake of a column that is mostly empty.
A_NAME = 24


class Table:
    """A frame ready to be shown; plain text in a terminal, HTML in a notebook, where sources fold out below it."""

    def __init__(
        self, headings: list[str], rows: list[list[str]], caption: str, sources: Iterable[str] = ()
    ) -> None:
        self.headings = headings
        self.rows = rows
        self.caption = caption
        self.sources = set(sources)

    def __repr__(self) -> str:
        lines = [" | ".join(row) for row in [self.headings, *self.rows]]
        return "\n".join([self.caption, *lines] if self.caption else lines)

    def _repr_html_(self) -> str:
        if not self.headings:
            return f"<p>{escape(self.caption)}</p>"
        long = len(self.rows) > LONG
        # A class of its own: what is printed or on a slide does not scroll.
        scroll = (
            f'<span class="scroll">{escape(word("scroll").format(rows=len(self.rows)))}</span>' if long else ""
        )
        above = pick((" ", "")).join(part for part in (escape(self.caption), scroll) if part)
        caption = f'<caption style="text-align:left">{above}</caption>' if above else ""
        most = WIDE if len(self.headings) < 4 else NARROW
        styles = [_style(column, most) for column in zip(self.headings, *self.rows, strict=True)]
        head = "".join(
            f'<th scope="col" style="{style}">{escape(h)}</th>'
            for h, style in zip(self.headings, styles, strict=True)
        )
        body = "".join("<tr>" + "".join(map(_cell, row, styles)) + "</tr>" for row in self.rows)
        whole = f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        # A long table scrolls in its own box, by keyboard too.
        boxed = f'<div tabindex="0" style="max-height:34em;overflow:auto">{whole}</div>' if long else whole
        return boxed + _cited(self.sources)


def _cited(sources: set[str]) -> str:
    """Return the references of the sources of a table, folded; nothing where none is known."""
    known = references(sources, pick(USUAL))
    items = "".join(
        f'<li style="overflow-wrap:anywhere">{escape(source)}: {_linked(reference)}</li>'
        for source, reference in sorted(known.items())
    )
    summary = f"<summary>{escape(word('sources_shown'))}</summary>"
    return f'<details class="cited">{summary}<ul>{items}</ul></details>' if items else ""


def _linked(reference: str) -> str:
    """Return a reference as HTML, its address as a link."""
    parts = ADDRESS.split(reference)
    parts[::2] = [marked(escape(text), resolve()) for text in parts[::2]]
    parts[1::2] = [f'<a href="{escape(url)}" rel="noopener noreferrer">{escape(url)}</a>' for url in parts[1::2]]
    return "".join(parts)


def _cell(text: str, style: str) -> str:
    # A day stays whole in a column of longer texts too.
    style = style.replace("white-space:normal", "white-space:nowrap") if DAYS.fullmatch(text) else style
    return f'<td style="{style}">{marked(escape(text), resolve())}</td>'


def _style(column: tuple[str, ...], most: int) -> str:
    # The standard library's median would be one module more in each kernel.
    from numpy import median

    cells = [cell for cell in column[1:] if cell]
    kind = "broken"
    if max(map(letters_wide, column)) <= SHORT or (cells and all(map(DAYS.fullmatch, cells))):
        kind = "whole"
    elif cells and median(list(map(len, cells))) > ESSAY[resolve()]:
        # Not the longest: one long name does not make a column of texts.
        kind = "essay"
    elif cells and median(list(map(letters_wide, cells))) > A_NAME:
        kind = "named"
    return STYLE.format("nowrap" if kind == "whole" else "normal", LEAST[kind], most)


def table(frame: pd.DataFrame, columns: Iterable[str] | None = None, rows: int = 12, caption: str = "") -> Table:
    """Show some columns of a frame with headings in the current language.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame of the package.
    columns : iterable of str, optional
        Which columns; all without it. ``"place"`` stands for ``place_en`` or ``place_zh``,
        and so on; codes are shown as labels.
    rows : int
        At most so many rows; the caption says when some were left off.
    caption : str
        A line above the table.

    Returns
    -------
    Table
        An object that a notebook shows as a table and a terminal as lines.

    Raises
    ------
    UnknownNameError
        If the frame has no such column.
    SelectionError
        If it is no frame, has a column twice, or `rows` is not a positive whole number.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.table(kj.load_cases(), ["place", "stage"], rows=1)
    1 of 60 rows
    place | stage
    Shanghai | In operation
    """
    a_frame(frame)
    whole(rows, "rows")
    wanted = list(frame.columns) if columns is None else texts(columns, "columns")
    names = [_in_language(name, frame) for name in wanted]
    shown = frame.head(rows)
    told = [[_text(name, value) for value in shown[name].tolist()] for name in names]
    cells = [list(row) for row in zip(*told, strict=True)]
    if len(frame) > rows:
        caption = " ".join(
            part for part in (caption, f"{rows} {word('of')} {len(frame)} {word('row_count')}") if part
        )
    named = [cell for name in NAMES_SOURCES if name in names for cell in shown[name].dropna().map(str)]
    sources = [one.strip() for cell in named for one in cell.split(";")]
    return Table([_heading(str(name)) for name in names], cells, a_text(caption, "caption"), sources)


def _heading(name: str) -> str:
    """Return the word for a column, or the label of the variable that it holds."""
    label = labels_of(resolve()).get(("variable", name), "")
    if word(name) != name or not label:
        return word(name)
    return label.lower() if resolve() == "en" else label


def _in_language(name: object, frame: pd.DataFrame) -> object:
    localised = f"{name}_{resolve()}"
    if name not in frame.columns and localised not in frame.columns:
        raise unknown("column", name, map(str, frame.columns))
    return name if name in frame.columns else localised


@lru_cache(maxsize=4)
def labels_of(language: str) -> dict[tuple[str, str], str]:
    """Return variable and code to label; ``("variable", name)`` gives that of a variable."""
    labels = {(c["variable"], c["code"]): c[f"label_{language}"] for c in records("codes")}
    labels |= {("pathway", code): pick((en, zh), language) for code, (zh, en) in PATHWAYS.items()}
    return labels | {("variable", v["variable"]): v[f"label_{language}"] for v in records("variables")}


def _text(name: object, value: Any) -> str:
    import pandas as pd

    if isinstance(value, list | tuple) or getattr(value, "ndim", False):
        return "; ".join(_text(name, one) or "–" for one in value)
    if pd.isna(value):
        return ""
    if type(value).__name__ == "datetime64":
        value = pd.Timestamp(value)
    if hasattr(value, "freqstr"):
        return str(value)
    if hasattr(value, "strftime"):
        return str(value.strftime("%Y-%m-%d"))
    if isinstance(value, float):
        return f"{value:.2f}" if not value or abs(value) >= 0.01 else f"{value:.2g}"
    if name in IN_WORDS:
        return word(str(value))
    if name == "locator":
        return locator(str(value)).replace(";", "; ")
    labels, text = labels_of(resolve()), str(value)
    if DATE.fullmatch(text):
        text = date_in_words(text)
    parts = text.split(";")
    if all((name, part) in labels for part in parts):
        return pick(("; ", "；")).join(labels[str(name), part] for part in parts)
    return text
