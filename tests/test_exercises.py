"""Exercises: generated from their masters, friendly to every answer, and silent about the right one."""

import csv
import json
import re
import subprocess
import sys
import zipfile

import nbformat
import pytest
from nbclient import NotebookClient

import kejigai_data as kj
from kejigai_data import exercise
from kejigai_data.loading import records

from .conftest import TOP

EXERCISES = TOP / "exercises"
STUDENT = sorted(path for lang in ("en", "zh") for path in (EXERCISES / lang).glob("*.ipynb"))
MASTERS = sorted((EXERCISES / "source").glob("*/*.ipynb"))
SECRET = re.compile(r"BEGIN (SOLUTION|HIDDEN TESTS|MARK SCHEME)")
each = pytest.mark.parametrize("path", STUDENT, ids=lambda p: f"{p.parent.name}/{p.stem}")


def answers():
    with open(EXERCISES / "source" / "answers.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def value(row):
    import altair as alt
    import pandas as pd

    return eval(row["expression"], {"kj": kj, "pd": pd, "alt": alt, "cases": kj.load_cases()})


def said(task, answer):
    with pytest.raises(exercise.NotYet) as caught:
        exercise.check(task, answer)
    (line,) = caught.value._render_traceback_()
    assert "\n" not in line
    return line


def test_generated_files_are_those_of_the_masters():
    done = subprocess.run(
        [sys.executable, "-m", "kejigai_data._build.exercises", "--check"], cwd=TOP, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_lesson_has_a_set_in_both_languages():
    # The two parts of the researcher's guide share one.
    lessons = {path.name for path in (TOP / "notebooks" / "en").glob("*.ipynb")} - {"09_measuring.ipynb"}
    for folder in ("en", "zh", "keys/en", "keys/zh", "source/en", "source/zh"):
        assert {path.name for path in (EXERCISES / folder).glob("*.ipynb")} == lessons


@pytest.mark.parametrize("name", sorted({p.name for p in STUDENT}))
def test_both_languages_share_their_code(name):
    english, chinese = (nbformat.read(EXERCISES / lang / name, 4).cells for lang in ("en", "zh"))
    assert [c.cell_type for c in english] == [c.cell_type for c in chinese]
    for left, right in zip(english, chinese, strict=True):
        if left.cell_type == "code":
            assert left.source.replace('kj.use("en")', 'kj.use("zh")') == right.source


@each
def test_a_student_file_holds_no_solution(path):
    text = path.read_text(encoding="utf-8")
    assert not SECRET.search(text)
    master = nbformat.read(EXERCISES / "source" / path.parent.name / path.name, 4)
    mine = {cell.id: cell for cell in nbformat.read(path, 4).cells}
    hidden = 0
    for cell in master.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("solution"):
            assert mine[cell.id].source != cell.source
        for block in re.findall(r"### BEGIN HIDDEN TESTS\n(.*?)\n### END", cell.source, re.DOTALL):
            hidden += 1
            assert block not in mine[cell.id].source
    assert hidden >= 5


@pytest.mark.slow
@each
def test_a_student_file_runs_and_every_unanswered_cell_says_one_line(path):
    notebook = nbformat.read(path, 4)
    assert all(not cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    NotebookClient(notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": TOP}}).execute()
    asked = 0
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.source.startswith("exercise.check"):
            asked += 1
            (output,) = cell.outputs
            assert output.output_type == "error"
            assert len(output.traceback) == 1
            assert "\n" not in output.traceback[0]
            assert output.evalue.startswith(cell.source.split('"')[1])
    assert 5 <= asked <= 7


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_right_answer_is_praised_and_every_slip_gets_its_own_line(lang, capsys):
    kj.use(lang)
    spoken = {}
    for row in answers():
        if row["verdict"] == "right":
            exercise.check(row["task"], value(row))
            assert capsys.readouterr().out.startswith(f"✔ {row['task']}")
        else:
            line = said(row["task"], value(row))
            assert row[f"message_{lang}"] in line
            spoken.setdefault(row["task"], set()).add(line)
    slips = [row for row in answers() if row["verdict"] == "slip"]
    assert all(len(spoken[row["task"]]) >= 1 for row in slips)
    assert {row["task"] for row in slips} == {row["task"] for row in records("tasks")}


ODD = [..., None, 0, -1.5, True, "", "abc", [], ["x"], {}, {"a": 1}, object(), float("nan"), b"x", int, print]


@pytest.mark.parametrize("task", [row["task"] for row in records("tasks")])
def test_anything_at_all_gets_one_line_and_no_traceback(task):
    import pandas as pd

    frames = [pd.DataFrame(), pd.DataFrame({"a": [pd.NA, 1]}), pd.Series([1, None]), kj.load_cases()]
    for odd in [*ODD, *frames]:
        assert said(task, odd).startswith(f"✘ {task}")


def test_no_message_gives_an_answer_away():
    for row in answers():
        if row["verdict"] != "right":
            continue
        right = value(row)
        if isinstance(right, str) and len(right) > 2:
            lines = [r for r in records("task_hints") if r["task"] == row["task"]]
            told = json.dumps([*lines, *[t for t in records("tasks") if t["task"] == row["task"]]])
            assert right not in told, (row["task"], right)


def test_hints_come_in_steps_and_follow_the_last_check(capsys):
    for row in records("tasks"):
        said(row["task"], ...)
        exercise.hint(1)
        exercise.hint(2)
        first, second = capsys.readouterr().out.splitlines()
        assert first != second
        assert first.startswith(row["task"])
        with pytest.raises(exercise.NotYet, match="hint"):
            exercise.hint(3)


def test_unknown_tasks_and_lessons_are_named_with_the_nearest():
    for call in (lambda: exercise.check("0.1", 1), lambda: exercise.hint(1, "99.9"), lambda: exercise.quiz("99")):
        with pytest.raises(exercise.NotYet, match=r"Did you mean|Allowed|no "):
            call()


def test_the_quiz_explains_every_option_and_one_is_right():
    for lesson in sorted({row["lesson"] for row in records("quiz")}):
        quiz = exercise.quiz(lesson)
        assert len(quiz.choices) == 5
        for choice, note in zip(quiz.choices, quiz.notes, strict=True):
            signs = []
            for _, number in choice.options:
                choice.value = number
                signs.append(note.value.split(">")[1][0])
                assert len(note.value) > 40
                assert "`" not in note.value
            assert sorted(signs).count("✔") == 1
            assert not any("`" in text for text, _ in choice.options)
        assert not any("`" in str(child.value) for child in quiz.children)


def test_the_wheel_has_no_key(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path)],
        cwd=TOP,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    expressions = {row["expression"] for row in answers() if len(row["expression"]) > 12}
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            assert "exercises/" not in name or name.startswith("kejigai_data/data/exercises/")
            text = archive.read(name).decode("utf-8", errors="ignore")
            assert "BEGIN HIDDEN TESTS\n" not in text
            assert not [e for e in expressions if e in text and name.endswith((".csv", ".ipynb"))], name


def test_the_lab_never_brings_masters_or_keys(tmp_path):
    from kejigai_data._build.env import bring_lessons

    brought = bring_lessons(str(TOP), str(tmp_path))
    assert [name for name in brought if name.startswith("exercises")]
    assert not [name for name in brought if "source" in name or "keys" in name]
