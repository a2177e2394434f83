"""Read what coders send for a measure of agreement: coding sheets, or long tables of values."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from .agree import EVIDENCE, NEEDED
from .errors import SelectionError
from .loading import build
from .merging import as_readings
from .sheet_files import HEAD, Change, Rows, no_wider, read_grid
from .sheet_reading import heading_score, read_coding_sheet
from .words import word

if TYPE_CHECKING:
    import pandas as pd

LONG = NEEDED[1:]
# What of a coding sheet was not read, or not as it shows: beyond the number of alterations.
LEFT_OUT = ("sheet", "formula", "error_cell", "blank_end")
# What Excel, LibreOffice and Google Sheets show for a formula that failed.
ERROR = (
    r"(?i)#N/A|#(?:REF|VALUE|DIV/0|NULL|NUM|SPILL|CALC|FIELD|BLOCKED|CONNECT|BUSY|UNKNOWN|EXTERNAL|PYTHON|ERROR)!"
    r"|#NAME\?|#GETTING_DATA|Err:\d{3}"
)


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
    coders = list(dict.fromkeys(together["reading"]))
    if len(paths) > 1 and len(coders) == 1:
        raise SelectionError(
            f"{' and '.join(paths)} are readings of one coder, {coders[0]!r}: two readings have two names."
        )
    if len(coders) > 2:
        notes.append(f"{len(coders)} readings, {', '.join(coders)}: kappa is for two, alpha for any number")
    if len(coders) > 1:
        notes.extend(_not_compared(together[together["value"].notna()]))
    return together, notes


def _not_compared(answers: pd.DataFrame) -> Iterator[str]:
    """Say which units, and how many answers besides, only one reading has."""
    alone = answers.groupby("unit")["reading"].nunique() == 1
    if alone.any():
        shown = ", ".join(alone[alone].index[:5])
        yield f"{alone.sum()} of {len(alone)} units are in one reading only and are not compared: {shown}"
    both = answers[~answers["unit"].isin(alone[alone].index)]
    single = both.groupby(["unit", "variable"])["reading"].nunique() == 1
    if single.any():
        shown = ", ".join(f"{variable} of {unit}" for unit, variable in single[single].index[:5])
        yield f"{single.sum()} answers besides are in one reading only and are not compared: {shown}"


def _one(path: str, name: str, notes: list[str]) -> pd.DataFrame:
    grid = read_grid(path, _score)
    rows = grid.rows
    at = next((at for at, row in enumerate(rows[:HEAD]) if set(LONG) <= set(_folded(row))), None)
    if at is None:
        frame, changes = read_coding_sheet(path)
        notes.extend(_told(path, [change for change in grid.changes if change.reason in LEFT_OUT]))
        altered = len(changes) - changes["reason"].isin(LEFT_OUT).sum()
        if altered:
            notes.append(f"{path}: {altered} alterations on reading; validate {path} --json lists them")
        if "case_id" not in frame.columns:
            raise SelectionError(
                f"{path} has no column case_id (案例编号): a reading says of each row which case it is."
            )
        gaps = frame.index[frame["case_id"].isna()]
        if len(gaps):
            raise SelectionError(
                f"{path}: {len(gaps)} of {len(frame)} rows have no case_id (案例编号), "
                f"the first is row {gaps[0] + 1} of the data."
            )
        frame["reading"] = _by_whom(frame, name, path, notes)
        return _answered(as_readings(frame), path, notes)
    headings = _folded(rows[at])
    twice = [one for one, times in Counter(headings).items() if times > 1 and one in (*NEEDED, *EVIDENCE)]
    if twice:
        raise SelectionError(f"{path} has the heading {twice[0]!r} more than once: rename or delete one.")
    body, changes = [], list(grid.changes)
    for number, row in enumerate(rows[at + 1 :], start=at + 2):
        cells = [cell.strip() for cell in row]
        if grid.exact:
            no_wider(path, number, cells, len(headings))
        if _folded(cells)[: len(headings)] == headings:
            changes.append(Change(number, "", " | ".join(cells), "", "headings_again"))
        elif any(cells):
            body.append(cells)
    notes.extend(_told(path, changes))
    columns = {
        heading: [row[number] if number < len(row) else "" for row in body]
        for number, heading in enumerate(headings)
        if heading in (*NEEDED, *EVIDENCE)
    }
    frame = build({"reading": [""] * len(body), **columns}, {})
    return _answered(frame.assign(reading=_by_whom(frame, name, path, notes)), path, notes)


def _told(path: str, changes: list[Change]) -> Iterator[str]:
    """Say what was altered on reading, once for each reason."""
    reason_of = attrgetter("reason")
    for reason, of_one in groupby(sorted(changes, key=reason_of), key=reason_of):
        first, *more = of_one
        where = f", row {first.row}" if first.row else ""
        told = f" ({first.before})" if first.before else ""
        others = f" The same {len(more)} time{'s' * (len(more) > 1)} more." if more else ""
        yield f"{path}{where}: {word(f'sheet_reason_{reason}', 'en')}{told}{others}"


def _by_whom(frame: pd.DataFrame, name: str, path: str, notes: list[str]) -> list[str]:
    """Return who coded each row: where a file names one coder, rows without a name are that coder's."""
    given = frame.get("reading", [])
    named = [str(one) for one in given if isinstance(one, str) and one]
    coder = named[0] if len(set(named)) == 1 else name
    if len(set(named)) > 1 and len(named) < len(frame):
        notes.append(
            f"{path} names several coders; {len(frame) - len(named)} rows without a name are called {name}"
        )
    rows = list(given) or [""] * len(frame)
    return [one if isinstance(one, str) and one else coder for one in rows]


def _answered(readings: pd.DataFrame, path: str, notes: list[str]) -> pd.DataFrame:
    """Return readings in which what a spreadsheet shows for a failed formula is no answer."""
    failed = readings["value"].str.strip().str.fullmatch(ERROR, na=False)
    if failed.any():
        shown = ", ".join(readings.loc[failed, "value"].str.strip().unique())
        notes.append(
            f"{path}: answers that are errors of a spreadsheet ({shown}) count as missing: {failed.sum()}"
        )
        readings = readings.assign(value=readings["value"].mask(failed))
    if readings["value"].isna().all():
        raise SelectionError(f"{path}: nothing is coded in it, so there is nothing to compare.")
    return readings


def _folded(row: Sequence[str]) -> list[str]:
    return [cell.strip().casefold() for cell in row]


def _score(rows: Rows) -> int:
    """Return how many headings are recognised, of a long table or of a coding sheet."""
    return max(heading_score(rows), *(len(set(LONG) & set(_folded(row))) for row in rows), 0)
