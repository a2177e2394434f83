"""The coding laboratory: invented texts to code, answers that survive a crash, and what they are worth.

The texts are set in a country that does not exist. Answers go to a file of the student's own at
once: written beside it, then renamed over it, so that nothing is lost half-way.
"""

from __future__ import annotations

import csv
import io
import os
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .agree import agreement
from .checks import a_text, one_of
from .codebook import codes_of, label
from .errors import DataError, NotReady, SelectionError
from .language import resolve
from .loading import build, records, text_type
from .words import word

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from .coding import Coding

VARIABLES = ("dimension", "action", "stage", "initiative", "form", "channel")
UNDECIDABLE = "undecidable"
# The eight of the set "repeat" are coded after the test, and once more a week later.
PARTS = {
    "examples": ("example",),
    "training": ("training",),
    "unitising": ("unitising",),
    "test": ("test", "repeat"),
    "again": ("repeat",),
}
WEEK = 6
HEADER = ("part", "vignette_id", "variable", "value", "saved")


class AnswerFile:
    """The answers of one student, on disk after every change.

    Parameters
    ----------
    path : str
        A CSV file; made when it is not there. What cannot be renamed over it, because a
        spreadsheet holds it open, stays beside it as ``<name>.pending.csv`` and is read too.

    Raises
    ------
    DataError
        If the file is there and holds something else.
    """

    def __init__(self, path: str) -> None:
        if not a_text(path, "path").lower().endswith(".csv"):
            raise SelectionError(f"The answers are kept in a CSV file; {path!r} does not end in .csv.")
        self.path = path
        self.pending = f"{path[:-4]}.pending.csv"
        self._rows: dict[tuple[str, str, str], tuple[str, str]] = {}
        for source in (path, self.pending):
            for *key, value, saved in _read(source):
                known = self._rows.get((key[0], key[1], key[2]), ("", ""))
                if saved >= known[1]:
                    self._rows[key[0], key[1], key[2]] = (value, saved)

    def value(self, part: str, vignette: str, variable: str) -> str:
        """Return the answer given, empty when there is none."""
        return self._rows.get((part, vignette, variable), ("", ""))[0]

    def record(self, part: str, vignette: str, variable: str, value: str) -> bool:
        """Keep one answer, on disk before this returns; False if only beside the file.

        Raises
        ------
        DataError
            If neither file can be written; the answer stays in memory and goes with the next.
        """
        self._rows[part, vignette, variable] = (value, datetime.now(UTC).isoformat(timespec="milliseconds"))
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows([*key, *answer] for key, answer in self._rows.items())
        try:
            with open(self.pending, "w", encoding="utf-8-sig", newline="") as file:
                file.write(buffer.getvalue())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DataError(
                f"The answer could not be saved in {self.pending}: {error.strerror}. It is kept in memory: "
                "make room or close the program that holds the file, then change any answer."
            ) from None
        try:
            os.replace(self.pending, self.path)
        except OSError:
            return False
        return True

    def coded(self, part: str, wanted: list[str], reading: str) -> list[tuple[str, str, str, str]]:
        """Return the values given to some texts of a part: reading, text, variable, value."""
        cells = ((text, variable) for text in wanted for variable in VARIABLES)
        return [(reading, *cell, value) for cell in cells if (value := self.value(part, *cell))]

    def begun(self, part: str) -> bool:
        """Tell whether any text of a part is coded."""
        return any(key[0] == part for key in self._rows)

    def days_since(self, part: str) -> int:
        """Return whole days since the last answer of a part."""
        last = max(saved for key, (_, saved) in self._rows.items() if key[0] == part)
        return (datetime.now(UTC) - datetime.fromisoformat(last)).days

    def frame(self) -> pd.DataFrame:
        """Return all answers, all ``string``: part, vignette_id, variable, value, saved."""
        rows = [(*key, *answer) for key, answer in self._rows.items()]
        columns = zip(*rows, strict=True) if rows else [()] * len(HEADER)
        return build(dict(zip(HEADER, map(list, columns), strict=True)), {})


def _read(path: str) -> list[list[str]]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except FileNotFoundError:
        return []
    except UnicodeDecodeError:
        raise DataError(f"{path} is not a file of answers in UTF-8: name another file.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}. Close the program that holds it.") from None
    first = text.split("\n", 1)[0]
    # A spreadsheet may have saved it again with its own separator.
    separator = max(",;\t", key=first.count)
    header, *rows = csv.reader(io.StringIO(text), delimiter=separator)
    if tuple(header) != HEADER:
        raise DataError(
            f"{path} holds something else: its columns are {header}, those of a file of answers {list(HEADER)}. "
            "Name another file; this one was not touched."
        )
    return [row for row in rows if len(row) == len(HEADER)]


def vignettes(part: str) -> list[dict[str, str]]:
    """Return the texts of a part in their order.

    Parameters
    ----------
    part : {"examples", "training", "unitising", "test", "again"}
        A part of the laboratory.

    Raises
    ------
    SelectionError
        For another part.

    Examples
    --------
    >>> from kejigai_data import laboratory
    >>> len(laboratory.vignettes("test"))
    24
    """
    sets = PARTS[one_of(part, PARTS, "part")]
    return [row for name in sets for row in records("vignettes") if row["set"] == name]


def asked(vignette_id: str) -> list[str]:
    """Return what is coded of a text: six variables, or its candidate units."""
    units = [row["unit_id"] for row in records("vignette_units") if row["vignette_id"] == vignette_id]
    return units or list(VARIABLES)


@lru_cache(maxsize=1)
def reference() -> dict[tuple[str, str], dict[str, str]]:
    """Return the reference: vignette and variable (or unit) to its row, with value, step and reason."""
    found = {(row["vignette_id"], row["variable"]): row for row in records("vignette_codings")}
    return found | {(row["vignette_id"], row["unit_id"]): row for row in records("vignette_units")}


def permitted(variable: str) -> list[str]:
    """Return the codes that may be given for a variable, "cannot be decided" the last."""
    return [*codes_of(variable), UNDECIDABLE]


def code_label(variable: str, code: str) -> str:
    """Return the label of a code, or of "cannot be decided"."""
    return word(UNDECIDABLE) if code == UNDECIDABLE else label(variable, code)


def start(path: str, part: str | None = None) -> Coding:
    """Open the laboratory, or go on where it was left.

    Parameters
    ----------
    path : str
        The student's own CSV file; made when it is not there.
    part : {"examples", "training", "unitising", "test", "again"}, optional
        The first part that is not finished without it.

    Returns
    -------
    Coding
        Shown by a notebook: one text at a time with the codebook beside it.

    Raises
    ------
    SelectionError
        For another part, or a path that does not end in ``.csv``.
    DataError
        If the file holds something else or cannot be read.
    NotReady
        When only the eight texts of the week after are left, and the test was less than six
        days ago; naming the part opens them all the same.
    MissingExtra
        Without ipywidgets.
    """
    answers = AnswerFile(path)
    if part is None:
        open_parts = (p for p in PARTS if p != "examples" and not finished(answers, p))
        part = "examples" if answers.frame().empty else next(open_parts, "again")
        if part == "again" and not answers.begun("again") and (days := WEEK - answers.days_since("test")) > 0:
            raise NotReady(word("lab_too_soon").format(days=days, call=f"laboratory.start({path!r}, 'again')"))
    one_of(part, PARTS, "part")
    from .coding import Coding

    return Coding(answers, part)


def finished(answers: AnswerFile, part: str) -> bool:
    """Tell whether every text of a part is coded."""
    return all(
        answers.value(part, v["vignette_id"], name) for v in vignettes(part) for name in asked(v["vignette_id"])
    )


def readings(paths: str | Iterable[str], part: str = "test") -> pd.DataFrame:
    """Return answers as readings for `kejigai_data.agreement`, the reference among them.

    Parameters
    ----------
    paths : str or iterable of str
        One or more files of answers; the file's name is the reading's.
    part : {"training", "test", "again"}
        A part that is coded by variables.

    Returns
    -------
    pandas.DataFrame
        All ``string``: ``reading``, ``unit`` (the vignette), ``variable``, ``value``.

    Raises
    ------
    DataError
        If a file holds something else.
    SelectionError
        For another part.
    """
    one_of(part, ("training", "test", "again"), "part")
    wanted = [v["vignette_id"] for v in vignettes(part)]
    rows = [
        ("reference", *key, row["value"])
        for key, row in reference().items()
        if key[0] in wanted and "value" in row
    ]
    for path in [paths] if isinstance(paths, str) else list(paths):
        name = os.path.splitext(os.path.basename(path))[0]
        rows += AnswerFile(path).coded(part, wanted, name)
    return _readings(rows)


def _readings(rows: Iterable[tuple[str, ...]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(list(rows), columns=["reading", "unit", "variable", "value"], dtype=text_type())


def accuracy(path: str, part: str = "test", resamples: int = 1000) -> pd.DataFrame:
    """Measure one student against the reference.

    Parameters
    ----------
    path : str
        The file of answers.
    part : {"training", "test", "again"}
        Which part.
    resamples : int
        Resamples of texts for the interval of alpha.

    Returns
    -------
    pandas.DataFrame
        As `kejigai_data.agreement` gives it, a row a variable.

    Raises
    ------
    NotReady
        If the part holds no answer yet; a notebook shows the message without a traceback.
    """
    return agreement(_answered(path, part), resamples=resamples)


def reliability(paths: Iterable[str], part: str = "test", resamples: int = 1000) -> pd.DataFrame:
    """Measure students against one another, without the reference.

    Parameters
    ----------
    paths : iterable of str
        The files of two or more students.
    part, resamples
        As for `accuracy`.

    Returns
    -------
    pandas.DataFrame
        As `kejigai_data.agreement` gives it.

    Raises
    ------
    NotReady
        With the answers of fewer than two students.
    """
    frame = readings(list(paths), part)
    frame = frame[frame["reading"] != "reference"]
    if frame["reading"].nunique() < 2:
        raise NotReady(word("lab_two_students").format(found=frame["reading"].nunique()))
    return agreement(frame, resamples=resamples)


def stability(path: str, resamples: int = 1000) -> pd.DataFrame:
    """Measure a student against the same student a week later, on the eight texts coded twice.

    Parameters
    ----------
    path : str
        The file of answers.
    resamples : int
        As for `accuracy`.

    Returns
    -------
    pandas.DataFrame
        As `kejigai_data.agreement` gives it.

    Raises
    ------
    NotReady
        If the eight were not yet coded a second time.
    """
    answers = AnswerFile(path)
    wanted = [v["vignette_id"] for v in vignettes("again")]
    rows = [row for part in ("test", "again") for row in answers.coded(part, wanted, part)]
    if not any(row[0] == "again" for row in rows):
        raise _no_answers(path, "again")
    return agreement(_readings(rows), resamples=resamples)


def reference_agreement(resamples: int = 1000) -> pd.DataFrame:
    """Measure the two independent readings from which the reference was made.

    Parameters
    ----------
    resamples : int
        Resamples of texts for the interval of alpha.

    Returns
    -------
    pandas.DataFrame
        As `kejigai_data.agreement` gives it, a row a variable. Both readings were
        machine-assisted and blind to the author's intention.

    Examples
    --------
    >>> from kejigai_data import laboratory
    >>> laboratory.reference_agreement(resamples=10)["units"].tolist()
    [42, 42, 42, 42, 42, 42]
    """
    rows = [
        (name, row["vignette_id"], row["variable"], row[f"reading_{name}"])
        for row in records("vignette_codings")
        for name in ("a", "b")
    ]
    return agreement(_readings(rows), resamples=resamples)


def against_reference(path: str, part: str = "test") -> pd.DataFrame:
    """List where a student and the reference differ, with the reason for the reference.

    Parameters
    ----------
    path : str
        The file of answers.
    part : {"training", "unitising", "test", "again"}
        Which part.

    Returns
    -------
    pandas.DataFrame
        All ``string``, in the current language: ``vignette_id``, ``title``, ``variable``,
        ``own`` and ``reference`` (labels), ``step`` (of the codebook page) and ``reason``.
        For units ``variable`` says what the candidate is.

    Raises
    ------
    NotReady
        If the part holds no answer yet; a notebook shows the message without a traceback.
    """
    one_of(part, [p for p in PARTS if p != "examples"], "part")
    answers, language = AnswerFile(path), resolve()
    found: list[tuple[str, ...]] = []
    given = 0
    for vignette in vignettes(part):
        for name in asked(vignette["vignette_id"]):
            own, row = (
                answers.value(part, vignette["vignette_id"], name),
                reference()[vignette["vignette_id"], name],
            )
            right = row.get("value") or ("case" if row["is_case"] == "true" else "not_a_case")
            given += bool(own)
            if own and own != right:
                coded = "variable" in row
                what = row["variable"] if coded else row[f"what_{language}"]
                words = [
                    code_label(name, code) if coded else word("case_is" if code == "case" else code)
                    for code in (own, right)
                ]
                rest = (*words, row.get("step", ""), row[f"reason_{language}"])
                found.append((vignette["vignette_id"], vignette[f"title_{language}"], what, *rest))
    if not given:
        raise _no_answers(path, part)
    names = ("vignette_id", "title", "variable", "own", "reference", "step", "reason")
    columns = zip(*found, strict=True) if found else [()] * len(names)
    return build(dict(zip(names, map(list, columns), strict=True)), {})


def _answered(path: str, part: str) -> pd.DataFrame:
    frame = readings(path, part)
    own = frame.loc[frame["reading"] != "reference", "unit"]
    if own.empty:
        raise _no_answers(path, part)
    return frame[frame["unit"].isin(own)]


def _no_answers(path: str, part: str) -> NotReady:
    return NotReady(
        word("lab_no_answers").format(
            path=path, part=word(f"lab_{part}"), call=f"laboratory.start({path!r}, {part!r})"
        )
    )


def confusion(path: str, variable: str, part: str = "test") -> pd.DataFrame:
    """Count how often each code of the reference was given which code.

    Parameters
    ----------
    path : str
        The file of answers.
    variable : str
        One of the six variables.
    part : {"training", "test", "again"}
        Which part.

    Returns
    -------
    pandas.DataFrame
        ``reference`` and ``own`` (``string``, codes) and ``n`` (``Int64``); only what occurs.

    Raises
    ------
    SelectionError
        For another variable.
    NotReady
        If the part holds no answer yet.
    """
    one_of(variable, VARIABLES, "variable of the laboratory")
    frame: Any = _answered(path, part)
    wide = frame[frame["variable"] == variable].pivot(index="unit", columns="reading", values="value")
    own = next(name for name in wide.columns if name != "reference")
    counts = wide.dropna().groupby(["reference", own]).size()
    cells = [(str(right), str(mine), str(n)) for (right, mine), n in counts.items()]
    columns = zip(*cells, strict=True) if cells else [(), (), ()]
    return build(dict(zip(("reference", "own", "n"), map(list, columns), strict=True)), {"n": "integer"})
