"""What is typed into a coding sheet, as the codebook writes it: one reader for each kind of column."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

from .checks import SPACES
from .codebook import codes_of
from .dates import bounds
from .loading import VOCABULARY, records
from .places import meant
from .words import word

STATUSES = ("silent", "not_applicable", "ambiguous", "stated_absent")
# What is longer is no code, name or date, and folding it could take long.
LONGEST = 300
SERIALS = (date(1950, 1, 1), date(2099, 12, 31))
EPOCHS = {False: date(1899, 12, 30), True: date(1904, 1, 1)}

_DATE = re.compile(
    r"(?P<year>\d{4})(?:\s*年|"
    r"\s*年\s*(?P<month>\d{1,2})\s*月(?:\s*(?P<day>\d{1,2})\s*[日号])?|"
    r"(?P<mark>[-/.])(?P<month2>\d{1,2})(?P=mark)(?P<day2>\d{1,2})(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?|"
    r"[-/](?P<month3>\d{1,2}))"
)
_MONTH = re.compile(r"\d{1,2}\s*月(?:\s*\d{1,2}\s*[日号])?")
_UNTIL = re.compile(r"\s*(?:至|到|~|—+|–|--)\s*")


class Cell(NamedTuple):
    """A cell as it is read: value, status, and each alteration as (reason, before, after)."""

    value: str
    status: str = ""
    steps: tuple[tuple[str, str, str], ...] = ()


Reader = Callable[[str], Cell]


class _Trail:
    """A text on its way to its final form, with every alteration that was made."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.steps: tuple[tuple[str, str, str], ...] = ()

    def to(self, reason: str, text: str) -> None:
        if text != self.text:
            self.steps += ((reason, self.text, text),)
            self.text = text


def trimmed(text: str) -> str:
    """Return the text without white space, of any width or none, at its edges."""
    return text.strip(SPACES)


def narrow(text: str) -> str:
    """Return full-width letters, digits and spaces half-width.

    Examples
    --------
    >>> narrow("２０２１－０７")
    '2021-07'
    """
    return trimmed(normalize("NFKC", text)) if len(text) <= LONGEST else text


def folded(text: str) -> str:
    """Return what two spellings of one label have in common.

    Examples
    --------
    >>> folded("In-Operation") == folded("in_operation") == folded("ＩＮ operation")
    True
    """
    return re.sub(r"[\s_\-‐–—]+", "", narrow(text).casefold())


def bracketed(status: str, lang: str | None = None) -> str:
    """Return how a status is written into the cell of a variable.

    Examples
    --------
    >>> bracketed("silent", "zh"), bracketed("not_applicable", "en")
    ('（沉默）', '(not applicable)')
    """
    shown = word(status, lang)
    return f"（{shown}）" if shown and not shown.isascii() else f"({shown})"


@lru_cache(maxsize=1)
def _statuses() -> dict[str, str]:
    """Return every spelling of a status, folded and without brackets, to the status."""
    known: dict[str, str] = {}
    for status in STATUSES:
        for lang in ("en", "zh"):
            also = word(f"sheet_also_{status}", lang).split(";")
            known |= {folded(text): status for text in (status, word(status, lang), *also)}
    return known


@lru_cache(maxsize=1)
def _every_status() -> dict[str, str]:
    """Return those of `_statuses`, and of the statuses that go with a value."""
    spelt = {one: (one, word(one, "en"), word(one, "zh")) for one in VOCABULARY["status"]}
    return {folded(text): one for one, words in spelt.items() for text in words} | _statuses()


@lru_cache(maxsize=64)
def _meanings(variable: str) -> dict[str, str]:
    """Return every spelling of a code, folded, to the code; and of a status to the status in brackets."""
    known = {text: f"({status})" for text, status in _statuses().items()}
    for code in records("codes"):
        if code["variable"] == variable:
            known |= {folded(code[name]): code["code"] for name in ("code", "label_zh", "label_en")}
    known |= {f"({text})": f"({status})" for text, status in _statuses().items()}
    return known


@lru_cache(maxsize=64)
def _labels(variable: str) -> set[str]:
    """Return what the drop-down lists of a variable hold, in both languages."""
    labels = {bracketed(status, lang) for status in STATUSES for lang in ("en", "zh")}
    rows = (code for code in records("codes") if code["variable"] == variable)
    return labels | {code[name] for code in rows for name in ("code", "label_zh", "label_en")}


def one_code(variable: str) -> Reader:
    """Return the reader for a variable that takes one code."""

    def read(text: str) -> Cell:
        trail = _Trail(text)
        trail.to("space", trimmed(text))
        if not trail.text:
            return Cell("", "", trail.steps)
        found = _meanings(variable).get(folded(trail.text))
        return _settled(trail, variable, found) if found else Cell(text, "stated")

    return read


def several_codes(variable: str) -> Reader:
    """Return the reader for a variable that takes a set of codes."""
    single, order = one_code(variable), codes_of(variable)

    def read(text: str) -> Cell:
        trail = _Trail(text)
        trail.to("space", trimmed(text))
        known = _meanings(variable)
        if not trail.text or folded(trail.text) in known:
            return single(text)
        parts = []
        for part in re.split("[;；]", trail.text):
            # A label may hold a comma, so the semicolon comes first.
            parts += [part] if folded(part) in known else re.split("[、,，\n]", part)
        parts = [part for part in map(trimmed, parts) if part]
        codes = [known.get(folded(part), "") for part in parts]
        if not codes or not set(codes) <= set(order):
            return Cell(text, "stated")
        trail.to("separator", ";".join(parts))
        trail.to("width", ";".join(part if part in _labels(variable) else narrow(part) for part in parts))
        trail.to("label", ";".join(codes))
        trail.to("order", ";".join(sorted(set(codes), key=order.index)))
        return Cell(trail.text, "stated", trail.steps)

    return read


def _settled(trail: _Trail, variable: str, found: str) -> Cell:
    if trail.text not in _labels(variable):
        trail.to("width", narrow(trail.text))
    trail.to("label", found)
    status = found[1:-1] if found.startswith("(") else ""
    return Cell("", status, trail.steps) if status else Cell(found, "stated", trail.steps)


def words_of(variable: str) -> Reader:
    """Return the reader for a variable in free words: only a status in brackets is looked for."""

    def read(text: str) -> Cell:
        cell = free_text(text)
        match = re.fullmatch(r"\((.+)\)", narrow(cell.value))
        status = _statuses().get(folded(match[1])) if match else None
        if not status:
            return Cell(cell.value, "stated" if cell.value else "", cell.steps)
        trail = _Trail(cell.value)
        trail.to("label", f"({status})")
        return Cell("", status, cell.steps + trail.steps)

    return read


def a_status(text: str) -> Cell:
    """Read a status that stands in a column of its own, as `load_cases` with ``status=True`` gives it."""
    trail = _Trail(text)
    trail.to("space", trimmed(text))
    trail.to("label", _every_status().get(folded(trail.text).strip("()"), trail.text))
    return Cell(trail.text, "", trail.steps)


def free_text(text: str) -> Cell:
    """Read a title, summary, source, locator or comment: only its edges are touched."""
    trail = _Trail(text)
    trail.to("space", trimmed(text))
    return Cell(trail.text, "", trail.steps)


def untouched(text: str) -> Cell:
    """Read a cell of a column that is none of ours."""
    return Cell(text)


def an_id(text: str) -> Cell:
    """Read a number or name of a case or a coder.

    Examples
    --------
    >>> an_id("１.0").value
    '1'
    """
    trail = _plain(text)
    return Cell(trail.text, "", trail.steps)


def a_place(text: str) -> Cell:
    """Read a place by any of its names; one that is unknown or may mean two stays as typed.

    Examples
    --------
    >>> a_place("深圳市").value, a_place("Shanxi").value
    ('440300', 'Shanxi')
    """
    trail = _plain(text)
    if not trail.text:
        return Cell("", "", trail.steps)
    found = meant(trail.text) if len(trail.text) <= LONGEST else []
    if len(found) == 1:
        trail.to("place", found[0])
    elif not re.fullmatch(r"[1-9]\d{5}", trail.text, re.ASCII):
        return Cell(text)
    # A county's code, of which there is no table here: `validate` knows its form.
    return Cell(trail.text, "", trail.steps)


def _plain(text: str) -> _Trail:
    trail = _Trail(text)
    trail.to("space", trimmed(text))
    trail.to("width", narrow(trail.text))
    if re.fullmatch(r"\d{1,20}\.0{1,9}", trail.text):
        trail.to("number", trail.text.split(".")[0])
    return trail


def a_date(from_1904: bool) -> Reader:
    """Return the reader for a column of dates; serial numbers count from 1900, or from 1904."""

    def read(text: str) -> Cell:
        trail = _plain(text)
        if not trail.text or _is_edtf(trail.text):
            return Cell(trail.text, "", trail.steps)
        for reason, found in (("serial", _serial(trail.text, from_1904)), ("date", edtf(trail.text))):
            if found:
                trail.to(reason, found)
                return Cell(trail.text, "", trail.steps)
        return Cell(text)

    return read


def _serial(text: str, from_1904: bool) -> str:
    if not re.fullmatch(r"[1-9]\d{4}", text, re.ASCII):
        return ""
    day = EPOCHS[from_1904] + timedelta(days=int(text))
    return day.isoformat() if SERIALS[0] <= day <= SERIALS[1] else ""


def edtf(text: str) -> str:
    """Return a date in Chinese or with strokes or points as EDTF; empty if it cannot be decided.

    Examples
    --------
    >>> edtf("2021年7月17日"), edtf("2021/7"), edtf("2021年7月至2022年3月"), edtf("2021.7"), edtf("2021年底")
    ('2021-07-17', '2021-07', '2021-07/2022-03', '', '')
    """
    if len(text) > LONGEST:
        return ""
    ends = _UNTIL.split(text)
    if len(ends) == 2 and _MONTH.fullmatch(ends[1]):
        ends[1] = f"{ends[0][:4]}年{ends[1]}"
    written = [_one_date(end) for end in ends]
    joined = "/".join(written)
    return joined if all(written) and len(written) <= 2 and _is_edtf(joined) else ""


def _one_date(text: str) -> str:
    if _is_edtf(text) and "/" not in text:
        return text
    match = _DATE.fullmatch(text)
    if not match:
        return ""
    month = match["month"] or match["month2"] or match["month3"]
    day = match["day"] or match["day2"]
    return "-".join([match["year"], *(part.zfill(2) for part in (month, day) if part)])


def _is_edtf(text: str) -> bool:
    try:
        bounds(text)
    except ValueError:
        return False
    return text.isascii()
