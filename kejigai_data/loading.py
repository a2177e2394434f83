"""Read the bundled tables, long as stored, with the dtypes of the field list."""

from __future__ import annotations

import csv
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from .checks import a_text
from .errors import DataError, unknown

if TYPE_CHECKING:
    import pandas as pd

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
# A file of more bytes is read anew for each question, which takes milliseconds: held, its table would
# take up to a megabyte in every kernel of a class.
LARGE = 50_000


VOCABULARY = {
    "status": ("stated", "inferred", "ambiguous", "stated_absent", "silent", "not_applicable", "not_found"),
    "event_status": ("silent", "not_found", "not_applicable"),
    "layer": ("article", "record", "followup"),
}


class Field(NamedTuple):
    """One column of a table, as `data/fields.csv` describes it."""

    table: str
    name: str
    type: str
    required: bool
    foreign_key: str
    description_zh: str
    description_en: str


def read_rows(path: str) -> tuple[list[str], list[list[str]]]:
    """Read a CSV file strictly: header, then rows of the same width.

    Raises
    ------
    DataError
        With file, line and what is wrong.
    """
    lines = _lines(path)
    header = next(lines)
    once: dict[str, str] = {}
    # Most cells repeat: one copy of each keeps a kernel small.
    return header, [list(map(once.setdefault, row, row)) for row in lines]


def _lines(path: str) -> Iterator[list[str]]:
    """Yield the header and then the rows, one at a time: a large table at once takes a megabyte."""
    name = os.path.basename(path)
    try:
        # A spreadsheet that saved a copy may have put a byte-order mark before it.
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            yield header
            for row in reader:
                if len(row) != len(header):
                    raise DataError(
                        f"{name}, line {reader.line_num}: {len(row)} columns, "
                        f"but the header has {len(header)}. Restore the line or the file."
                    )
                yield row
    except FileNotFoundError:
        raise DataError(f"{name} is missing from {os.path.dirname(path)}. Reinstall the package.") from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name}: byte {error.start} is not UTF-8. The tables are UTF-8; "
            "a spreadsheet may have saved this one in another encoding."
        ) from None
    except csv.Error as error:
        raise DataError(f"{name}, line {reader.line_num}: {error}.") from None


@lru_cache(maxsize=1)
def schema() -> dict[str, list[Field]]:
    """Return the field list: table name to its fields in order."""
    result: dict[str, list[Field]] = {}
    for table, _, name, kind, required, key, zh, en in read_rows(os.path.join(FOLDER, "fields.csv"))[1]:
        result.setdefault(table, []).append(Field(table, name, kind, required == "true", key, zh, en))
    return result


@lru_cache(maxsize=1)
def catalogue() -> dict[str, dict[str, str]]:
    """Return table name to path, primary key and what a row is."""
    header, rows = read_rows(os.path.join(FOLDER, "tables.csv"))
    return {row[0]: dict(zip(header, row, strict=True)) for row in rows}


def columns(name: str) -> dict[str, tuple[str, ...]]:
    """Return the columns of a table as text."""
    return _read(name) if _large(name) else _kept(name)


def _large(name: str) -> bool:
    try:
        return os.path.getsize(_path(name)) > LARGE
    except (KeyError, OSError):
        return False


@lru_cache(maxsize=64)
def _kept(name: str) -> dict[str, tuple[str, ...]]:
    """Keep a table by its columns: by rows it takes a quarter more memory."""
    return _read(name)


def _read(name: str) -> dict[str, tuple[str, ...]]:
    lines = _checked(name)
    held: dict[str, list[str]] = {column: [] for column in next(lines)}
    once: dict[str, str] = {}
    for row in lines:
        for cells, cell in zip(held.values(), row, strict=True):
            cells.append(once.setdefault(cell, cell))
    return {column: tuple(cells) for column, cells in held.items()}


def _checked(name: str) -> Iterator[list[str]]:
    """Yield header and rows of a table; the header is that of the field list."""
    if name not in catalogue():
        raise unknown("table", name, catalogue())
    lines = _lines(_path(name))
    header, expected = next(lines), [field.name for field in schema()[name]]
    if header != expected:
        raise DataError(f"{os.path.basename(_path(name))}, line 1: columns are {header}, expected {expected}.")
    yield header
    yield from lines


def _path(name: str) -> str:
    return os.path.join(FOLDER, *catalogue()[name]["path"].split("/"))


def count(name: str) -> int:
    """Return how many rows a table has; none of them is kept in memory."""
    return sum(1 for _ in _checked(name)) - 1


def _rows(name: str) -> tuple[Sequence[str], Iterator[Sequence[str]]]:
    """Return the header of a table and its rows, those of a large one from its file, one at a time."""
    if _large(name):
        lines = _checked(name)
        return next(lines), lines
    table = _kept(name)
    return list(table), zip(*table.values(), strict=True)


def each(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a table as dictionaries of text: all of a large one at once take megabytes."""
    header, rows = _rows(name)
    return (dict(zip(header, row, strict=True)) for row in rows)


def where(name: str, column: str, value: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a table that have a value in a column, as dictionaries of text."""
    header, rows = _rows(name)
    at = header.index(column)
    return (dict(zip(header, row, strict=True)) for row in rows if row[at] == value)


def grouped(name: str, column: str, values: Collection[str]) -> dict[str, list[dict[str, str]]]:
    """Return value to the rows of a table that have it in a column, in one reading for all the values."""
    found: dict[str, list[dict[str, str]]] = {value: [] for value in values}
    for row in each(name):
        if row[column] in found:
            found[row[column]].append(row)
    return found


def records(name: str) -> list[dict[str, str]]:
    """Return the rows of a table as dictionaries of text."""
    return list(each(name))


def column(values: Sequence[str], kind: str) -> pd.Series:
    """Turn text into a typed column; the empty text is a missing value."""
    import numpy as np
    import pandas as pd

    if kind == "integer":
        return pd.Series(pd.array([int(v) if v else None for v in values], dtype="Int64"))
    if kind == "number":
        return pd.Series(pd.array([float(v) if v else None for v in values], dtype="Float64"))
    if kind == "boolean":
        flags = {"true": True, "false": False}
        return pd.Series(pd.array([flags.get(v) for v in values], dtype="boolean"))
    if kind == "day":
        return pd.Series(np.array([v or "NaT" for v in values], dtype="datetime64[us]"))
    cells = np.empty(len(values), dtype=object)
    cells[:] = [v if v else pd.NA for v in values]
    return pd.Series(pd.array(cells, dtype=text_type()))


def text_type() -> pd.StringDtype:
    """Return the dtype of text: ``string``, the same with and without pyarrow."""
    import pandas as pd

    return pd.StringDtype("python")


def build(columns: Mapping[str, Sequence[str]], kinds: Mapping[str, str]) -> pd.DataFrame:
    """Build a frame from columns of text and the kind of each."""
    import pandas as pd

    return pd.DataFrame({name: column(values, kinds.get(name, "text")) for name, values in columns.items()})


def load(name: str) -> pd.DataFrame:
    """Load one table, long as stored.

    Parameters
    ----------
    name : str
        A table listed by `tables`.

    Returns
    -------
    pandas.DataFrame
        A fresh frame: changing it never changes the next one. Text, codes and ids
        are ``string``, integers ``Int64``, figures ``Float64``, flags ``boolean``,
        days ``datetime64[us]``; dates in EDTF stay text.

    Raises
    ------
    UnknownNameError
        If there is no such table; the message offers the nearest names.
    DataError
        If the file is damaged; the message names file, line and column.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.load("codes").query("variable == 'list_form'")["code"].tolist()
    ['single', 'counted', 'closed', 'open']
    """
    table = columns(a_text(name, "table"))
    try:
        return build(table, {field.name: field.type for field in schema()[name]})
    except (ValueError, TypeError):
        raise DataError(f"{catalogue()[name]['path']} holds a value of the wrong type. {HINT}") from None


HINT = "python -m kejigai_data validate names its line and column."


def tables() -> pd.DataFrame:
    """List the tables: what a row is, and how many rows there are.

    Returns
    -------
    pandas.DataFrame
        Columns ``table``, ``rows`` (``Int64``), ``primary_key``, ``row_zh``, ``row_en``.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> "cases" in set(kj.tables()["table"])
    True
    """
    entries = catalogue()
    return build(
        {
            "table": list(entries),
            "rows": [str(count(name)) for name in entries],
            "primary_key": [entry["primary_key"] for entry in entries.values()],
            "row_zh": [entry["row_zh"] for entry in entries.values()],
            "row_en": [entry["row_en"] for entry in entries.values()],
        },
        {"rows": "integer"},
    )


def load_events() -> pd.DataFrame:
    """Load the dated events of cases and instruments, both layers.

    Returns
    -------
    pandas.DataFrame
        One row an event: ``event_id``, ``case_id``, ``instrument_id``, ``event_type``,
        ``date`` (EDTF text) or ``status`` (silent, not_found, not_applicable), ``earliest``
        and ``latest`` (``datetime64[us]``), ``layer``, ``source_id``, ``locator``,
        ``search_id``, ``comment``.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> events = kj.load_events()
    >>> bool((events["date"].notna() ^ events["status"].notna()).all())
    True
    """
    return load("events")


def load_places() -> pd.DataFrame:
    """Load the places: 34 provincial units, cities, clusters and corridors.

    Returns
    -------
    pandas.DataFrame
        One row a place, with codes, names in Chinese and English, level, parent,
        region, flags and the tile-map position.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> places = kj.load_places()
    >>> int(places["tile_row"].notna().sum())
    34
    """
    return load("places")


def load_indicators() -> pd.DataFrame:
    """Load the context indicators, one row a place, year and indicator.

    R&D expenditure and intensity (``rd_expenditure``, ``rd_intensity``) and technology
    contracts (``tech_contract_output`` by the seller's place, ``tech_contract_inflow`` by
    the buyer's) of 31 provincial units, 2012–2023. R&D figures are as first published, on
    preliminary GDP: not a revised, comparable series. ``load("indicator_checks")`` holds
    the national figures and how each year was checked. Values that the source leaves
    blank stay blank, with the status ``blank_in_source``.

    Returns
    -------
    pandas.DataFrame
        ``place_id``, ``year``, ``indicator``, ``value``, ``unit``,
        ``as_first_published``, ``status``, ``source_id``.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.load_indicators().columns[:3].tolist()
    ['place_id', 'year', 'indicator']
    """
    return load("indicators")


def load_glossary() -> pd.DataFrame:
    """Load the bilingual glossary of the field.

    Returns
    -------
    pandas.DataFrame
        ``term_zh``, ``term_en``, ``gloss_zh``, ``gloss_en``, ``caution_zh``, ``caution_en``.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> glossary = kj.load_glossary().set_index("term_zh")
    >>> glossary.loc["合署办公", "term_en"]
    'joint office (two bodies operating as one office)'
    """
    return load("glossary")
