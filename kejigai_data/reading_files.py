"""Read what coders send for a measure of agreement: coding sheets, or long tables of values."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .agree import EVIDENCE, NEEDED
from .errors import SelectionError
from .loading import build
from .merging import as_readings
from .sheet_files import HEAD, Rows, read_grid
from .sheet_reading import read_coding_sheet

if TYPE_CHECKING:
    import pandas as pd

LONG = NEEDED[1:]


def readings_of(paths: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    r"""Read files into the long form that `agreement` takes.

    Parameters
    ----------
    paths : sequence of str
        Excel or CSV in any encoding that `read_coding_sheet` reads. A file with the headings
        ``unit``, ``variable`` and ``value`` is taken as it is, any other as a coding sheet. Rows
        without a ``reading`` of their own are called by the name of the file, or by its whole path
        where two files have one name.

    Returns
    -------
    readings : pandas.DataFrame
        As `as_readings` gives it, all files together.
    notes : list of str
        What a reader should know of them: how much was altered on reading, and how many units only
        one reading has.

    Raises
    ------
    DataError, MissingExtra
        As `read_coding_sheet`.
    SelectionError
        As `read_coding_sheet`, and if several files name one and the same coder.

    Examples
    --------
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "lilei.csv")
    ...     with open(path, "w", encoding="gb18030") as file:
    ...         _ = file.write("编号,地方,进展阶段\nn1,深圳,试点\n")
    ...     readings_of([path])[0].values.tolist()
    [['lilei', 'n1', 'stage', 'pilot']]
    """
    import pandas as pd

    stems = [os.path.splitext(os.path.basename(path))[0] for path in paths]
    once = Counter(stems)
    names = [stem if once[stem] == 1 else path for stem, path in zip(stems, paths, strict=True)]
    notes: list[str] = []
    frames = [_one(path, name, notes) for path, name in zip(paths, names, strict=True)]
    together = pd.concat(frames, ignore_index=True)
    coders = together["reading"].unique()
    if len(paths) > 1 and len(coders) == 1:
        raise SelectionError(
            f"{' and '.join(paths)} are readings of one coder, {coders[0]!r}: two readings have two names."
        )
    alone = together.groupby("unit")["reading"].nunique() == 1
    if len(coders) > 1 and alone.any():
        shown = ", ".join(alone[alone].index[:5])
        notes.append(f"{alone.sum()} of {len(alone)} units are in one reading only and are not compared: {shown}")
    return together, notes


def _one(path: str, name: str, notes: list[str]) -> pd.DataFrame:
    rows = read_grid(path, _score).rows
    at = next((at for at, row in enumerate(rows[:HEAD]) if set(LONG) <= set(_folded(row))), None)
    if at is None:
        frame, changes = read_coding_sheet(path)
        if len(changes):
            notes.append(f"{path}: {len(changes)} alterations on reading; validate {path} --json lists them")
        own = "reading" in frame.columns and frame["reading"].notna().any()
        if own:
            frame["reading"] = frame["reading"].fillna(name)
        return as_readings(frame, None if own else name)
    headings = _folded(rows[at])
    body = [[cell.strip() for cell in row] for row in rows[at + 1 :] if any(cell.strip() for cell in row)]
    columns = {
        heading: [row[number] if number < len(row) else "" for row in body]
        for number, heading in enumerate(headings)
        if heading in (*NEEDED, *EVIDENCE)
    }
    given = columns.get("reading", [""] * len(body))
    return build({**columns, "reading": [one or name for one in given]}, {})


def _folded(row: Sequence[str]) -> list[str]:
    return [cell.strip().casefold() for cell in row]


def _score(rows: Rows) -> int:
    return max((len(set(LONG) & set(_folded(row))) for row in rows), default=0)
