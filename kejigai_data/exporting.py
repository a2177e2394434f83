"""Hand the data on: CSV, Parquet, Excel and Stata files that open elsewhere as they are here."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from .cases import load_cases
from .checks import a_path, texts
from .codebook import is_set
from .errors import DataError, SelectionError, missing_extra, unknown
from .language import resolve
from .loading import catalogue, each, load, records, schema
from .packaging import described_as, package, resource
from .progress import track
from .tabular import labels_of
from .words import word

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("csv", "parquet", "xlsx", "dta")
ENDINGS = {"csv", "parquet", "dta"}
TOGETHER = {"kejigai_data.xlsx", "datapackage.json", "sources.bib"}
# What a file manager or an office program leaves in a folder.
CLUTTER = re.compile(r"\.DS_Store|desktop\.ini|Thumbs\.db|\._.*|\.~lock\..*#|~\$.*", re.IGNORECASE)
# Exercises are for the course, not for analysis; the strings of citations go into sources.bib.
LEFT_OUT = (
    "citations",
    *("tasks", "task_checks", "task_hints", "quiz", "quiz_options"),
    *("vignettes", "vignette_units", "vignette_places", "vignette_codings"),
)
WIDE = "cases_wide"
LABELLED = "cases_labelled"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def export(
    folder: str | os.PathLike[str], formats: Iterable[str] = FORMATS, lang: str | None = None, bom: bool = True
) -> list[str]:
    """Write the tables, and the wide cases, for other programs.

    Parameters
    ----------
    folder : str or path-like
        Where to; made when it is not there. An earlier export there is replaced whole, once
        the new one is complete; a folder with anything else in it is not touched.
    formats : iterable of {"csv", "parquet", "xlsx", "dta"}
        CSV in UTF-8; Parquet with labels in the metadata; one Excel file, a sheet a table;
        Stata files (version 118) with variable and value labels.
    lang : {"en", "zh"}, optional
        Language of labels; the current one by default.
    bom : bool
        Begin CSV files with a byte-order mark, as Excel wants them.

    Returns
    -------
    list of str
        The files written, with ``datapackage.json`` (for CSV) and ``sources.bib``. Every table is
        among them but those of the exercises and the formatted references. ``cases_wide`` is
        `load_cases` with codes, in Stata as numbers with labels (a set stays text, codes joined
        with ``;``); in CSV and Excel ``cases_labelled`` is
        the same in words.

    Raises
    ------
    SelectionError
        If the folder holds something that is no export, is the one you are in, or no format is
        named.
    UnknownNameError
        For another format.
    MissingExtra
        If a format needs the ``research`` extra.
    DataError
        If the disk is full or the place cannot be written; an earlier export stays as it was.

    Notes
    -----
    Codes, ids, locators and dates of uncertain extent are text, so that ``1.2``, ``110000`` and
    ``2021-07`` stay what they are. In CSV a text that a spreadsheet would take for a formula
    gets an apostrophe before it; in Excel such cells are marked as text.

    Examples
    --------
    >>> import os, tempfile
    >>> import kejigai_data as kj
    >>> with tempfile.TemporaryDirectory() as place:
    ...     files = kj.export(os.path.join(place, "out"), ["csv"])
    >>> [os.path.basename(file) for file in files][:3]
    ['cases_wide.csv', 'cases_labelled.csv', 'cases.csv']
    """
    wanted = list(dict.fromkeys(texts(formats, "formats")))
    for name in wanted:
        if name not in FORMATS:
            raise unknown("format", name, FORMATS)
    if not wanted:
        raise SelectionError(f"No format is named. Allowed: {', '.join(FORMATS)}.")
    for name in wanted:
        _installed(name)
    # Of a link, what it points to: the link itself stays.
    target = os.path.realpath(a_path(folder, "folder"))
    _replaceable(target)
    language = resolve(lang)
    tables = {name: load(name) for name in catalogue() if name not in LEFT_OUT}
    frames = {WIDE: load_cases(), **tables}
    in_words = load_cases(lang=language)
    # A value label is for one code: sets stay codes, the same in every language.
    sets = {name: frames[WIDE][name] for name in frames[WIDE].columns if is_set(name)}
    for_stata = {WIDE: in_words.assign(**sets), **tables}
    both = {WIDE: frames[WIDE], LABELLED: in_words, **tables}
    writers: dict[str, Callable[[str], None]] = {
        "csv": lambda where: _csv(both, where, language, bom),
        "parquet": lambda where: _parquet(frames, where),
        "xlsx": lambda where: _xlsx(both, where, language),
        "dta": lambda where: _dta(for_stata, where, language),
    }
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        beside = tempfile.mkdtemp(prefix=".export-", dir=os.path.dirname(target))
        # mkdtemp makes a folder that only its owner can open.
        os.chmod(beside, 0o755)
    except OSError as error:
        raise DataError(f"{target} cannot be written: {error.strerror}. Name another folder.") from None
    try:
        for name in wanted:
            writers[name](beside)
        _references(beside)
        written = os.listdir(beside)
        _swap(beside, target)
    except OSError as error:
        raise DataError(
            f"The export to {target} was not finished: {error.strerror or error}. "
            "What was there before is unchanged; make room, or name another folder."
        ) from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    order = {name: number for number, name in enumerate([*both, "kejigai_data", "datapackage", "sources"])}
    return [os.path.join(target, n) for n in sorted(written, key=lambda n: (order[n.rsplit(".", 1)[0]], n))]


def _installed(form: str) -> None:
    """Stop before anything is written where a format's package is missing."""
    from importlib.util import find_spec

    package = {"xlsx": "openpyxl", "parquet": "pyarrow"}.get(form)
    if package and find_spec(package) is None:
        raise missing_extra(f"The export as {form}", "research")


def _replaceable(target: str) -> None:
    if os.path.isfile(target):
        raise SelectionError(f"{target} is a file. Name a folder.")
    if not os.path.isdir(target):
        return
    if target == os.path.realpath(os.curdir):
        raise SelectionError(f"{target} is the folder you are in. Name one inside it, for example 'out'.")
    found = [name for name in os.listdir(target) if not CLUTTER.fullmatch(name)]
    ours = TOGETHER | {f"{name}.{end}" for name in (WIDE, LABELLED, *catalogue()) for end in ENDINGS}
    # Every export has its references; a cases.csv without them is somebody's own.
    whole = "sources.bib" in found
    strange = [
        name for name in found if not whole or name not in ours or os.path.isdir(os.path.join(target, name))
    ]
    if strange:
        raise SelectionError(
            f"{target} holds files that are no export, such as {sorted(strange)[0]}: they would be lost. "
            "Name a new or empty folder."
        )


def _swap(beside: str, target: str) -> None:
    """Put the finished export in place; the earlier one goes only then."""
    before = f"{beside}-before"
    if os.path.isdir(target):
        os.replace(target, before)
    try:
        os.replace(beside, target)
    except OSError:
        if os.path.isdir(before):
            os.replace(before, target)
        raise
    shutil.rmtree(before, ignore_errors=True)


def _text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame as text, missing values empty: what CSV and a sheet show."""
    shown = frame.astype(object)
    return shown.where(frame.notna(), "").map(_cell)


def _cell(value: Any) -> Any:
    if hasattr(value, "strftime"):
        return value.strftime("%Y-%m-%d")
    return value


def guarded(value: Any) -> Any:
    """Return a cell for CSV: a flag as our tables write it, before what would run as a formula an apostrophe."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def save_book(book: Any, path: str) -> None:
    """Write an Excel file at once: on a full disk openpyxl would leave open archives behind, which complain."""
    import io

    whole = io.BytesIO()
    book.save(whole)
    with open(path, "wb") as file:
        file.write(whole.getbuffer())


def _csv(frames: dict[str, pd.DataFrame], folder: str, language: str, bom: bool = True) -> None:
    for name, frame in track(frames.items(), "csv"):
        encoding = "utf-8-sig" if bom else "utf-8"
        with open(os.path.join(folder, f"{name}.csv"), "w", encoding=encoding, newline="") as file:
            writer = csv.writer(file)
            writer.writerow(frame.columns)
            writer.writerows([guarded(cell) for cell in row] for row in _text(frame).itertuples(index=False))
    described = [_described(name, frame, set(frames), language) for name, frame in frames.items()]
    about = package("kejigai-data-export", word("package_title", language), described)
    with open(os.path.join(folder, "datapackage.json"), "w", encoding="utf-8") as file:
        json.dump(about, file, ensure_ascii=False, indent=1)


def _described(name: str, frame: pd.DataFrame, among: set[str], language: str) -> dict[str, Any]:
    """Return what a data package says of a table; the wide cases are in no field list."""
    if name in catalogue():
        return resource(name, f"{name}.csv", among, language)
    kinds = {"Int64": "integer", "datetime64[us]": "date"}
    fields = [
        {"name": c, "type": kinds.get(str(frame[c].dtype), "string"), "description": _label(WIDE, c, language)}
        for c in frame.columns
    ]
    return described_as(
        name, f"{name}.csv", word(f"title_{name}", language), {"fields": fields, "primaryKey": ["case_id"]}
    )


@cache
def _label(table: str, column: str, language: str) -> str:
    """Return what a column is: the variable's label, or the description in the field list."""
    variables = {v["variable"]: v[f"label_{language}"] for v in records("variables")}
    # What the wide cases do not have from a variable is a case's own, or derived.
    described = {f.name: (f.description_zh, f.description_en) for f in schema().get(table, schema()["cases"])}
    if column in variables and table not in schema():
        return variables[column]
    if column in described:
        return described[column][language == "en"]
    return variables.get(column) or word(f"wide_{column}", language)


def _parquet(frames: dict[str, pd.DataFrame], folder: str) -> None:
    import pyarrow
    import pyarrow.parquet

    for name, frame in track(frames.items(), "parquet"):
        plain = frame.astype({c: "string" for c in frame.columns if str(frame[c].dtype) == "category"})
        table = pyarrow.Table.from_pandas(plain, preserve_index=False)
        fields = [field.with_metadata(_about(name, field.name)) for field in table.schema]
        described = pyarrow.schema(fields, metadata=table.schema.metadata)
        pyarrow.parquet.write_table(table.cast(described), os.path.join(folder, f"{name}.parquet"))


def _about(table: str, column: str) -> dict[str, str]:
    """Return the labels of a column, and of its codes, in both languages."""
    found = {f"label_{one}": _label(table, column, one) for one in ("en", "zh")}
    for one in ("en", "zh"):
        named = {code: text for (variable, code), text in labels_of(one).items() if variable == column}
        if table == WIDE and named:
            found[f"codes_{one}"] = json.dumps(named, ensure_ascii=False)
    return {key: text for key, text in found.items() if text}


def _xlsx(frames: dict[str, pd.DataFrame], folder: str, language: str) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    # Rows go to the disk as they come: a workbook in memory takes fifty times the room of its file.
    book = Workbook(write_only=True)
    bold = Font(bold=True)
    sheets = {"codebook": _codebook(language), **frames}
    for name, frame in track(sheets.items(), "xlsx"):
        sheet = book.create_sheet(name[:31])
        sheet.freeze_panes = "A2"
        sheet.auto_filter.ref = f"A1:{get_column_letter(frame.shape[1])}{len(frame) + 1}"
        heads = [WriteOnlyCell(sheet, column) for column in frame.columns]
        for cell in heads:
            cell.font = bold
        sheet.append(heads)
        for row in _text(frame).itertuples(index=False):
            sheet.append([_plain_cell(sheet, value) for value in row])
    save_book(book, os.path.join(folder, "kejigai_data.xlsx"))


def _plain_cell(sheet: Any, value: Any) -> Any:
    """Return what a sheet shall hold; what begins like a formula is marked as text."""
    from openpyxl.cell import WriteOnlyCell

    if not isinstance(value, str):
        return value
    text = ILLEGAL.sub("", value)
    if not text.startswith(FORMULA):
        return text
    cell = WriteOnlyCell(sheet, text)
    cell.data_type, cell.quotePrefix = "s", True
    return cell


def _codebook(language: str) -> pd.DataFrame:
    import pandas as pd

    labels = {v["variable"]: v[f"label_{language}"] for v in records("variables")}
    rows = [
        (
            c["variable"],
            labels.get(c["variable"], ""),
            c["code"],
            c[f"label_{language}"],
            c[f"definition_{language}"],
        )
        for c in records("codes")
    ]
    return pd.DataFrame(rows, columns=["variable", "variable_label", "code", "label", "definition"])


def _dta(frames: dict[str, pd.DataFrame], folder: str, language: str) -> None:
    for name, frame in track(frames.items(), "dta"):
        ready = frame.copy()
        for column in ready.columns:
            kind = str(ready[column].dtype)
            if kind in ("Int64", "Float64", "boolean"):
                ready[column] = ready[column].astype("Float64").to_numpy(dtype=float, na_value=float("nan"))
            elif kind == "category":
                ready[column] = ready[column].astype(_plain_categories(ready[column]))
            else:
                ready[column] = _text(ready[[column]])[column].map(str).to_numpy(dtype=object)
        labels = {c: _cut(_label(name, c, language)) for c in ready.columns}
        long = [c for c in ready.columns if ready[c].dtype == object and ready[c].map(_bytes).max() > 2000]
        ready.to_stata(
            os.path.join(folder, f"{name}.dta"),
            write_index=False,
            version=118,
            variable_labels=labels,
            convert_strl=long,
            time_stamp=None,
        )


def _plain_categories(column: pd.Series) -> Any:
    """Return the column's own categories with plain text: Stata's writer knows no other."""
    import numpy as np
    import pandas as pd

    names = pd.Index(np.array(list(column.cat.categories), dtype=object))
    return pd.CategoricalDtype(names, column.cat.ordered)


def _cut(label: str, most: int = 80) -> str:
    """Return a label as long as Stata takes it; one that is cut ends after a word, and says so.

    Examples
    --------
    >>> _cut("a first word and others", 12)
    'a first …'
    """
    if len(label) <= most:
        return label
    words = label[: most - 1].rsplit(" ", 1)
    return f"{words[0]} …" if len(words) > 1 and len(words[0]) > most // 2 else f"{label[: most - 1]}…"


def _bytes(text: str) -> int:
    return len(text.encode())


def _references(folder: str) -> None:
    from . import __version__

    entries = (row["bibtex"].replace("{version}", __version__) for row in each("citations"))
    with open(os.path.join(folder, "sources.bib"), "w", encoding="utf-8") as file:
        file.write("\n\n".join(entries) + "\n")
