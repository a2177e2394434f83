"""Instant feedback on an exercise: one line that says what is right, or what to look at next.

Answers are compared with digests, never with the answers themselves, so that nothing here can
be read as a key. What a task expects, what is a known slip, and the hints are tables:
`tasks`, `task_checks` and `task_hints`, generated from `exercises/answers.csv`.
"""

from __future__ import annotations

import hashlib
import sys
import unicodedata
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from .errors import NotYet, nearest
from .language import pick, resolve
from .loading import records
from .words import word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .quizzing import Quiz

_state = {"task": ""}

if "altair" in sys.modules:
    # A student's own chart is shown without the network too, as those of the lessons are.
    from . import render

    render.enable()


def check(task: str, answer: Any = ...) -> None:
    """Say in one line whether an answer is right, or what to look at next.

    Parameters
    ----------
    task : str
        The number of the task, such as ``"01.2"``: lesson, then task.
    answer : object
        A number, a text, a list of names, a frame or a chart, as the task asks. Order does not
        matter in a list, in the rows of a frame and in its columns; numbers are compared to
        two decimals.

    Raises
    ------
    NotYet
        When the answer is missing, of the wrong kind, or not right; the message is one line in
        the current language and does not give the answer away.

    Examples
    --------
    >>> from kejigai_data import exercise
    >>> exercise.check("00.1", "the answer is yours")
    Traceback (most recent call last):
    ...
    kejigai_data.errors.NotYet: 00.1: a number is wanted here, not a str.
    """
    row = _task(task)
    _state["task"] = task
    if answer is ... or answer is None:
        raise NotYet(word("not_answered").format(task=task))
    try:
        given = canonical(row["kind"], answer)
    except (TypeError, ValueError, AttributeError, KeyError, RecursionError):
        wanted = word(f"wanted_{row['kind']}")
        raise NotYet(word("wrong_kind").format(task=task, wanted=wanted, given=type(answer).__name__)) from None
    known = {check["digest"]: check for check in records("task_checks") if check["task"] == task}
    found = known.get(digest(task, given))
    if found is None:
        raise NotYet(f"{task}: {row[f'pointer_{resolve()}']}{_overlap(task, row['kind'], given, known)}")
    if found["verdict"] == "slip":
        raise NotYet(f"{task}: {found[f'message_{resolve()}']}")
    print(f"✔ {task}{pick((': ', '：'))}{row[f'praise_{resolve()}']}")


def hint(step: int = 1, task: str | None = None) -> None:
    """Print a hint for the task that was checked last.

    Parameters
    ----------
    step : int
        1 for the first hint, 2 for the next.
    task : str, optional
        Another task, such as ``"01.2"``.

    Raises
    ------
    NotYet
        When no task was checked before, or there is no such hint.

    Examples
    --------
    >>> from kejigai_data import exercise
    >>> exercise.hint(9, "00.1")
    Traceback (most recent call last):
    ...
    kejigai_data.errors.NotYet: 00.1: there are 2 hints; ask for hint(1) to hint(2).
    """
    name = task or _state["task"]
    if not name:
        raise NotYet(word("hint_of_what"))
    _task(name)
    steps = {row["step"]: row for row in records("task_hints") if row["task"] == name}
    if str(step) not in steps:
        raise NotYet(word("no_such_hint").format(task=name, count=len(steps)))
    print(f"{name}{pick((': ', '：'))}{steps[str(step)][f'hint_{resolve()}']}")


def quiz(lesson: str) -> Quiz:
    """Show the five ungraded questions of a lesson, each option with its explanation.

    Parameters
    ----------
    lesson : str
        The number of the lesson, such as ``"01"``.

    Returns
    -------
    Quiz
        Shown as radio buttons in a notebook.

    Raises
    ------
    NotYet
        When there is no such lesson.
    MissingExtra
        Without ipywidgets.
    """
    lessons = sorted({row["lesson"] for row in records("quiz")})
    if lesson not in lessons:
        raise NotYet(word("no_such_lesson").format(given=repr(lesson), allowed=nearest(lesson, lessons)))
    from .quizzing import Quiz

    return Quiz(lesson)


def canonical(kind: str, answer: Any) -> tuple[str, ...]:
    """Return an answer in one form, whatever order or type it came in.

    A number to two decimals; a text without its case and outer spaces; a list as the sorted set
    of its members; a frame as its rows, in any order of rows and columns; a chart as its marks
    and what each channel shows. Raises TypeError where the kind does not fit.
    """
    if kind == "number":
        if not isinstance(answer, Real) or isinstance(answer, bool):
            raise TypeError
        return (_scalar(answer),)
    if kind == "text":
        if not isinstance(answer, str | bool):
            raise TypeError
        return (_scalar(answer),)
    if kind == "list":
        if isinstance(answer, str | dict) or hasattr(answer, "columns"):
            raise TypeError
        return tuple(sorted({_scalar(member) for member in answer}))
    if kind == "table":
        return tuple(sorted(_rows(answer)))
    return tuple(sorted(_features(answer.to_dict())))


def digest(task: str, given: Iterable[str]) -> str:
    """Return the digest of an answer in its one form."""
    return hashlib.sha256("\x1f".join([task, *given]).encode()).hexdigest()[:16]


def member_digest(task: str, member: str) -> str:
    """Return the digest of one member of a list, which is not that of a list of one."""
    return digest(f"{task}/member", [member])


def _scalar(value: Any) -> str:
    if isinstance(value, str | bool):
        return unicodedata.normalize("NFKC", str(value)).strip().casefold()
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real) and value == value:
        return f"{round(float(value), 2):g}"
    # A missing value of pandas cannot be compared, not even with itself.
    return "" if str(value) in ("None", "nan", "<NA>", "NaT") else str(value)


def _rows(answer: Any) -> list[str]:
    frame = answer.to_frame() if hasattr(answer, "to_frame") else answer
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    rows = frame.astype(object).itertuples(index=False, name=None)
    return ["\x1e".join(sorted(_scalar(cell) for cell in row)) for row in rows]


def _features(spec: Any) -> set[str]:
    found = set()
    if isinstance(spec, dict):
        mark = spec.get("mark")
        if mark is not None:
            found.add(f"mark {mark if isinstance(mark, str) else mark.get('type')}")
        for channel, shown in spec.get("encoding", {}).items():
            if channel in ("x", "y") and isinstance(shown, dict):
                # A bar chart lying down says the same as one that stands.
                found.add(f"shows {shown.get('aggregate', '')}{shown.get('field', '')}".rstrip())
        for name in ("layer", "hconcat", "vconcat", "concat", "spec"):
            inner = spec.get(name, [])
            for part in inner if isinstance(inner, list) else [inner]:
                found |= _features(part)
    return found


def _overlap(task: str, kind: str, given: tuple[str, ...], known: dict[str, dict[str, str]]) -> str:
    if kind != "list":
        return ""
    right = sum(member_digest(task, member) in known for member in given)
    wanted = sum(row["verdict"] == "member" for row in known.values())
    text = word("overlap").format(right=right, given=len(given), missing=wanted - right)
    return f" {text}" if wanted else ""


def _task(task: str) -> dict[str, str]:
    rows = {row["task"]: row for row in records("tasks")}
    if not isinstance(task, str) or task not in rows:
        raise NotYet(word("no_such_task").format(given=repr(task), allowed=nearest(task, rows)))
    return rows[task]
