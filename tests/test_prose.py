"""The prose of the lessons: every number and every place name in it is held by a table or shown by a cell."""

import json
import re

import nbformat
import pytest

from kejigai_data.loading import records

from .conftest import TOP

LESSONS = sorted((TOP / "notebooks").glob("*/*.ipynb"))
DIMENSIONS = {"01": "legal", "02": "organisational", "03": "functional", "04": "force_building"}
DIMENSIONS |= {"05": "factor_allocation"}  # 00, 06, 07 and 08 look at all
# Numbers that belong to the course, not to the data: lessons, sections, minutes, steps of an answer.
COURSE = (
    r"^#+ .*?·",
    r"^\|.*\|$",
    r"\*\*\d+\.\*\*",
    r"\[?\*{0,2}0\d ·.*",
    r"[Ll]essons? \d\d(?:[–, and]+\d\d)*",
    r"第?[\d、，与和至—–]+课(?:第\d+节)?",
    r"[Ss]ections? \d(?:[–, and]+\d)*",
    r"第[\d、与和]+(?:节|问)",
    r"c0\d\d",
)


def shown(notebook):
    """Return what a reader sees below the cells, charts included, and the code above it."""
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            parts.append(cell.source)
            for output in cell.outputs:
                data = {k: v for k, v in output.get("data", {}).items() if not k.startswith("image/")}
                parts.append(json.dumps([output.get("text", ""), data], ensure_ascii=False))
    return "\n".join(parts)


def held(dimension):
    """Return as text the rows on the cases of a dimension, and on the national frame."""
    of_case = {c["case_id"]: c["value"] for c in records("codings") if c["variable"] == "dimension"}
    cases = {case for case, value in of_case.items() if dimension in ("", value)} | {""}
    rows = [
        row
        for table in ("cases", "codings", "events", "bodies")
        for row in records(table)
        if row["case_id"] in cases
    ]
    ids = {row.get("coding_id") or row.get("event_id") for row in rows}
    ends = ("left_coding", "right_coding", "left_event", "right_event")
    rows += [row for row in records("conflicts") if {row[end] for end in ends} & ids]
    rows += [*records("claims"), *records("agenda"), *records("glossary"), *records("parties")]
    rows += records("place_members")
    return json.dumps(rows, ensure_ascii=False)


def prose(notebook):
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    text = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)|<[^>]+>", " ", text, flags=re.DOTALL)
    for pattern in COURSE:
        text = re.sub(pattern, " ", text, flags=re.MULTILINE)
    return text


def numbers(text):
    return {int(part) for part in re.findall(r"\d+", text.replace(",", ""))}


def support(path):
    notebook = nbformat.read(path, 4)
    return notebook, shown(notebook) + held(DIMENSIONS.get(path.stem[:2], ""))


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_numbers_in_the_prose_are_shown_or_held(path):
    notebook, known = support(path)
    loose = numbers(prose(notebook)) - numbers(known)
    assert not loose, f"no cell shows and no table holds: {sorted(loose)}"


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_places_in_the_prose_are_shown_or_held(path):
    notebook, known = support(path)
    name = "short_zh" if path.parent.name == "zh" else "name_en"
    text = prose(notebook)
    named = [p for p in records("places") if p[name] in text and p["level"] != "country"]
    assert named
    loose = [p[name] for p in named if not (p["short_zh"] in known or p["name_en"] in known)]
    assert not loose, f"no cell shows and no table holds: {loose}"
