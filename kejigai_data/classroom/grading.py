"""Grade submissions one by one, so that it can be stopped and run again without losing or doubling any."""

from __future__ import annotations

import csv
import json
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from ..exporting import guarded
from .masters import Master
from .sandbox import Kernel
from .submissions import Problem, Submission

BUDGET = 10.0
CELL = 5.0
ENDED = {
    "timeout": "ran too long and was stopped",
    "died": "ended its own kernel",
    "flood": "printed without end and was stopped",
}
UNANSWERED = ("answer = ...", "")


class Answer(NamedTuple):
    """How one question went: points, what they are out of, state and what the student was told."""

    question: str
    points: float
    out_of: float
    state: str
    told: str


class Grade(NamedTuple):
    """The result of one submission."""

    student: str
    exercise: str
    language: str
    file: str
    answers: tuple[Answer, ...]
    seconds: float

    @property
    def total(self) -> float:
        """Points of the questions that are graded by machine."""
        return sum(answer.points for answer in self.answers)


def grade_one(submission: Submission, isolated: bool = True, budget: float = BUDGET) -> Grade:
    """Run a rebuilt notebook and grade each question on its own.

    The released cells and the hidden tests come from the master, only the answers from the student.
    A cell that never ends, or that ends the kernel, costs its own question: the others are run
    in a new kernel, within the same budget of seconds.
    """
    master, kernel = submission.master, Kernel(isolated)
    begun, spent = time.monotonic(), 0.0
    results: list[Answer] = []
    fresh = False
    try:
        for cell in master.cells:
            if cell.role == "essay":
                answer = submission.answers.get(cell.question, "")
                results.append(Answer(cell.question, 0.0, cell.points, "by_hand", answer))
            if cell.role != "test":
                continue
            text = submission.answers.get(cell.question, "")
            if text.strip() in UNANSWERED:
                results.append(Answer(cell.question, 0.0, cell.points, "unanswered", ""))
                continue
            if not fresh:
                kernel.start()
                fresh = _prepare(kernel, master)
            limit = min(CELL, budget - spent)
            if limit <= 0:
                results.append(Answer(cell.question, 0.0, cell.points, "not_run", "no time was left for it"))
                continue
            start = time.monotonic()
            state, told = _ask(kernel, master, cell.question, text, cell.source, limit)
            # Clearing up after a cell is not the student's time.
            spent += min(limit, time.monotonic() - start)
            fresh = state not in ENDED
            results.append(
                Answer(cell.question, cell.points if state == "right" else 0.0, cell.points, state, told)
            )
    finally:
        kernel.stop()
    taken = round(time.monotonic() - begun, 2)
    return Grade(submission.student, master.name, master.language, submission.file, tuple(results), taken)


def _prepare(kernel: Kernel, master: Master) -> bool:
    setup = next(cell for cell in master.cells if cell.kind == "code")
    return kernel.run(setup.source, 30).status == "ok"


def _ask(kernel: Kernel, master: Master, question: str, text: str, test: str, limit: float) -> tuple[str, str]:
    begun = time.monotonic()
    for cell in master.cells:
        if cell.role == "given" and cell.kind == "code" and cell.question == question:
            kernel.run(cell.source, limit)
    # An answer left over from the question before must not count for this one.
    kernel.run("answer = ...", limit)
    done = kernel.run(text, max(0.1, limit - (time.monotonic() - begun)))
    if done.status in ENDED:
        return done.status, ENDED[done.status]
    found = kernel.run(test, max(1.0, limit - (time.monotonic() - begun)))
    if found.status in ENDED:
        return found.status, "the check could not be run to its end"
    if found.status == "ok":
        return "right", ""
    if done.status == "error":
        return "error", f"{done.error}: {done.message}"
    hidden = found.error != "NotYet"
    return (
        ("hidden", "the answer passes the visible check but not the hidden test")
        if hidden
        else ("wrong", found.message)
    )


def grade_all(
    submissions: Iterable[Submission],
    state: str,
    isolated: bool = True,
    workers: int = 2,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> tuple[list[Grade], list[Problem]]:
    """Grade submissions in parallel; those graded before are read from `state`, a folder.

    Parameters
    ----------
    submissions : iterable of Submission
        What `submissions.collect` found.
    state : str
        A folder with one file a graded submission, written beside and renamed.
    isolated, workers
        Inside bubblewrap; how many at a time.
    tell : callable
        Called with the number done and the number of all.

    Returns
    -------
    tuple
        Grades, sorted by exercise and student; and problems.
    """
    os.makedirs(state, exist_ok=True)
    wanted = list(submissions)
    done = 0

    def one(submission: Submission) -> Grade | Problem:
        nonlocal done
        path = os.path.join(state, f"{submission.digest}.json")
        grade = _read(path, submission)
        if grade is None:
            try:
                grade = grade_one(submission, isolated)
                _write(path, grade)
            except Exception as error:  # One submission must never end the grading of the others.
                return Problem(submission.student, submission.file, f"could not be run: {error}")
            finally:
                done += 1
                tell(done, len(wanted))
        else:
            done += 1
            tell(done, len(wanted))
        return grade

    with ThreadPoolExecutor(max_workers=workers) as pool:
        results = list(pool.map(one, wanted))
    grades = sorted((r for r in results if isinstance(r, Grade)), key=lambda g: (g.exercise, g.student))
    problems = [r for r in results if isinstance(r, Problem)]
    for grade in grades:
        for answer in grade.answers:
            if answer.state in (*ENDED, "not_run"):
                problems.append(Problem(grade.student, grade.file, f"{answer.question}: {answer.told}"))
    return grades, problems


def _read(path: str, submission: Submission) -> Grade | None:
    try:
        with open(path, encoding="utf-8") as file:
            kept: dict[str, Any] = json.load(file)
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    answers = tuple(Answer(*answer) for answer in kept["answers"])
    # Two students may hand in the same text: the name is that of the file, not of the first one.
    return Grade(submission.student, kept["exercise"], kept["language"], submission.file, answers, kept["seconds"])


def _write(path: str, grade: Grade) -> None:
    with open(f"{path}.part", "w", encoding="utf-8") as file:
        json.dump(grade._asdict(), file, ensure_ascii=False)
    os.replace(f"{path}.part", path)


def write_tables(grades: list[Grade], problems: list[Problem], folder: str) -> None:
    """Write ``grades.csv`` (a row a student and exercise, a column a question) and ``problems.csv``."""
    questions = sorted({answer.question for grade in grades for answer in grade.answers})
    rows: list[list[object]] = [["student", "exercise", "total", "out_of", "by_hand", "file", *questions]]
    for grade in grades:
        points = {answer.question: answer for answer in grade.answers}
        machine = sum(a.out_of for a in grade.answers if a.state != "by_hand")
        hand = sum(a.out_of for a in grade.answers if a.state == "by_hand")
        cells = [_cell(points.get(question)) for question in questions]
        rows.append(
            [grade.student, grade.exercise, f"{grade.total:g}", f"{machine:g}", f"{hand:g}", grade.file, *cells]
        )
    _csv(os.path.join(folder, "grades.csv"), rows)
    _csv(os.path.join(folder, "problems.csv"), [["student", "file", "why"], *map(list, problems)])
    path = os.path.join(folder, "by_hand.csv")
    given = _given(path)
    essays = [
        [
            grade.student,
            grade.exercise,
            a.question,
            f"{a.out_of:g}",
            given.get((grade.student, a.question), ""),
            a.told,
        ]
        for grade in grades
        for a in grade.answers
        if a.state == "by_hand"
    ]
    _csv(path, [["student", "exercise", "question", "out_of", "points", "text"], *essays])


def _given(path: str) -> dict[tuple[str, str], str]:
    """Return the points that were entered by hand already: a new run must not lose them."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (FileNotFoundError, UnicodeDecodeError):
        return {}
    return {(row.get("student") or "", row.get("question") or ""): row.get("points") or "" for row in rows}


def _cell(answer: Answer | None) -> str:
    if answer is None or answer.state == "by_hand":
        return ""
    return (
        f"{answer.points:g}"
        if answer.state in ("right", "wrong", "hidden", "error", "unanswered")
        else answer.state
    )


def _csv(path: str, rows: Iterable[list[Any]]) -> None:
    with open(f"{path}.part", "w", encoding="utf-8-sig", newline="") as file:
        for row in rows:
            csv.writer(file).writerow(map(guarded, row))
    os.replace(f"{path}.part", path)
