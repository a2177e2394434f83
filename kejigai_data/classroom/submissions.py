"""Find what students sent, whatever it is called, and rebuild each notebook from the released one."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
import posixpath
import re
import zipfile
from typing import Any, NamedTuple

from .masters import Master, masters

LARGEST = 20 * 1024**2
LONGEST_ANSWER = 50_000
# What learning-management systems put around a student's name.
MOODLE = re.compile(r"^(?P<name>.+?)_\d{3,}_assignsubmission_.*$")
CANVAS = re.compile(r"^(?P<name>[^_]+?)(?:_late)?_\d{3,}_\d{3,}_.*$")
CHECK = re.compile(r"exercise\.check\(\s*[\"'](\d\d\.\d)[\"']")


class Problem(NamedTuple):
    """What could not be graded, or only in part, and why."""

    student: str
    file: str
    why: str


class Submission(NamedTuple):
    """A student's answers to one exercise: question to the text of the answer cell."""

    student: str
    file: str
    master: Master
    answers: dict[str, str]
    digest: str


def collect(folder: str) -> tuple[list[Submission], list[Problem], list[tuple[str, bytes]]]:
    """Read all notebooks below a folder, inside zip files too.

    Parameters
    ----------
    folder : str
        What was downloaded from the learning-management system, or gathered by hand.

    Returns
    -------
    tuple
        Submissions, one for each student and exercise (the last by file time, then name);
        problems; and files of laboratory answers (name and content).
    """
    found: dict[tuple[str, str], tuple[float, Submission]] = {}
    problems: list[Problem] = []
    laboratory: list[tuple[str, bytes]] = []
    files = sorted(_files(folder, problems), key=lambda item: (item[2], item[0]))
    above = _shared([path for path, _, _ in files])
    for path, content, when in files:
        student = student_of(path[len(above) :])
        if path.lower().endswith(".csv"):
            laboratory.append((student, content))
            continue
        read = _notebook(content)
        if isinstance(read, str):
            problems.append(Problem(student, path, read))
            continue
        cells, damage = read
        master = _which(cells)
        if master is None:
            problems.append(Problem(student, path, "no cell of a released exercise is in it"))
            continue
        answers, missing = _answers(master, cells)
        if damage:
            problems.append(Problem(student, path, damage))
        for question in missing:
            problems.append(Problem(student, path, f"the answer cell of {question} is missing"))
        digest = hashlib.sha256(json.dumps([master.name, answers], sort_keys=True).encode()).hexdigest()[:20]
        key = (student, master.name)
        if key in found:
            problems.append(Problem(student, found[key][1].file, f"a later file was graded instead: {path}"))
        found[key] = (when, Submission(student, path, master, answers, digest))
    return [item for _, item in found.values()], problems, laboratory


def student_of(path: str) -> str:
    """Return whose file it is, from its folder or its name.

    Examples
    --------
    >>> student_of("李雷_20211_assignsubmission_file_/01_legal.ipynb")
    '李雷'
    >>> student_of("hanmei_88213_99120_01_legal-2.ipynb"), student_of("01_legal 韩梅梅.ipynb")
    ('hanmei', '韩梅梅')
    """
    parts = [part for part in path.replace("\\", "/").split("/") if part.strip(".")]
    stem = os.path.splitext(parts[-1])[0]
    # A zip file is named after the student only where nothing inside it is.
    zipped = [os.path.splitext(part)[0] for part in parts[:-1] if part.lower().endswith(".zip")]
    parts = [part for part in parts if not part.lower().endswith(".zip")] or [stem]
    for part in [*parts[:-1], stem]:
        matched = MOODLE.match(part) or CANVAS.match(part)
        if matched:
            return matched["name"].strip()
    if len(parts) > 1:
        return parts[0].strip()
    bare = stem
    for name, _ in masters():
        bare = bare.replace(name, "")
    bare = re.sub(r"^[\s_\-()（）\d]+|[\s_\-()（）\d]+$", "", bare)
    return bare or (zipped[-1].strip() if zipped else stem)


def _shared(paths: list[str]) -> str:
    """Return the folders above all students, such as the name of the class."""
    if len(paths) < 2:
        return ""
    # The last folder may be the student's own.
    above = posixpath.commonpath([posixpath.dirname(posixpath.dirname(path)) for path in paths])
    return f"{above}/" if above else ""


def _files(folder: str, problems: list[Problem]) -> list[tuple[str, bytes, float]]:
    found = []
    for base, _, names in os.walk(folder):
        for name in sorted(names):
            path = os.path.join(base, name)
            shown = os.path.relpath(path, folder).replace(os.sep, "/")
            kind = name.lower().rsplit(".", 1)[-1]
            left_over = ".ipynb_checkpoints" in base or name.endswith(".pending.csv")
            if kind not in ("ipynb", "zip", "csv") or left_over:
                continue
            if os.path.islink(path) or os.path.getsize(path) > LARGEST:
                problems.append(
                    Problem(student_of(shown), shown, f"a link, or larger than {LARGEST // 1024**2} MB")
                )
                continue
            with open(path, "rb") as file:
                content = file.read()
            when = os.path.getmtime(path)
            found += _inside(shown, content, problems) if kind == "zip" else [(shown, content, when)]
    return found


def _inside(shown: str, content: bytes, problems: list[Problem]) -> list[tuple[str, bytes, float]]:
    found = []
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                name = _name(entry)
                wanted = name.lower().endswith((".ipynb", ".csv")) and "__MACOSX" not in name
                if not wanted or entry.is_dir():
                    continue
                if entry.file_size > LARGEST:
                    problems.append(Problem(student_of(name), f"{shown}/{name}", "too large"))
                    continue
                with archive.open(entry) as file:
                    # The size that a zip file claims may be false.
                    inner = file.read(LARGEST + 1)
                year, month, day, hour, minute, second = entry.date_time
                when = ((((year * 13 + month) * 32 + day) * 24 + hour) * 60 + minute) * 60.0 + second
                if len(inner) > LARGEST:
                    problems.append(Problem(student_of(name), f"{shown}/{name}", "too large"))
                else:
                    found.append((f"{shown}/{name}", inner, when))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, ValueError) as error:
        problems.append(Problem(student_of(shown), shown, f"not a readable zip file ({error})"))
    return found


def _name(entry: zipfile.ZipInfo) -> str:
    """Return the name of an entry; Chinese Windows writes GBK and does not say so."""
    if entry.flag_bits & 0x800:
        return entry.filename
    return _decoded(entry.filename.encode("cp437", errors="replace")) or entry.filename


def _decoded(content: bytes) -> str:
    """Return the text of what came in UTF-8 or GB18030, empty when it is neither."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return ""


def _notebook(content: bytes) -> tuple[list[dict[str, Any]], str] | str:
    """Return the cells and what was damaged, or why there are none."""
    text = _decoded(content)
    try:
        book = json.loads(text)
        cells = book.get("cells") if isinstance(book, dict) else None
        if not isinstance(cells, list):
            return "not a notebook (no list of cells)"
        return [cell for cell in cells if isinstance(cell, dict)], ""
    except (json.JSONDecodeError, RecursionError):
        cells = _salvaged(text)
        return (
            (cells, "broken JSON: only its whole cells were read") if cells else "broken JSON: no cell can be read"
        )


def _salvaged(text: str) -> list[dict[str, Any]]:
    start = re.search(r'"cells"\s*:\s*\[', text)
    decoder, cells = json.JSONDecoder(), []
    at = start.end() if start else len(text)
    while at < len(text):
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        try:
            cell, at = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError):
            break
        if isinstance(cell, dict):
            cells.append(cell)
    return cells


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _id(cell: dict[str, Any]) -> set[str]:
    metadata = cell.get("metadata")
    about = metadata.get("nbgrader", {}) if isinstance(metadata, dict) else {}
    grade = about.get("grade_id", "") if isinstance(about, dict) else ""
    return {str(cell.get("id", "")), str(grade)} - {""}


def _which(cells: list[dict[str, Any]]) -> Master | None:
    """Return the master with most cells in common, by id or by the numbers of the checks."""
    ids = set().union(*map(_id, cells)) if cells else set()
    text = "\n".join(map(_source, cells))
    numbers = set(CHECK.findall(text))
    best, score = None, 0
    for (_, language), master in masters().items():
        same = len(ids & {cell.cell_id for cell in master.cells}) + 3 * len(numbers & set(master.questions))
        spoken = 1 if f'kj.use("{language}")' in text or f"kj.use('{language}')" in text else 0
        if same and same * 2 + spoken > score:
            best, score = master, same * 2 + spoken
    return best


def _answers(master: Master, cells: list[dict[str, Any]]) -> tuple[dict[str, str], list[str]]:
    """Return question to answer, found by cell id, by nbgrader's id, or as the cell above the check."""
    by_id = {name: cell for cell in cells for name in _id(cell)}
    above: dict[str, str] = {}
    code = [cell for cell in cells if cell.get("cell_type") == "code"]
    for before, after in itertools.pairwise(code):
        for number in CHECK.findall(_source(after)):
            above.setdefault(number, _source(before))
    answers, missing = {}, []
    for cell in master.cells:
        if cell.role not in ("answer", "essay"):
            continue
        grade_id = f"a{cell.question.replace('.', '_')}"
        sent = by_id.get(cell.cell_id) or by_id.get(grade_id)
        text = _source(sent) if sent is not None else above.get(cell.question)
        if text is None:
            missing.append(cell.question)
        answers[cell.question] = (text or "")[:LONGEST_ANSWER]
    return answers, missing
