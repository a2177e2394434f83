"""Write an empty coding sheet: Excel with lists to choose from and the codebook beside it, or CSV."""

from __future__ import annotations

import csv
import os
import re
import tempfile
from collections.abc import Callable, Iterable
from typing import Any

from .checks import a_path, texts
from .codebook import describe, is_set, label, variable_label
from .errors import DataError, SelectionError, missing_extra, unknown
from .exporting import guarded, save_book
from .language import letters_wide, resolve
from .loading import records
from .sheet_books import LISTS
from .sheet_cells import STATUSES, bracketed
from .words import word

ROWS = 1000
WIDTHS = {"title": 34, "summary": 60, "source": 34, "locator": 22, "comment": 50}
GUIDE = ("row", "list", "several", "status", "place", "date", "doubt", "read")


def coding_sheet(
    path: str | os.PathLike[str], language: str | None = None, variables: Iterable[str] | None = None
) -> list[str]:
    """Write an empty sheet for coding cases, to be read by `read_coding_sheet`.

    Parameters
    ----------
    path : str or path-like
        A new file that ends in .xlsx or .csv.
    language : {"en", "zh"}, optional
        Language of headings, lists and help; the current one by default.
    variables : iterable of str, optional
        Names in ``load("variables")``; the twelve of the case level by default.

    Returns
    -------
    list of str
        The files written: the workbook, or the CSV file and ``<name>_codes.csv`` with the codes.

    Raises
    ------
    SelectionError
        If the path has another ending or the file is there already: work is never overwritten.
    UnknownNameError
        For another variable, with the nearest names.
    MissingExtra
        If Excel is asked for and the ``research`` extra is not installed.
    DataError
        If the place cannot be written.

    Examples
    --------
    >>> import os, tempfile
    >>> import kejigai_data as kj
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = kj.coding_sheet(os.path.join(folder, "coding.csv"), variables=["mechanism", "stage"])
    >>> [os.path.basename(file) for file in files]
    ['coding.csv', 'coding_codes.csv']
    """
    target = os.path.abspath(a_path(path, "path"))
    stem, ending = os.path.splitext(target)
    lang = resolve(language)
    chosen = _chosen(variables)
    writers: dict[str, Callable[[str], None]]
    if ending.lower() == ".xlsx":
        writers = {target: lambda file: _workbook(file, chosen, lang)}
    elif ending.lower() == ".csv":
        writers = {
            target: lambda file: _csv(file, [list(_headings(chosen, lang).values())]),
            f"{stem}_codes.csv": lambda file: _csv(file, _code_list(chosen, lang)),
        }
    else:
        raise SelectionError(f"{os.path.basename(target)!r} must end in .xlsx or .csv.")
    _write(writers)
    return list(writers)


def _chosen(variables: Iterable[str] | None) -> list[str]:
    if variables is None:
        return [v["variable"] for v in records("variables") if v["level"] == "case"]
    known = [v["variable"] for v in records("variables")]
    chosen = list(dict.fromkeys(texts(variables, "variables")))
    for name in chosen:
        if name not in known:
            raise unknown("variable", name, known)
    if not chosen:
        raise SelectionError("variables names none: leave it out for all of the case level.")
    return chosen


def _write(writers: dict[str, Callable[[str], None]]) -> None:
    """Write all files beside their places, then rename them: all are there, or none."""
    done: list[tuple[str, str]] = []
    placed: list[str] = []
    try:
        for target, writer in writers.items():
            _must_be_new(target)
            handle, beside = tempfile.mkstemp(prefix=".sheet-", suffix=".tmp", dir=os.path.dirname(target))
            os.close(handle)
            done.append((beside, target))
            writer(beside)
            # mkstemp makes a file that only its owner can read.
            os.chmod(beside, 0o644)
        for beside, target in done:
            _must_be_new(target)
            os.replace(beside, target)
            placed.append(target)
    except OSError as error:
        _remove(placed)
        raise DataError(
            f"{next(iter(writers))} cannot be written: {error.strerror or error}. Name another folder."
        ) from None
    finally:
        _remove([beside for beside, _ in done])


def _must_be_new(target: str) -> None:
    if os.path.lexists(target):
        raise SelectionError(f"{target} is there already, perhaps with somebody's work. Give another name.")


def _remove(files: list[str]) -> None:
    for file in files:
        if os.path.exists(file):
            os.remove(file)


def _headings(variables: list[str], lang: str) -> dict[str, str]:
    """Return the columns in their order with their headings."""
    before = ("case_id", "reading", "place_id", f"title_{lang}", f"summary_{lang}", "source", "locator", "adopted")
    headings = {column: word(f"sheet_{column}", lang) for column in before}
    headings |= {name: variable_label(name, lang) for name in variables}
    return headings | {"comment": word("sheet_comment", lang)}


def _entries(variable: str, lang: str) -> list[str]:
    """Return what the drop-down list of a variable holds: its labels, then the words for no value."""
    labels = [c[f"label_{lang}"] for c in records("codes") if c["variable"] == variable]
    return [*labels, *(bracketed(status, lang) for status in STATUSES)]


def _example(variable: str, lang: str) -> str:
    return label(variable, ";".join(c["code"] for c in _codes([variable])[:2]), lang)


def _codes(variables: list[str]) -> list[dict[str, str]]:
    return [c for name in variables for c in records("codes") if c["variable"] == name]


def _csv(path: str, rows: list[list[str]]) -> None:
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([guarded(cell) for cell in row] for row in rows)


def _code_list(variables: list[str], lang: str) -> list[list[str]]:
    codes = [[c["variable"], c["code"], c[f"label_{lang}"], c[f"definition_{lang}"]] for c in _codes(variables)]
    statuses = [["", f"({one})", bracketed(one, lang), word(f"sheet_means_{one}", lang)] for one in STATUSES]
    return [["variable", "code", "label", "definition"], *codes, *statuses]


def _workbook(path: str, variables: list[str], lang: str) -> None:
    try:
        from openpyxl import Workbook
    except ImportError:
        raise missing_extra("An Excel coding sheet", "research") from None
    book = Workbook()
    guide, coding = book.active, book.create_sheet(word("sheet_coding", lang))
    guide.title = word("sheet_guide", lang)
    _page(guide, [("#", word("sheet_guide_title", lang), ""), *_guide(variables, lang)])
    _form(coding, variables, lang)
    for name in variables:
        sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", variable_label(name, lang))[:31])
        _page(sheet, _lines(describe(name, lang)))
    lists = book.create_sheet(LISTS)
    lists.sheet_state = "hidden"
    coded = [v["variable"] for v in records("variables") if v["variable"] in variables and v["kind"] == "code"]
    columns = list(_headings(variables, lang))
    for number, name in enumerate(coded, start=1):
        entries = _entries(name, lang)
        for row, text in enumerate([name, *entries], start=1):
            letter = lists.cell(row, number, text).column_letter
        source = f"{LISTS}!${letter}$2:${letter}${len(entries) + 1}"
        _choice(coding, name, columns.index(name) + 1, source, lang)
    save_book(book, path)


def _form(sheet: Any, variables: list[str], lang: str) -> None:
    """Lay out the sheet to fill: one row of headings that is locked, and open cells that are text."""
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font, PatternFill, Protection

    definitions = {v["variable"]: v[f"definition_{lang}"] for v in records("variables")}
    # One object of each: openpyxl compares styles cell by cell.
    wrapped, unlocked = Alignment(vertical="top", wrap_text=True), Protection(locked=False)
    for number, (column, heading) in enumerate(_headings(variables, lang).items(), start=1):
        cell = sheet.cell(1, number, heading)
        cell.font, cell.alignment = Font(bold=True), wrapped
        cell.fill = PatternFill("solid", fgColor="DDE7F0")
        note = definitions.get(column) or word(f"sheet_note_{column}", lang)
        cell.comment = Comment(note, "kejigai_data", height=40 + 20 * (letters_wide(note) // 36 + 1), width=300)
        below = sheet.column_dimensions[cell.column_letter]
        below.width = _width(column, heading, lang)
        below.number_format, below.protection, below.alignment = "@", unlocked, wrapped
        for row in range(2, ROWS + 2):
            body = sheet.cell(row, number)
            body.number_format, body.protection, body.alignment = "@", unlocked, wrapped
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{sheet.cell(1, sheet.max_column).column_letter}{ROWS + 1}"
    sheet.protection.sheet = True
    # In the file the attribute says what is locked.
    sheet.protection.formatColumns = sheet.protection.formatRows = False
    sheet.protection.autoFilter = sheet.protection.sort = False


def _choice(sheet: Any, variable: str, at: int, source: str, lang: str) -> None:
    """Offer the list of a variable in its column; of a set it only proposes, since several are joined."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    several = is_set(variable)
    example = _example(variable, lang) if several else ""
    choice = DataValidation(type="list", formula1=source, allow_blank=True, showErrorMessage=not several)
    choice.promptTitle, choice.showInputMessage = variable_label(variable, lang)[:32], True
    choice.prompt = word("sheet_choose_several" if several else "sheet_choose_one", lang).format(example=example)
    choice.error = word("sheet_not_in_list", lang)
    choice.add(f"{get_column_letter(at)}2:{get_column_letter(at)}{ROWS + 1}")
    sheet.add_data_validation(choice)


def _width(column: str, heading: str, lang: str) -> int:
    kind = column.removesuffix(f"_{lang}")
    if kind in WIDTHS:
        return WIDTHS[kind]
    longest = max(map(letters_wide, [heading, *(c[f"label_{lang}"] for c in _codes([column]))]))
    return min(max(longest + 4, 12), 36)


# A line of help: "#" for a heading, then what stands on the left and on the right.
Line = tuple[str, str, str]


def _guide(variables: list[str], lang: str) -> list[Line]:
    sets = [name for name in variables if is_set(name)]
    names = ("、" if lang == "zh" else ", ").join(variable_label(name, lang) for name in sets)
    fill = {"coding": word("sheet_coding", lang), "names": names}
    fill["example"] = _example(sets[0], lang) if sets else ""
    lines: list[Line] = []
    for part in GUIDE:
        if part != "several" or sets:
            number = f"{sum(line[1].isdigit() for line in lines) + 1}"
            lines.append(("", number, word(f"sheet_guide_{part}", lang).format(**fill)))
        if part == "status":
            lines += [("", bracketed(one, lang), word(f"sheet_means_{one}", lang)) for one in STATUSES]
    return lines


def _lines(page: str) -> list[Line]:
    """Return a codebook page line by line: codes with their labels on the left, running text on the right."""
    lines: list[Line] = []
    for line in page.replace("`", "").splitlines():
        if line.startswith("#"):
            lines.append(("#", line.lstrip("# "), ""))
        elif line.startswith("|") and not line.startswith("|--"):
            code, shown, meaning = (part.strip() for part in line.strip("|").split("|", 2))
            lines.append(("", f"{shown} ({code})", meaning))
        elif line and not line.startswith(("<!--", "|")):
            lines.append(("", "", line))
    return lines


def _page(sheet: Any, lines: list[Line]) -> None:
    from openpyxl.styles import Alignment, Font

    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 34, 100
    sheet.sheet_view.showGridLines = False
    for row, (kind, left, right) in enumerate(lines, start=1):
        for column, text in ((1, left), (2, right)):
            cell = sheet.cell(row, column, text or None)
            cell.alignment = Alignment(vertical="top", wrap_text=not kind)
            cell.font = Font(bold=bool(kind))
            if text:
                # A line that begins with = or - is text all the same.
                cell.data_type = "s"
