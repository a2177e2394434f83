"""Make keys, student versions and digests from the masters: ``python -m kejigai_data._build.exercises``.

The masters in `exercises/source/` are in nbgrader's format and are the only source. From each come
a student version (solutions, hidden tests and mark schemes taken out by nbgrader itself) and a key
(run, with its outputs). With ``--check`` nothing is written: what differs is listed, exit status 1.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import altair as alt
import nbformat
import pandas as pd
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)
from traitlets.config import Config

import kejigai_data as kj
from kejigai_data._build.generated import csv_text
from kejigai_data._build.notebooks import METADATA, run
from kejigai_data.exercise import canonical, digest, member_digest
from kejigai_data.loading import records
from kejigai_data.validation import natural

TOP = Path(__file__).resolve().parents[2]
EXERCISES = TOP / "exercises"
ANSWERS = EXERCISES / "source" / "answers.csv"
CHECKS = TOP / "kejigai_data" / "data" / "exercises" / "task_checks.csv"
HEAD = ["check_id", "task", "verdict", "digest", "message_zh", "message_en"]
STUB = {"en": "Write your answer here.", "zh": "在此作答。"}
HIDDEN = re.compile(r"\n?### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS", re.DOTALL)
MARKS = re.compile(r"### (BEGIN|END) SOLUTION\n?|=== (BEGIN|END) MARK SCHEME ===\n?")


def checks() -> str:
    """Return task_checks.csv: the digest of every right answer, known slip and list member."""
    kinds = {row["task"]: row["kind"] for row in records("tasks")}
    names = {"kj": kj, "pd": pd, "alt": alt, "cases": kj.load_cases()}
    rows: dict[tuple[str, str], list[str]] = {}
    with open(ANSWERS, encoding="utf-8", newline="") as file:
        answers = list(csv.DictReader(file))
    for answer in answers:
        task, kind = answer["task"], kinds[answer["task"]]
        value = eval(answer["expression"], dict(names))
        given = canonical(kind, value)
        key = (task, digest(task, given))
        if key in rows:
            raise SystemExit(f"{task}: {answer['expression']} says the same as an earlier answer")
        rows[key] = [task, answer["verdict"], key[1], answer["message_zh"], answer["message_en"]]
        if kind == "list" and answer["verdict"] == "right":
            for member in given:
                own = member_digest(task, member)
                rows.setdefault((task, own), [task, "member", own, "", ""])
    # By digest: the order of the list would tell which one is right.
    named = sorted(([f"{row[0]}-{row[2][:6]}", *row] for row in rows.values()), key=lambda row: natural(row[0]))
    return csv_text([HEAD, *named])


def student(master: Any, language: str) -> Any:
    """Return the version that students get, made by nbgrader's own steps."""
    config = Config()
    config.ClearSolutions.code_stub = {"python": "answer = ..."}
    config.ClearSolutions.text_stub = STUB[language]
    notebook = nbformat.from_dict(master)
    steps = (
        LockCells,
        ClearSolutions,
        ClearOutput,
        CheckCellMetadata,
        ComputeChecksums,
        ClearHiddenTests,
        ClearMarkScheme,
        ComputeChecksums,
    )
    for step in steps:
        notebook, _ = step(config=config, parent=None).preprocess(notebook, {})
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and (about.get("grade") or about.get("solution")):
            cell.metadata["tags"] = ["raises-exception"]
    notebook.metadata = {**METADATA, "celltoolbar": "None"}
    return notebook


def key(master: Any, folder: Path) -> Any:
    """Return the worked key: run, without hidden tests."""
    notebook = nbformat.from_dict(master)
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)
        cell.source = MARKS.sub("", HIDDEN.sub("", cell.source)).strip("\n")
    run(notebook, folder)
    return notebook


def text(notebook: Any) -> str:
    """Return a notebook as it is saved."""
    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def products(with_keys: bool) -> Iterator[tuple[Path, str]]:
    """Yield path and text of all that is generated; the keys only if asked, because they run.

    The digests come first: the keys, when they run, read them from the disk.
    """
    yield CHECKS, checks()
    for path in sorted((EXERCISES / "source").glob("*/*.ipynb")):
        language = path.parent.name
        master = nbformat.read(path, as_version=4)
        yield EXERCISES / language / path.name, text(student(master, language))
        if with_keys:
            yield EXERCISES / "keys" / language / path.name, text(key(master, path.parent))


def main(arguments: list[str]) -> int:
    """Write what differs, or list it with ``--check``."""
    checking = "--check" in arguments
    differ = []
    for path, new in products(with_keys=not checking):
        if not path.exists() or path.read_text(encoding="utf-8") != new:
            differ.append(path.relative_to(TOP))
            if not checking:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(new, encoding="utf-8", newline="\n")
    for path in differ:
        print(path)
    return 1 if checking and differ else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
