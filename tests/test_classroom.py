"""Grading a class: whatever comes back is rebuilt, run apart, and never a silent zero."""

import csv
import io
import json
import os
import re
import sys
import zipfile

import nbformat
import pytest

import kejigai_data as kj
from kejigai_data.classroom.__main__ import main
from kejigai_data.classroom.feedback import class_page
from kejigai_data.classroom.grading import Answer, Grade, grade_all, grade_one
from kejigai_data.classroom.masters import SOLUTION, masters
from kejigai_data.classroom.sandbox import Kernel, can_isolate
from kejigai_data.classroom.submissions import collect

from .conftest import TOP, some_now

isolates = pytest.mark.skipif(not can_isolate(), reason="bubblewrap is not here: student code cannot be isolated")
RELEASED = TOP / "exercises" / "en" / "00_start_here.ipynb"
# The home, the folder for temporary files and the folder above the package, wherever the tests run.
ROOTS = (
    "import os, tempfile, kejigai_data\n"
    "above = os.path.dirname(os.path.dirname(kejigai_data.__file__))\n"
    "roots = (os.path.expanduser('~'), tempfile.gettempdir(), above)"
)
HOSTILE = {
    "loop": "while True: pass",
    "fork": "import os\nwhile True: os.fork()",
    "processes": "import subprocess\nfor _ in range(10**6): subprocess.Popen(['sleep', '60'])",
    "memory": "answer = [0] * (10 * 1024**3 // 8)",
    "slow memory": "x = []\nwhile True: x.append(bytearray(10**7))",
    "delete": f"import shutil, sys\n{ROOTS}\nfor p in (*roots, sys.base_prefix): shutil.rmtree(p, True)",
    "exit": "import os\nos._exit(0)",
    "print": "while True: print('x' * 10**5)",
    "disk": "import tempfile\nf = tempfile.TemporaryFile()\nwhile True: f.write(b'0' * 10**7)",
    "spy": (
        f"import socket, glob\n{ROOTS}\n"
        "found = [f for r in roots for f in glob.glob(r + '/**/answers.csv', recursive=True)]\n"
        "try:\n    socket.create_connection(('127.0.0.1', 80), 1)\n    found.append('network')\n"
        "except OSError:\n    pass\nanswer = str(found)"
    ),
}


def right_answers(language="en", name="00_start_here"):
    """Return question to the master's own solution."""
    found = {}
    for cell in masters()[name, language].cells:
        if cell.role in ("answer", "essay"):
            found[cell.question] = re.sub(r"### (BEGIN|END) SOLUTION\n?", "", cell.source)
    return found


def solved(changes=None, path=RELEASED):
    """Return a released notebook with right answers, some of them changed."""
    book = nbformat.read(path, 4)
    answers = right_answers() | (changes or {})
    for cell in book.cells:
        number = cell.metadata.get("nbgrader", {}).get("grade_id", "")[1:].replace("_", ".")
        if cell.metadata.get("nbgrader", {}).get("solution") and number in answers:
            cell.source = answers[number]
    return book


def write(folder, name, book):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(book if isinstance(book, str) else nbformat.writes(book), encoding="utf-8")


def table(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def points(grade):
    return {answer.question: answer.points for answer in grade.answers}


def graded(folder, **options):
    found, problems, _ = collect(str(folder))
    grades, more = grade_all(found, str(folder / ".." / "state"), **options)
    return {grade.student: grade for grade in grades}, problems + more


MASTERS = sorted(masters())


@isolates
@pytest.mark.parametrize(
    "key", some_now(MASTERS, MASTERS[::4] + MASTERS[3::4]), ids=lambda key: f"{key[1]}/{key[0]}"
)
def test_every_master_gets_full_points_from_its_own_solution(key, tmp_path):
    name, language = key
    book = nbformat.read(TOP / "exercises" / language / f"{name}.ipynb", 4)
    answers = right_answers(language, name)
    for cell in book.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("solution"):
            cell.source = answers[about["grade_id"][1:].replace("_", ".")]
    write(tmp_path / "in", "学生.ipynb", book)
    found, problems, _ = collect(str(tmp_path / "in"))
    assert not problems
    grade = grade_one(found[0])
    assert {a.question: a.state for a in grade.answers if a.state not in ("right", "by_hand")} == {}
    assert grade.total + sum(a.out_of for a in grade.answers if a.state == "by_hand") == 12


@isolates
def test_wrong_unanswered_and_brute_answers_get_what_they_deserve(tmp_path):
    changes = {
        "00.1": "answer = len(cases)",
        "00.2": "answer = ...",
        "00.3": 'exercise.check = lambda *a: None\nanswer = "a"',
        "00.4": "answer = undefined_name",
    }
    write(tmp_path / "in", "a.ipynb", solved(changes))
    grades, problems = graded(tmp_path / "in")
    states = {a.question: a.state for a in grades["a"].answers}
    assert states["00.1"] == "wrong"
    assert states["00.2"] == "unanswered"
    assert states["00.3"] == "hidden"
    assert states["00.4"] == "error"
    assert points(grades["a"])["00.5"] == 2
    assert not problems


@isolates
def test_an_answer_does_not_count_for_the_next_question(tmp_path):
    write(tmp_path / "in", "a.ipynb", solved({"00.3": "pass"}))
    grades, _ = graded(tmp_path / "in")
    assert {a.question: a.state for a in grades["a"].answers}["00.3"] != "right"


@isolates
@pytest.mark.parametrize("kind", list(HOSTILE))
def test_hostile_code_costs_its_own_question_and_nothing_else(kind, tmp_path):
    guard = tmp_path / "guard.txt"
    guard.write_text("here")
    write(tmp_path / "in", "a.ipynb", solved({"00.2": HOSTILE[kind]}))
    grades, _ = graded(tmp_path / "in")
    grade = grades["a"]
    assert points(grade) == {"00.1": 1, "00.2": 0, "00.3": 1, "00.4": 2, "00.5": 2, "00.6": 2, "00.7": 0}
    assert grade.seconds < 25
    assert guard.read_text() == "here"
    assert (TOP / "exercises" / "source" / "answers.csv").exists()
    assert "network" not in str(grade)
    assert "answers.csv" not in str(grade)


@isolates
def test_the_sandbox_sees_no_key_no_network_and_no_other_folder(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("x")
    kernel = Kernel()
    kernel.start()
    try:
        code = (
            f"import os\nprint(os.path.exists({str(secret)!r}), os.path.exists({str(TOP / 'exercises')!r}), "
            "os.path.exists('/etc/passwd'), sorted(os.listdir('/sys')) if os.path.exists('/sys') else [])"
        )
        assert kernel.run(code, 10).printed.split() == ["False", "False", "False", "[]"]
        assert kernel.run("import os\nos.fork()", 10).error == "BlockingIOError"
        assert kernel.run("import ctypes\nctypes.CDLL(None).fork()", 10).status == "ok"
        assert kernel.run("print(len(os.listdir('/proc')) < 100)", 10).printed == "True\n"
    finally:
        kernel.stop()


@isolates
def test_files_of_any_shape_are_rebuilt(tmp_path):
    folder = tmp_path / "in"
    book = solved()
    write(folder, "李雷_20211_assignsubmission_file_/whatever name.ipynb", book)
    write(folder, "hanmei_88213_99120_00_start_here-2.ipynb", book)
    bare = json.loads(nbformat.writes(book))
    for cell in bare["cells"]:
        cell["metadata"] = {}
        cell.pop("id")
    write(folder, "stripped/x.ipynb", json.dumps(bare))
    text = nbformat.writes(book)
    cut = text[: text.index('"exercise.quiz')]
    write(folder, "cut/x.ipynb", cut)
    fewer = solved()
    fewer.cells = [c for c in fewer.cells if not c.source.startswith('exercise.check("00.3"')]
    write(folder, "fewer/x.ipynb", fewer)
    (folder / "gbk").mkdir(parents=True)
    (folder / "gbk" / "x.ipynb").write_bytes(nbformat.writes(book).encode("gb18030"))
    grades, problems = graded(folder)
    assert set(grades) == {"李雷", "hanmei", "stripped", "cut", "fewer", "gbk"}
    assert {name: grade.total for name, grade in grades.items()} == dict.fromkeys(grades, 10.0)
    assert [p.student for p in problems if "broken JSON" in p.why] == ["cut"]


@isolates
def test_a_zip_file_with_names_in_gbk_is_read(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("zzzz_20211_assignsubmission_file_/work.ipynb", nbformat.writes(solved()))
        archive.writestr("../../evil.ipynb", nbformat.writes(solved()))
    # What Chinese Windows writes: the bytes of GBK, without the flag for UTF-8.
    (folder / "class.zip").write_bytes(buffer.getvalue().replace(b"zzzz", "韩梅".encode("gbk")))
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 no")
    found, problems, _ = collect(str(folder))
    assert "韩梅" in {item.student for item in found}
    assert [p.file for p in problems] == ["broken.zip"]
    assert not (tmp_path / "evil.ipynb").exists()


def test_a_class_folder_above_and_a_zip_named_after_the_student(tmp_path):
    folder = tmp_path / "in"
    for name in ("李雷", "韩梅梅"):
        write(folder, f"class 1/week 2/{name}/x.ipynb", solved())
    found, _, _ = collect(str(folder))
    assert {item.student for item in found} == {"李雷", "韩梅梅"}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("00_start_here.ipynb", nbformat.writes(solved()))
    (tmp_path / "zips").mkdir()
    (tmp_path / "zips" / "王芳.zip").write_bytes(buffer.getvalue())
    found, _, _ = collect(str(tmp_path / "zips"))
    assert [item.student for item in found] == ["王芳"]


@isolates
def test_points_given_by_hand_are_kept_by_the_next_run(tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    write(folder, "b/x.ipynb", solved())
    main(["grade", str(folder), "--to", str(out)])
    text = (out / "by_hand.csv").read_text("utf-8-sig").replace("00.7,2,,", "00.7,2,1.5,")
    (out / "by_hand.csv").write_text(text, encoding="utf-8-sig")
    main(["grade", str(folder), "--to", str(out)])
    assert [row["points"] for row in table(out / "by_hand.csv")] == ["1.5"]


def test_what_is_no_exercise_is_listed_and_not_a_zero(tmp_path):
    folder = tmp_path / "in"
    write(folder, "a/other.ipynb", nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]))
    write(folder, "b/list.ipynb", "[1, 2]")
    write(folder, "c/broken.ipynb", "{")
    write(folder, "d/two.ipynb", solved())
    write(folder, "d/one.ipynb", solved({"00.1": "answer = 3"}))
    os.utime(folder / "d" / "one.ipynb", (1, 1))
    found, problems, _ = collect(str(folder))
    assert [(item.student, item.file) for item in found] == [("d", "d/two.ipynb")]
    assert {p.student for p in problems} == {"a", "b", "c", "d"}


@isolates
def test_grading_goes_on_where_it_stopped_and_grades_nothing_twice(tmp_path, monkeypatch):
    folder = tmp_path / "in"
    for number in range(3):
        write(folder, f"s{number}/x.ipynb", solved({"00.1": f"answer = {number}"}))
    found, _, _ = collect(str(folder))
    state = str(tmp_path / "state")
    grade_all(found[:2], state)
    calls = []
    from kejigai_data.classroom import grading

    real = grading.grade_one
    monkeypatch.setattr(grading, "grade_one", lambda *a: calls.append(a[0].student) or real(*a))
    grades, problems = grade_all(found, state)
    assert calls == ["s2"]
    assert [g.student for g in grades] == ["s0", "s1", "s2"]
    assert not problems


@isolates
def test_the_command_writes_grades_feedback_and_report(tmp_path, capsys):
    folder, out = tmp_path / "in", tmp_path / "out"
    write(folder, "=cmd/x.ipynb", solved())
    write(folder, "b/x.ipynb", solved({"00.1": "answer = len(cases)", "00.7": "My <b>words</b>."}))
    write(folder, "c/x.ipynb", "{")
    from .test_laboratory import fill

    for name in ("d", "e"):
        (folder / name).mkdir()
        fill(folder / name / "my_answers.csv", wrong=("v25",) if name == "d" else ())
    assert main(["report", str(folder), "--to", str(out), "--workers", "2"]) == 1
    grades = table(out / "grades.csv")
    assert [(row["student"], row["total"], row["out_of"]) for row in grades] == [
        ("'=cmd", "10", "10"),
        ("b", "9", "10"),
    ]
    assert [row["student"] for row in table(out / "problems.csv")] == ["c"]
    assert [row["text"] for row in table(out / "by_hand.csv")][1] == "My <b>words</b>."
    pages = sorted((out / "feedback").iterdir())
    assert len(pages) == 2
    hidden = [
        block for m in masters().values() for c in m.cells if c.role == "test" for block in hidden_of(c.source)
    ]
    for page in [*pages, out / "report.html"]:
        text = page.read_text("utf-8")
        assert "http" not in text
        assert "<script" not in text
        assert not [block for block in hidden if block in text]
    report = (out / "report.html").read_text("utf-8")
    assert "1 of 2 right" in report
    assert "2 students" in report
    assert "2 of 2" in capsys.readouterr().err


def test_the_report_speaks_the_language_of_most_submissions():
    right = Answer("00.1", 1.0, 1.0, "right", "")
    wrong = Answer("00.1", 0.0, 1.0, "wrong", "<再看>")
    grades = [
        Grade("李雷", "00_start_here", "zh", "a.ipynb", (right,), 1.0),
        Grade("韩梅", "00_start_here", "zh", "b.ipynb", (wrong,), 1.0),
        Grade("Ann", "00_start_here", "en", "c.ipynb", (right,), 1.0),
    ]
    page = class_page(grades, [])
    for text in (
        'lang="zh"',
        "全班情况",
        "共3份作业，3名学生。",
        "3份中2份答对",
        "尚未答对1份",
        "1 × &lt;再看&gt;",
    ):
        assert text in page
    assert "3 of 3 right" in class_page([grades[0], grades[2], grades[2]], [])
    assert "中位数0.5分" in class_page(grades[:2], [])


@isolates
def test_nbgrader_reads_the_gradebook_and_a_grade_by_hand_stays(tmp_path):
    from nbgrader.api import Gradebook

    folder, out = tmp_path / "in", tmp_path / "out"
    write(folder, "李雷/x.ipynb", solved({"00.1": "answer = len(cases)"}))
    assert main(["grade", str(folder), "--to", str(out)]) == 0
    url = f"sqlite:///{out / 'gradebook.db'}"
    with Gradebook(url) as book:
        submission = book.find_submission("00_start_here", "李雷")
        assert (submission.score, submission.max_score, submission.needs_manual_grade) == (9, 12, True)
        essay = next(g for g in submission.notebooks[0].grades if g.cell.name == "00.7")
        essay.manual_score = 2
        book.db.commit()
    assert main(["grade", str(folder), "--to", str(out)]) == 0
    with Gradebook(url) as book:
        assert book.find_submission("00_start_here", "李雷").score == 11
        assert len(book.students) == 1


def hidden_of(source):
    return re.findall(r"### BEGIN HIDDEN TESTS\n(.*?)\n### END", source, re.DOTALL)


def test_release_copies_the_student_version_only(tmp_path, capsys):
    assert main(["release", "--lesson", "03", "--to", str(tmp_path)]) == 0
    files = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.ipynb"))
    assert files == ["en/03_functional.ipynb", "zh/03_functional.ipynb"]
    assert not any(SOLUTION.search(p.read_text("utf-8")) for p in tmp_path.rglob("*.ipynb"))
    assert main(["release", "--lesson", "77", "--to", str(tmp_path)]) == 2
    assert "Lessons: 00" in capsys.readouterr().err


def test_without_isolation_it_says_so_and_asks(tmp_path, monkeypatch, capsys):
    write(tmp_path / "in", "a.ipynb", solved())
    from kejigai_data.classroom import sandbox

    monkeypatch.setattr(sandbox, "can_isolate", lambda: False)
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    assert main(["grade", str(tmp_path / "in"), "--to", str(tmp_path / "out")]) == 2
    assert "delete your files" in capsys.readouterr().err
    assert not (tmp_path / "out" / "grades.csv").exists()


def test_a_missing_folder_and_missing_masters_are_named(tmp_path, monkeypatch, capsys):
    assert main(["collect", str(tmp_path / "none")]) == 2
    from kejigai_data.classroom import masters as module

    monkeypatch.setattr(module, "SOURCE", str(tmp_path))
    module.masters.cache_clear()
    with pytest.raises(kj.DataError, match="clone"):
        module.masters()
    module.masters.cache_clear()
