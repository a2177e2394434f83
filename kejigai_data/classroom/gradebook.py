"""Hand the points on to nbgrader's gradebook, for those who keep their course in it."""

from __future__ import annotations

import os
import sys
import warnings

from nbgrader.api import Gradebook

from .grading import Grade
from .masters import masters


def write_gradebook(grades: list[Grade], folder: str) -> str:
    """Write or update ``gradebook.db``, which nbgrader's own tools read and export.

    Questions graded by hand are entered without points and marked as needing a grade.

    Parameters
    ----------
    grades : list of Grade
        What was graded.
    folder : str
        Where the file is, or is made.

    Returns
    -------
    str
        The path of the file.
    """
    path = os.path.join(folder, "gradebook.db")
    # nbgrader calls the program alembic, which need not be on the path of an environment not activated.
    beside = os.path.dirname(sys.executable)
    if beside not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([beside, os.environ.get("PATH", "")])
    with warnings.catch_warnings(), Gradebook(f"sqlite:///{os.path.abspath(path)}") as book:
        # nbgrader's own queries make SQLAlchemy warn.
        warnings.simplefilter("ignore")
        for exercise in dict.fromkeys(grade.exercise for grade in grades):
            master = next(m for (name, _), m in masters().items() if name == exercise)
            book.update_or_create_assignment(exercise)
            book.update_or_create_notebook(exercise, exercise)
            for cell in master.cells:
                if cell.role in ("test", "essay"):
                    kind = "code" if cell.role == "test" else "markdown"
                    book.update_or_create_grade_cell(
                        cell.question, exercise, exercise, max_score=cell.points, cell_type=kind
                    )
        for grade in grades:
            book.update_or_create_student(grade.student)
            submission = book.update_or_create_submission(grade.exercise, grade.student)
            found = {answer.question: answer for answer in grade.answers}
            for entry in submission.notebooks[0].grades:
                answer = found[entry.cell.name]
                by_hand = answer.state == "by_hand"
                entry.auto_score = None if by_hand else answer.points
                # A grade that was given by hand already stays.
                entry.needs_manual_grade = by_hand and entry.manual_score is None
        book.db.commit()
    return path
