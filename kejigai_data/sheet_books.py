"""Read a workbook of coders as rows of text, after a look at whether it is safe to open."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from html import unescape
from itertools import chain, islice
from typing import Any

from .errors import DataError, missing_extra
from .progress import track
from .sheet_files import HEAD, MAX_CELL, MAX_COLUMNS, Change, Grid, Score, within
from .words import word

LISTS = "lists"
MAX_UNPACKED, MAX_PART = 300_000_000, 20_000_000
MAX_MEMBERS, MAX_SHEETS = 2_000, 300
MAX_TAGS, MAX_TAGS_A_ROW = 25_000_000, 1_000_000
MAX_BLANK = 10_000
CHUNK = 1 << 20
# Excel's own formats of a Chinese system show these numbers as year and month, or as a day; a reader
# that does not know them sees a bare number.
MONTHS = frozenset((27, 36, 50, 52, 57))
DAYS = frozenset((28, 29, 30, 31, 51, 53, 54, 58))
_PLAIN_ENCODINGS = ("utf-8", "utf-16", "us-ascii", "ascii", "iso-8859-1", "windows-1252")
_BREAK = re.compile("_x00(09|0A|0D)_", re.IGNORECASE)
_ENTITY = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ROW = re.compile(rb"<(?:\w{1,20}:)?(?:row|si)\b")
# Spans are bounded, so that no text makes these patterns slow.
_MERGED = re.compile(rb'<(?:\w{1,20}:)?mergeCell [^>]{0,99}?\bref="([A-Z]{1,3}(\d{1,7}):[A-Z]{1,3}\d{1,7})"')
_NO_RESULT = re.compile(
    rb'<(?:\w{1,20}:)?c [^>]{0,99}?\br="([A-Z]{1,3})(\d{1,7})"[^>]{0,99}>\s{0,9}'
    rb"<(?:\w{1,20}:)?f\b(?:[^>]{0,299}/>|[^>]{0,299}>([^<]*)</(?:\w{1,20}:)?f>)\s{0,9}"
    rb"(?:<(?:\w{1,20}:)?v\s?/>|<(?:\w{1,20}:)?v></(?:\w{1,20}:)?v>)?\s{0,9}</(?:\w{1,20}:)?c>"
)


def workbook_grid(data: bytes, name: str, score: Score) -> Grid:
    """Read the sheet of a workbook that holds the coding.

    Raises
    ------
    DataError
        If the file is damaged, locked, unsafe or beyond the limits.
    MissingExtra
        If the ``research`` extra is not installed.
    """
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise missing_extra("Reading an Excel file", "research") from None
    try:
        _look_at_parts(data, name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            try:
                return _grid(book, data, name, score)
            finally:
                book.close()
    except (DataError, KeyboardInterrupt):
        raise
    except Exception as error:
        # What a damaged workbook raises in zip, XML and openpyxl code is beyond listing.
        detail = str(error).split("\n")[0][:120] or type(error).__name__
        raise DataError(
            f"{name} cannot be read as a workbook: {detail}. Open it in a spreadsheet and save it as .xlsx again."
        ) from None


def _look_at_parts(data: bytes, name: str) -> None:
    """Unpack every part once, in pieces and up to the limits, and look for what is no coding."""
    if data.count(b"PK\x01\x02") > MAX_MEMBERS:
        raise DataError(f"{name} holds more than {MAX_MEMBERS:,} parts. Copy the coding into a new workbook.")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        for member in members:
            if member.flag_bits & 1:
                raise DataError(f"{name} is protected by a password. Save it without one.")
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise DataError(f"{name} is packed in a way no spreadsheet uses. Save it as .xlsx again.")
        _small(sum(member.file_size for member in members), MAX_UNPACKED, name, "unpacked")
        unpacked = tags = 0
        for member in members:
            if member.filename.startswith("xl/media/"):
                continue
            long = member.filename.startswith("xl/worksheets/") or member.filename == "xl/sharedStrings.xml"
            size = run = 0
            last = b""
            with archive.open(member) as part:
                while piece := part.read(CHUNK):
                    plain = last + piece.replace(b"\0", b"")
                    if not size:
                        _plain_encoding(plain, name, member.filename)
                    if _ENTITY.search(plain):
                        raise DataError(
                            f"{name}: {member.filename} declares entities, which a spreadsheet never does. "
                            "Do not open this file."
                        )
                    last = plain[-16:]
                    size += len(piece)
                    unpacked += len(piece)
                    tags += piece.count(b"<")
                    first, *rows = _ROW.split(piece)
                    run += first.count(b"<")
                    most = max([run, *(row.count(b"<") for row in rows)])
                    run = rows[-1].count(b"<") if rows else run
                    _small(size, MAX_UNPACKED if long else MAX_PART, name, member.filename)
                    _small(unpacked, MAX_UNPACKED, name, "unpacked")
                    _small(tags, MAX_TAGS, name, "its cells")
                    _small(most, MAX_TAGS_A_ROW, name, f"a row of {member.filename}")


def _small(size: int, limit: int, name: str, what: str) -> None:
    if size > limit:
        raise DataError(f"{name} is too large ({what}). Copy the coding alone into a new workbook, or split it.")


def _plain_encoding(head: bytes, name: str, member: str) -> None:
    """Refuse encodings in which a declaration of entities could not be seen."""
    declared = re.match(rb"[^<]{0,4}<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([^\"']{1,40})", head)
    if declared and declared[1].decode("ascii", "replace").lower() not in _PLAIN_ENCODINGS:
        raise DataError(f"{name}: {member} is in an odd encoding. Save the workbook as .xlsx again.")


def _grid(book: Any, data: bytes, name: str, score: Score) -> Grid:
    from openpyxl.utils.datetime import MAC_EPOCH

    _small(len(book.sheetnames), MAX_SHEETS, name, f"{len(book.sheetnames)} sheets")
    # `coding_sheet` keeps the choices of its menus on a sheet that nobody sees.
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible" or sheet.title != LISTS]
    if not sheets:
        raise DataError(f"{name} holds no sheet that can be read. Save it as .xlsx (not “strict”) again.")
    scores, full = [], []
    for sheet in sheets:
        sheet.reset_dimensions()
        rows_of_it = _rows(sheet, book, name, [])
        head = list(islice(rows_of_it, HEAD))
        scores.append(score(head))
        # Below the headings there may be a long gap.
        filled = (row for row in chain(head, rows_of_it) if any(cell.strip() for cell in row))
        full.append(len(list(islice(filled, 2))) == 2)
    ours = {word("sheet_coding", lang) for lang in ("en", "zh")}
    shown = [at for at, one in enumerate(sheets) if one.sheet_state == "visible"] or range(len(sheets))

    def fitness(at: int) -> tuple[bool, bool, int, int]:
        # A template that nobody filled in gives way to a sheet with rows below its headings.
        headed = scores[at] > 1
        return headed and full[at], headed and sheets[at].title in ours, scores[at], -at

    chosen = max(shown, key=fitness)
    sheet = sheets[chosen]
    changes = [
        Change(None, "", other.title, "", "sheet")
        for at, other in enumerate(sheets)
        if at != chosen and scores[at] > 1
    ]
    rows = list(track(_rows(sheet, book, name, changes), "rows"))
    while rows and not any(rows[-1]):
        rows.pop()
    merged, empty = _merged_and_uncounted(data, sheet._worksheet_path)
    return Grid(rows, changes + empty, merged=tuple(merged), from_1904=book.epoch == MAC_EPOCH)


def _rows(sheet: Any, book: Any, name: str, changes: list[Change]) -> Iterator[list[str]]:
    blank = cells = 0
    for number, row in enumerate(sheet.iter_rows(), start=1):
        texts = [
            "" if cell.value is None else _text(cell, number, at, book, changes) for at, cell in enumerate(row)
        ]
        while texts and not texts[-1]:
            texts.pop()
        cells += len(row)
        where = f"sheet {sheet.title!r}, row {number}"
        within(name, where, number, texts, cells)
        if any(len(text) > MAX_CELL for text in texts):
            raise DataError(f"{name}, {where}: a cell of more than {MAX_CELL:,} characters. Shorten it.")
        blank = 0 if texts else blank + 1
        if blank > MAX_BLANK:
            changes.append(Change(number, "", "", "", "blank_end"))
            return
        yield texts


def _text(cell: Any, number: int, at: int, book: Any, changes: list[Change]) -> str:
    value = cell.value
    if isinstance(value, str):
        if cell.data_type == "e":
            changes.append(Change(number, at, value, value, "error_cell"))
        # A line break, or a tab, as a workbook writes what was pasted.
        return _BREAK.sub(lambda found: chr(int(found[1], 16)), value) if "_x00" in value else value
    if isinstance(value, bool):
        return str(value).upper()
    shown = ""
    if isinstance(value, date):
        shown = shown_of(cell.number_format or "")
    elif isinstance(value, int | float):
        kind = cell.style_array.numFmtId
        shown = "month" if kind in MONTHS else "day" if kind in DAYS else ""
        # openpyxl does not take these for dates.
        shown = "year" if re.fullmatch("e+|b{2,4}", _signs(cell.number_format or "")) else shown
        if shown:
            from openpyxl.utils.datetime import from_excel

            value = from_excel(value, book.epoch)
    if not isinstance(value, date):
        return str(value)
    stored = value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    text = stored[: {"year": 4, "month": 7, "day": 10}[shown]]
    changes.append(Change(number, at, stored, text, "date"))
    return text


@lru_cache(maxsize=256)
def shown_of(number_format: str) -> str:
    """Return how much of a date a number format shows: year, month or day.

    Examples
    --------
    >>> shown_of('yyyy"年"m"月"'), shown_of("yyyy/m/d"), shown_of("yyyy"), shown_of('e"年"m"月"')
    ('month', 'day', 'year', 'month')
    """
    plain = _signs(number_format)
    # In East Asian formats e is the year as well, b that of the Buddhist era.
    if "d" in plain or not set("yeb") & set(plain):
        return "day"
    return "month" if "m" in plain else "year"


def _signs(number_format: str) -> str:
    """Return a number format without what it shows as it stands."""
    plain = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]|_.|am/pm', "", number_format.lower())
    return plain.split(";")[0].strip()


def _merged_and_uncounted(data: bytes, path: str) -> tuple[list[tuple[int, str]], list[Change]]:
    """Return merged ranges with their first row, and formulas without a result; openpyxl tells neither here."""
    from openpyxl.utils import column_index_from_string

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        text = archive.read(path)
    merged = [(int(found[2]), found[1].decode()) for found in _MERGED.finditer(text)]
    empty = []
    if b"<f" in text or b":f" in text:
        for found in _NO_RESULT.finditer(text):
            formula = "=" + unescape((found[3] or b"").decode("utf-8", "replace"))
            empty.append(
                Change(int(found[2]), column_index_from_string(found[1].decode()) - 1, formula, "", "formula")
            )
    return merged, [change for change in empty if int(change.column) < MAX_COLUMNS]
