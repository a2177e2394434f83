"""Open the files that coders send, CSV in any usual encoding or Excel, as rows of text; never without a limit."""

from __future__ import annotations

import csv
import io
import os
import re
import stat
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from .errors import DataError, SelectionError

MAX_BYTES = 200_000_000
MAX_ROWS, MAX_COLUMNS = 1_048_576, 500
MAX_CELLS = 5_000_000
MAX_CELL = 1_000_000
MAX_RECORD = 4_000_000
HEAD = 15  # rows in which the headings are looked for
ENDINGS = {".csv": ",", ".tsv": "\t", ".txt": "\t", ".xlsx": "", ".xlsm": ""}
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Change(NamedTuple):
    """One alteration: row as a spreadsheet counts (None: the file), column by position, name or none."""

    row: int | None
    column: int | str
    before: str
    after: str
    reason: str


class Grid(NamedTuple):
    """The rows of a file from its first line on, as text.

    In an `exact` one no row may have more cells than the headings; `merged` are ranges with their first row.
    """

    rows: list[list[str]]
    changes: list[Change]
    exact: bool = False
    merged: tuple[tuple[int, str], ...] = ()
    from_1904: bool = False


Rows = list[list[str]]
Score = Callable[[Rows], int]


def read_grid(path: str | os.PathLike[str], score: Score) -> Grid:
    """Read a file as rows of text.

    Parameters
    ----------
    path : str or path-like
        A file that ends in one of `ENDINGS`.
    score : callable
        How many headings are recognised in some first rows: it chooses delimiter and sheet.

    Raises
    ------
    SelectionError
        If it is no path.
    DataError
        If the file cannot be read as what its ending says, or is beyond the limits.
    """
    if not isinstance(path, str | os.PathLike) or "\0" in str(path) or not str(path):
        raise SelectionError(f"Give the path of a file, not {str(path)[:60]!r}.")
    name = os.path.basename(str(path))
    ending = os.path.splitext(name)[1].lower()
    data = _content(os.path.expanduser(path), name)
    if data.startswith(OLE):
        raise DataError(
            f"{name} is an old Excel file (.xls) or protected by a password. Open it in a spreadsheet, "
            "save it as .xlsx without a password, and read that."
        )
    if ending not in ENDINGS:
        raise DataError(f"{name}: only {', '.join(ENDINGS)} are read. Save the sheet as .xlsx or .csv.")
    packed = data.startswith(b"PK\x03\x04")
    if ending in (".xlsx", ".xlsm"):
        from .sheet_books import workbook_grid

        if not packed:
            raise DataError(f"{name} is not an Excel workbook, or is damaged. Save it as .xlsx again.")
        return workbook_grid(data, name, score)
    if packed:
        raise DataError(f"{name} is not text but a packed file. If it is a workbook, let its name end in .xlsx.")
    return _text_grid(data, name, ending, score)


def _content(path: str, name: str) -> bytes:
    try:
        about = os.stat(path)
        if stat.S_ISDIR(about.st_mode):
            raise DataError(f"{name} is a folder. Give the path of one file.")
        if not stat.S_ISREG(about.st_mode):
            raise DataError(f"{name} is no ordinary file. Give the path of one file.")
        if about.st_size > MAX_BYTES:
            raise DataError(f"{name} is larger than {MAX_BYTES // 10**6} MB. Split it, or take pictures out.")
        with open(path, "rb") as file:
            data = file.read()
    except DataError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{name or path} cannot be read: {reason}. Check the path.") from None
    if not data.strip():
        raise DataError(f"{name} is empty. A row of headings is wanted; coding_sheet() writes one.")
    return data


def encoding_of(data: bytes, name: str) -> str:
    """Return the encoding of a text: UTF-8, UTF-16 by its mark, else GB18030 if it can be that."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif data.startswith(b"\xef\xbb\xbf"):
        encodings = ["utf-8-sig"]
    else:
        encodings = ["utf-8", "gb18030"]
    failed: list[UnicodeDecodeError] = []
    for encoding in encodings:
        try:
            data.decode(encoding)
            return encoding
        except UnicodeDecodeError as error:
            failed.append(error)
            # GB18030 makes something of almost anything. Text that was good UTF-8 so far is damaged UTF-8.
            if len(re.findall(b"[\xe4-\xe9][\x80-\xbf]{2}", data[: error.start])) >= 4:
                break
    # What went wrong last was read furthest.
    at, encoding = max((error.start, encoding) for error, encoding in zip(failed, encodings, strict=False))
    at += 3 * (encoding == "utf-8-sig")
    raise DataError(
        f"{name}: byte {at} is not {encoding.removesuffix('-sig')}: the file is damaged, or in an encoding that "
        "is not read here (UTF-8, UTF-16 with its mark, GB18030). Save it as CSV UTF-8, or as .xlsx."
    )


class _Lines:
    """The lines of a text, none and no record of them longer than the limit."""

    def __init__(self, data: bytes, encoding: str) -> None:
        self._file = io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="")
        self.taken = 0
        self.line = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(MAX_RECORD + 1)
        self.taken += len(line)
        self.line += bool(line)
        if self.taken > MAX_RECORD:
            raise csv.Error(f"more than {MAX_RECORD:,} characters in one row; a quotation mark may be missing")
        if "\0" in line:
            raise csv.Error("a NUL character; the file is damaged, or UTF-16 without its mark")
        if not line:
            raise StopIteration
        return line


def _text_grid(data: bytes, name: str, ending: str, score: Score) -> Grid:
    encoding = encoding_of(data, name)
    changes = []
    if not encoding.startswith("utf-8"):
        changes.append(Change(None, "", "", encoding.upper(), "encoding"))
    heads = {mark: _head(data, encoding, mark) for mark in (",", ";", "\t", "，")}
    scores = {mark: score(head) for mark, head in heads.items()}
    mark = max(scores, key=lambda one: (scores[one], one == ENDINGS[ending]))
    typed = mark
    if mark == "，" and _width(heads[","]) >= _width(heads["，"]):
        # Only the headings were typed with full-width commas.
        mark = ","
    rows = _records(data, encoding, mark, name)
    if typed != mark:
        for at, row in enumerate(rows[:HEAD]):
            if len(row) == 1 and score([row[0].split("，")]) > 1:
                rows[at] = row[0].split("，")
                changes.append(Change(at + 1, "", row[0], ",".join(rows[at]), "delimiter"))
                break
    if mark != ENDINGS[ending]:
        changes.append(Change(None, "", ENDINGS[ending], mark, "delimiter"))
    return Grid(rows, changes, exact=True)


def _width(rows: Rows) -> int:
    """Return how many cells the rows below the first usually have."""
    widths = sorted(len(row) for row in rows[1:] if any(row))
    return widths[len(widths) // 2] if widths else 0


def _head(data: bytes, encoding: str, mark: str) -> Rows:
    """Return the first rows, as far as this delimiter makes any."""
    rows: Rows = []
    try:
        for row in islice(csv.reader(_Lines(data[:1_000_000], encoding), delimiter=mark), HEAD):
            rows.append(row[:MAX_COLUMNS])
    except (csv.Error, UnicodeDecodeError):
        pass
    return rows


def _records(data: bytes, encoding: str, mark: str, name: str) -> Rows:
    rows: Rows = []
    once: dict[str, str] = {}
    cells = 0
    lines = _Lines(data, encoding)
    before = csv.field_size_limit(MAX_CELL)
    try:
        for row in csv.reader(lines, delimiter=mark, strict=True):
            lines.taken = 0
            while len(row) > MAX_COLUMNS and not row[-1]:
                row.pop()
            cells += len(row)
            within(name, f"row {len(rows) + 1}", len(rows) + 1, row, cells)
            # Most cells repeat: one copy of each keeps memory small.
            rows.append(list(map(once.setdefault, row, row)))
    except csv.Error as error:
        raise DataError(
            f"{name}, row {len(rows) + 1} (line {lines.line}): {error}. "
            "Put quotation marks around cells with commas or line breaks, or save the sheet as .xlsx."
        ) from None
    finally:
        csv.field_size_limit(before)
    return rows


def no_wider(name: str, number: int, row: list[str], width: int) -> None:
    """Raise `DataError` if a row of an exact grid has cells beyond its headings: a delimiter stood in one."""
    if any(cell.strip() for cell in row[width:]):
        raise DataError(
            f"{name}, row {number}: {len(row)} cells, but the headings have {width}. Put quotation marks "
            "around cells that hold the delimiter, or save the sheet as .xlsx."
        )


def within(name: str, where: str, count: int, row: list[str], cells: int) -> None:
    """Raise `DataError` if a row, or what was read so far, is beyond the limits."""
    wrong = ""
    if count > MAX_ROWS:
        wrong = f"more than {MAX_ROWS:,} rows"
    elif len(row) > MAX_COLUMNS:
        wrong = f"{len(row):,} columns; at most {MAX_COLUMNS} are read"
    elif cells > MAX_CELLS:
        wrong = f"more than {MAX_CELLS:,} cells"
    if wrong:
        raise DataError(f"{name}, {where}: {wrong}. Take out what is not coding, or split the file.")
