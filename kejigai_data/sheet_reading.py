"""Read the coding sheets that people send back: codes in, and a list of all that was altered on the way."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from .cases import load_cases
from .errors import DataError
from .language import resolve
from .loading import build, records
from .progress import track
from .sheet_cells import (
    Reader,
    a_date,
    a_place,
    a_status,
    an_id,
    folded,
    free_text,
    one_code,
    several_codes,
    untouched,
    words_of,
)
from .sheet_files import HEAD, Change, Grid, Rows, no_wider, read_grid
from .words import word

if TYPE_CHECKING:
    import pandas as pd

BEFORE: tuple[str, ...] = ("case_id", "reading", "place_id", "title_zh", "title_en", "summary_zh", "summary_en")
BEFORE += ("source", "locator", "adopted")
AFTER = ("comment",)
DEEPEST = 3  # rows over which headings may be spread


class CodingSheet(NamedTuple):
    """What was read from a coding sheet: the cases, and every alteration made on the way."""

    cases: pd.DataFrame
    changes: pd.DataFrame


class _Header(NamedTuple):
    """Where the headings stand: rows from 0, and by position the heading and the column it names."""

    first: int
    last: int
    headings: dict[int, str]
    columns: dict[int, str]


def read_coding_sheet(path: str | os.PathLike[str], language: str | None = None) -> CodingSheet:
    r"""Read a coding sheet, in Excel or CSV, as coders fill and send it.

    Parameters
    ----------
    path : str or path-like
        A file that ends in .xlsx, .xlsm, .csv, .tsv or .txt: the sheet of `coding_sheet`, or
        any table with headings that are names or labels of its columns, in Chinese or English.
    language : {"en", "zh"}, optional
        Language of the messages; the current one by default.

    Returns
    -------
    CodingSheet
        ``cases``: one row a case, all columns ``string``: those of `coding_sheet` that the file
        has, variables as codes, ``<variable>_status`` for each variable (``stated``; ``silent``
        and the like where such a word stands in brackets, of coded variables also alone; missing
        where the cell is empty), and unknown columns under their own heading, which `changes` lists.
        ``changes``: one row an alteration: ``row`` (``Int64``, as a spreadsheet counts; missing
        for the file as a whole), ``column``, ``before``, ``after``, ``reason``, ``message``.

    Raises
    ------
    SelectionError
        If `path` is no path.
    DataError
        If the file cannot be read, has no headings that are recognised, or two for one column.
    MissingExtra
        If an Excel file is given and the ``research`` extra is not installed.

    Notes
    -----
    Nothing is guessed. What cannot be decided, such as the place "Shanxi", an unknown label or
    the date 2021.7, stays exactly as typed, for `validate` or a reader to find.

    Examples
    --------
    >>> import os, tempfile
    >>> import kejigai_data as kj
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "coded.csv")
    ...     with open(path, "w", encoding="utf-8") as file:
    ...         _ = file.write("编号,地方,进展阶段,创新要素\nn1,深圳,试点,（沉默）\n")
    ...     sheet = kj.read_coding_sheet(path)
    >>> sheet.cases.loc[0, ["place_id", "stage", "factors_status"]].tolist()
    ['440300', 'pilot', 'silent']
    >>> sheet.changes.loc[sheet.changes["row"] == 2, ["before", "after"]].values.tolist()[0]
    ['深圳', '440300']
    """
    lang = resolve(language)
    grid = read_grid(path, heading_score)
    name = os.path.basename(str(path))
    header = _header(grid, name)
    body, numbers, changes = _body(grid, header, name)
    cases, altered = _cases(grid, header, body, numbers)
    of_cells = [_named(change, header) for change in grid.changes]
    return CodingSheet(cases, _changes([*of_cells, *changes, *altered], list(cases.columns), lang))


@lru_cache(maxsize=1)
def _known() -> dict[str, str]:
    """Return every accepted heading, folded, with the column it names."""
    known: dict[str, str] = {}
    for column in (*BEFORE, *AFTER):
        for lang in ("en", "zh"):
            also = word(f"sheet_also_{column}", lang).split(";")
            known |= {_fold(text): column for text in (column, word(f"sheet_{column}", lang), *also)}
    for row in records("variables"):
        name = row["variable"]
        known |= {_fold(text): name for text in (name, row["label_zh"], row["label_en"])}
        statuses = (
            f"{name}_status",
            f"{row['label_zh']}状态",
            f"{row['label_zh']}（状态）",
            f"{row['label_en']} status",
        )
        known |= {_fold(text): f"{name}_status" for text in statuses}
    # The short words over the tables that this package shows.
    for row in records("variables"):
        if row["kind"] == "code":
            known.setdefault(_fold(word(row["variable"], "zh")), row["variable"])
    return known


@lru_cache(maxsize=1)
def _usual() -> set[str]:
    """Return the headings that need no remark: names of columns, and what `coding_sheet` writes."""
    words = {word(f"sheet_{column}", lang) for column in (*BEFORE, *AFTER) for lang in ("en", "zh")}
    labels = {row[key] for row in records("variables") for key in ("label_zh", "label_en")}
    return set(_known().values()) | words | labels


def _fold(heading: str) -> str:
    return folded(heading).strip("*:：.")


def _recognised(cells: Sequence[str]) -> dict[int, str]:
    found = {at: _known()[_fold(cell)] for at, cell in enumerate(cells) if cell and _fold(cell) in _known()}
    # Without what stands in brackets or on a second line, as 地方（必填）; of a title that tells the language.
    for at, cell in enumerate(cells):
        column = _known().get(_fold(re.split(r"[(（\n]", cell)[0]), "") if at not in found else ""
        if column and column not in found.values() and not column.startswith(("title", "summary")):
            found[at] = column
    return found


def heading_score(rows: Rows) -> int:
    """Return how many columns the best row of headings among these names."""
    found = _windows(rows)
    return found[0][0] if found else 0


def _windows(rows: Rows) -> list[tuple[int, int, int]]:
    """Return what may be the headings as (how many, minus the depth, minus the first row), best first."""
    found = []
    for first in range(min(HEAD, len(rows))):
        columns: dict[int, str] = {}
        for depth, row in enumerate(rows[first : first + DEEPEST], start=1):
            # Below a heading, a row of headings is empty; a row of data is not.
            if any(at in columns and cell.strip() for at, cell in enumerate(row)):
                break
            columns |= _recognised(row)
            if not columns:
                break
            found.append((len(set(columns.values())), -depth, -first))
    return sorted(found, reverse=True)


def _header(grid: Grid, name: str) -> _Header:
    windows = _windows(grid.rows)
    if not windows or windows[0][0] < 2:
        wanted = ", ".join(("case_id", "place_id", *(v["variable"] for v in records("variables"))))
        raise DataError(
            f"{name}: no row of headings in the first {HEAD} rows. At least two are wanted, as names or as labels "
            f"in Chinese or English: {wanted}. coding_sheet() writes a sheet that has them."
        )
    _, depth, start = windows[0]
    first, last = -start, -start - depth - 1
    grouped = _grouped(grid, last)
    last += bool(grouped)
    headings: dict[int, str] = {}
    columns: dict[int, str] = {}
    spots: dict[int, str] = {}
    for number, row in enumerate(grid.rows[first : last + 1], start=first + 1):
        # Of a heading over several columns each is called what stands below it.
        row = ["" if at in grouped and number <= last else cell for at, cell in enumerate(row)]
        filled = {at: cell for at, cell in enumerate(row) if cell.strip()}
        headings |= filled
        columns |= {at: cell.strip() for at, cell in filled.items()} | _recognised(row)
        spots |= {at: f"{letters(at)}{number}" for at in filled}
    seen: dict[str, int] = {}
    for at, column in sorted(columns.items()):
        if column in seen:
            one, other = (f"{spots[where]} ({headings[where].strip()!r})" for where in (seen[column], at))
            raise DataError(f"{name}: {one} and {other} are both the column {column!r}. Rename or delete one.")
        seen[column] = at
    return _Header(first, last, headings, columns)


def _grouped(grid: Grid, last: int) -> set[int]:
    """Return the columns over which a merged heading in the last row of headings stands, if each has one below."""
    columns: set[int] = set()
    for row, where in grid.merged:
        ends = re.fullmatch(r"([A-Z]+)(\d+):([A-Z]+)(\d+)", where)
        if row == last + 1 and ends and ends[2] == ends[4] and ends[1] != ends[3]:
            columns |= set(range(position(ends[1]), position(ends[3]) + 1))
    below = grid.rows[last + 1] if last + 1 < len(grid.rows) else []
    whole = all(at < len(below) and below[at].strip() for at in columns)
    alone = not any(cell.strip() for at, cell in enumerate(below) if at not in columns)
    return columns if whole and alone else set()


def position(letters: str) -> int:
    """Return the position, counted from 0, of what a spreadsheet calls a column.

    Examples
    --------
    >>> position("A"), position("AB")
    (0, 27)
    """
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def letters(position: int) -> str:
    """Return what a spreadsheet calls the column at a position counted from 0.

    Examples
    --------
    >>> letters(0), letters(27)
    ('A', 'AB')
    """
    text = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        text = chr(65 + rest) + text
    return text


def _body(grid: Grid, header: _Header, name: str) -> tuple[Rows, list[int], list[Change]]:
    """Return the rows of data, the numbers of their rows, and what was left out or read in another way."""
    changes = []
    known = {*_known().values(), *load_cases(status=True).columns}
    for at, row in enumerate(grid.rows[: header.first]):
        if any(cell.strip() for cell in row):
            changes.append(Change(at + 1, "", " | ".join(filter(None, row)), "", "title_row"))
    for at in range(header.first, header.last):
        changes.append(Change(at + 1, "", " | ".join(filter(None, grid.rows[at])), "", "merged_header"))
    for at, column in sorted(header.columns.items()):
        if column not in known:
            changes.append(Change(header.last + 1, column, header.headings[at], column, "unknown_header"))
        elif header.headings[at] not in _usual() and column != header.headings[at]:
            changes.append(Change(header.last + 1, column, header.headings[at], column, "header"))
    changes += [Change(row, "", where, "", "merged") for row, where in grid.merged if row > header.last + 1]
    width = max(map(len, grid.rows[header.first : header.last + 1]))
    body: Rows = []
    numbers: list[int] = []
    blank: list[list[int]] = []
    for number, row in enumerate(grid.rows, start=1):
        filled = any(row) and bool("".join(row).strip())
        if not filled and blank and blank[-1][1] == number - 1:
            blank[-1][1] = number
        elif not filled:
            blank.append([number, number])
        elif number > header.last + 1:
            if grid.exact:
                no_wider(name, number, row, width)
            if _headings_again(row, header):
                changes.append(Change(number, "", " | ".join(filter(None, row)), "", "headings_again"))
                continue
            body.append(row)
            numbers.append(number)
    for first, last in blank:
        changes.append(Change(first, "", f"{first}–{last}" if last > first else str(first), "", "blank_row"))
    return body, numbers, changes


def _headings_again(row: Sequence[str], header: _Header) -> bool:
    """Tell whether a row repeats the headings, in other words or on each printed page."""
    filled = [(at, cell) for at, cell in enumerate(row) if cell.strip()]
    # Of a row of data the first cell settles it: every row comes here.
    return len(filled) > 1 and all(
        cell == header.headings.get(at) or _known().get(_fold(cell)) == header.columns.get(at, "")
        for at, cell in filled
    )


def _cases(grid: Grid, header: _Header, body: Rows, numbers: list[int]) -> tuple[pd.DataFrame, list[Change]]:
    width = max(map(len, [*grid.rows[header.first : header.last + 1], *body]), default=0)
    even = [row if len(row) == width else row + [""] * (width - len(row)) for row in body]
    cells: list[Sequence[str]] = list(zip(*even, strict=True)) if even else [()] * width
    columns, changes = dict(header.columns), []
    for at in range(width):
        if at in columns:
            continue
        if any(cell.strip() for cell in cells[at]):
            columns[at] = f"unnamed_{letters(at)}"
            changes.append(Change(header.last + 1, columns[at], "", columns[at], "unnamed"))
        else:
            changes.append(Change(None, "", letters(at), "", "blank_column"))
    readers = _readers(grid.from_1904)
    variables = [v["variable"] for v in records("variables")]
    values: dict[str, list[str]] = {}
    statuses: dict[str, list[str]] = {}
    for at, column in track(columns.items(), "columns"):
        reader = readers.get(column, untouched)
        values[column], statuses[column], steps = _read(cells[at], reader, numbers, column)
        changes += steps
    found = [name for name in variables if name in values]
    for name in found:
        given = values.pop(f"{name}_status", None)
        if given:
            statuses[name], steps = _joined(statuses[name], given, numbers, f"{name}_status")
            changes += steps
    order = [*BEFORE, *found, *(f"{name}_status" for name in found), *AFTER]
    values |= {f"{name}_status": statuses[name] for name in found}
    order += [column for column in values if column not in order]
    return build({column: values[column] for column in order if column in values}, {}), changes


def _readers(from_1904: bool) -> dict[str, Reader]:
    readers: dict[str, Reader] = dict.fromkeys((*BEFORE, *AFTER), free_text)
    readers |= {"case_id": an_id, "reading": an_id, "place_id": a_place, "adopted": a_date(from_1904)}
    for row in records("variables"):
        name = row["variable"]
        coded = several_codes if row["multiple"] == "true" else one_code
        readers[name] = coded(name) if row["kind"] == "code" else words_of(name)
        readers[f"{name}_status"] = a_status
    return readers


def _read(
    cells: Sequence[str], reader: Reader, numbers: list[int], column: str
) -> tuple[list[str], list[str], list[Change]]:
    """Read a column; each different text once, however often it stands there."""
    known = {text: reader(text) for text in dict.fromkeys(cells)}
    altered = {text for text, cell in known.items() if cell.steps}
    changes = [
        Change(number, column, before, after, reason)
        for number, text in zip(numbers, cells, strict=True)
        if text in altered
        for reason, before, after in known[text].steps
    ]
    return [known[text].value for text in cells], [known[text].status for text in cells], changes


def _joined(own: list[str], given: list[str], numbers: list[int], column: str) -> tuple[list[str], list[Change]]:
    """Join the status that a cell itself shows with that of a status column; a word in brackets goes first."""
    joined, changes = [], []
    for number, mine, theirs in zip(numbers, own, given, strict=True):
        bracket = mine not in ("", "stated")
        joined.append(mine if bracket or not theirs else theirs)
        if bracket and theirs and theirs != mine:
            changes.append(Change(number, column, theirs, mine, "status"))
    return joined, changes


def _named(change: Change, header: _Header) -> Change:
    """Give a change of the file reader the name of its column."""
    if isinstance(change.column, str):
        return change
    column = header.columns.get(change.column, letters(change.column))
    turned = change.reason == "date" and column != "adopted"
    return change._replace(column=column, reason="date_cell" if turned else change.reason)


def _changes(changes: list[Change], columns: list[str], lang: str) -> pd.DataFrame:
    place = {column: at for at, column in enumerate(columns)}
    changes.sort(key=lambda change: (change.row or 0, place.get(str(change.column), -1)))
    sentence = {reason: word(f"sheet_reason_{reason}", lang) for reason in {change.reason for change in changes}}
    return build(
        {
            "row": ["" if change.row is None else str(change.row) for change in changes],
            "column": [str(change.column) for change in changes],
            "before": [change.before for change in changes],
            "after": [change.after for change in changes],
            "reason": [change.reason for change in changes],
            "message": [sentence[change.reason] for change in changes],
        },
        {"row": "integer"},
    )
