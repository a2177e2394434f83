"""The masters: what was released, cell by cell, and what each question is worth."""

from __future__ import annotations

import json
import os
import re
from functools import lru_cache
from typing import Any, NamedTuple

from ..errors import DataError

SOURCE = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "exercises", "source"
)
SOLUTION = re.compile(r"### BEGIN SOLUTION.*?### END SOLUTION", re.DOTALL)


class Cell(NamedTuple):
    """One cell of a master: its id, kind, source with hidden tests, and role (given, answer, test, essay)."""

    cell_id: str
    kind: str
    source: str
    role: str
    question: str
    points: float


class Master(NamedTuple):
    """One exercise in one language."""

    name: str
    language: str
    cells: tuple[Cell, ...]

    @property
    def questions(self) -> dict[str, float]:
        """Question to points, those graded by hand included."""
        return {cell.question: cell.points for cell in self.cells if cell.role in ("test", "essay")}

    @property
    def essays(self) -> list[str]:
        """Questions that are graded by hand."""
        return [cell.question for cell in self.cells if cell.role == "essay"]


@lru_cache(maxsize=1)
def masters() -> dict[tuple[str, str], Master]:
    """Return all masters by exercise and language.

    Raises
    ------
    DataError
        Where there are none: the installed package carries no keys.
    """
    found = {}
    for language in ("en", "zh"):
        folder = os.path.join(SOURCE, language)
        names = sorted(n for n in os.listdir(folder) if n.endswith(".ipynb")) if os.path.isdir(folder) else []
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                cells = tuple(_cell(cell) for cell in json.load(file)["cells"])
            found[name[: -len(".ipynb")], language] = Master(name[: -len(".ipynb")], language, cells)
    if not found:
        raise DataError(
            f"No masters in {SOURCE}. Grading needs a clone of the repository: "
            "the installed package carries neither keys nor hidden tests."
        )
    return found


def _cell(cell: dict[str, Any]) -> Cell:
    about = cell["metadata"].get("nbgrader", {})
    source = "".join(cell["source"])
    role = "given"
    if about.get("solution"):
        role = "essay" if about.get("grade") else "answer"
    elif about.get("grade"):
        role = "test"
    number = about.get("grade_id", "")[1:].replace("_", ".")
    return Cell(cell["id"], cell["cell_type"], source, role, number, float(about.get("points", 0)))
