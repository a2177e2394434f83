"""The two commands and the routes of installation, on surroundings that lack things."""

import contextlib
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from kejigai_data._build import env

from .conftest import CI, TOP, some_now


def pip_install(python, *arguments):
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *arguments], capture_output=True, text=True, cwd=TOP
    )
    if done.returncode and "No matching distribution" in done.stderr + done.stdout and not CI:
        pytest.skip("no network: this check installs packages")
    assert done.returncode == 0, done.stderr[-2000:]


def new_venv(folder):
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(TOP)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(out.glob("*.whl"))


LOOK = """
import json, sys
import pandas
import kejigai_data as kj
kinds = {t: {c: str(d) for c, d in kj.load(t).dtypes.items()} for t in kj.tables()["table"]}
kinds["wide"] = {c: str(d) for c, d in kj.load_cases(status=True).dtypes.items()}
kj.find_place("深圳"), kj.cite(), kj.describe("stage"), kj.show_evidence("c001"), kj.members(kj.load_cases())
assert kj.validate().empty
try:
    kj.charts.timeline
except kj.MissingExtra as missing:
    extra = str(missing)
print(json.dumps({"pandas": pandas.__version__, "kinds": kinds, "extra": extra, "file": kj.__file__}))
"""


def look(python, folder):
    done = subprocess.run(
        [python, "-X", "utf8", "-c", LOOK], capture_output=True, text=True, cwd=folder, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("pandas", some_now(["pandas==2.2.3", "pandas"], ["pandas==2.2.3"]))
def test_wheel_with_pandas_alone_loads_every_table_with_the_same_dtypes(pandas, wheel, tmp_path):
    import kejigai_data as kj

    python = new_venv(tmp_path / "venv")
    pip_install(python, pandas, str(wheel))
    seen = look(python, tmp_path)
    assert str(TOP) not in seen["file"]
    assert seen["pandas"].startswith("2.2") == ("2.2" in pandas)
    here = {t: {c: str(d) for c, d in kj.load(t).dtypes.items()} for t in kj.tables()["table"]}
    here["wide"] = {c: str(d) for c, d in kj.load_cases(status=True).dtypes.items()}
    assert seen["kinds"] == here
    assert 'pip install "kejigai_data[lab]"' in seen["extra"]


def test_wheel_holds_data_and_licence_but_no_maintenance_code(wheel):
    import zipfile

    names = zipfile.ZipFile(wheel).namelist()
    assert "kejigai_data/data/audit/readings.csv" in names
    assert "kejigai_data/py.typed" in names
    assert "kejigai_data/codebook/zh/mechanism.md" in names
    assert any(name.endswith("LICENSE") for name in names)
    assert not [name for name in names if "_build" in name or "tests/" in name]


@pytest.mark.slow
def test_conda_pip_section_installs_into_a_new_environment(tmp_path):
    import yaml

    listed = yaml.safe_load((TOP / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    lines = next(entry["pip"] for entry in listed if isinstance(entry, dict))
    requirements = tmp_path / "requirements.txt"
    text = (
        "\n".join(lines).replace("constraints.txt", str(TOP / "constraints.txt")).replace("--editable .", f"{TOP}")
    )
    requirements.write_text(text, encoding="utf-8")
    python = new_venv(tmp_path / "venv")
    pip_install(python, "--requirement", str(requirements))
    code = (
        "import kejigai_data as kj, jupyterlab; kj.charts.tile_map(kj.load_cases()); print(jupyterlab.__version__)"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    pinned = re.search(r"^jupyterlab==(.+)$", (TOP / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)[
        1
    ]
    assert done.stdout.strip() == pinned


def test_environment_without_ensurepip(tmp_path, monkeypatch, wheel):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else find(name))
    monkeypatch.setattr(env, "VENV", str(tmp_path / "venv"))
    command = env.create_venv()
    assert "--python" in command
    done = subprocess.run([*command, "install", "--quiet", "--no-deps", "--no-index", str(wheel)])
    assert done.returncode == 0
    shown = subprocess.run(
        [env.venv_python(), "-c", "import kejigai_data; print(kejigai_data.__file__)"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    ).stdout
    assert str(tmp_path) in shown


def test_without_pip_and_ensurepip_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(env.Stop, match="python3-pip"):
        env.create_venv()


def test_an_old_python_is_named_with_what_is_needed():
    code = (
        "import sys; sys.version_info = (3, 9, 2, 'final', 0)\n"
        "from kejigai_data._build import env; env.NEWER = ()\n"
        "try: env.ensure_python()\n"
        "except env.Stop as stop: print(stop)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=TOP)
    assert "3.11 or newer is needed; this is Python 3.9" in done.stdout


def test_env_module_is_readable_by_an_old_python():
    import ast

    for name in ("kejigai_data/__init__.py", "kejigai_data/_build/__init__.py", "kejigai_data/_build/env.py"):
        ast.parse((TOP / name).read_text(encoding="utf-8"), feature_version=(3, 7))


@pytest.fixture
def copy(tmp_path):
    """Return a copy of what the set-up needs, without an environment."""
    folder = tmp_path / "repo"
    folder.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "Makefile"):
        shutil.copy(TOP / name, folder)
    shutil.copytree(TOP / "requirements", folder / "requirements")
    shutil.copytree(
        TOP / "kejigai_data", folder / "kejigai_data", ignore=shutil.ignore_patterns("__pycache__", "data")
    )
    return folder


def make_lab(folder, **told):
    surroundings = {key: value for key, value in os.environ.items() if key != "MAKEFLAGS"} | told
    command = ["make", "lab", f"PYTHON={sys.executable}"]
    return subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True)


def test_a_file_that_was_not_pinned_is_refused(copy):
    pins = copy / "requirements" / "build.txt"
    text = pins.read_text(encoding="utf-8")
    of_pip = text[text.index("pip==") : text.index("pluggy==")]
    pins.write_text(text.replace(of_pip, re.sub("sha256:.{8}", "sha256:00000000", of_pip)), encoding="utf-8")
    done = make_lab(copy)
    assert done.returncode != 0
    assert "HASHES" in done.stderr
    assert "not what was pinned" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_network_it_says_so(copy, tmp_path):
    done = make_lab(copy, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path / "none"))
    assert done.returncode != 0
    assert "Without a network" in done.stderr
    assert "Traceback" not in done.stderr


def test_port_taken_or_not_a_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(env.Stop, match="taken"):
            env.choose_port(str(port))
    with pytest.raises(env.Stop, match="not a port"):
        env.choose_port("lab")
    assert 8888 <= env.choose_port("") < 8988


# The student's copies


@pytest.fixture
def course(tmp_path):
    source, work = tmp_path / "repo", tmp_path / "work"
    lesson = source / "notebooks" / "en" / "00.ipynb"
    lesson.parent.mkdir(parents=True)
    lesson.write_text("first version", encoding="utf-8")
    return source, work, lesson


def test_lessons_come_once_and_a_second_time_changes_nothing(course):
    source, work, _ = course
    assert len(env.bring_lessons(str(source), str(work))) == 1
    assert env.bring_lessons(str(source), str(work)) == []


def test_an_untouched_copy_follows_a_pull(course):
    source, work, lesson = course
    env.bring_lessons(str(source), str(work))
    lesson.write_text("second version", encoding="utf-8")
    env.bring_lessons(str(source), str(work))
    assert (work / "notebooks" / "en" / "00.ipynb").read_text() == "second version"


def test_an_answer_is_never_overwritten(course):
    source, work, lesson = course
    env.bring_lessons(str(source), str(work))
    mine = work / "notebooks" / "en" / "00.ipynb"
    mine.write_text("my answer", encoding="utf-8")
    lesson.write_text("second version", encoding="utf-8")
    brought = env.bring_lessons(str(source), str(work))
    assert mine.read_text() == "my answer"
    assert len(brought) == 1
    assert (work / brought[0]).read_text() == "second version"
    assert env.bring_lessons(str(source), str(work)) == []
    lesson.write_text("third version", encoding="utf-8")
    env.bring_lessons(str(source), str(work))
    assert mine.read_text() == "my answer"


def test_a_lost_ledger_loses_no_answer(course):
    source, work, lesson = course
    env.bring_lessons(str(source), str(work))
    mine = work / "notebooks" / "en" / "00.ipynb"
    mine.write_text("my answer", encoding="utf-8")
    (work / ".lessons.json").write_text("{broken", encoding="utf-8")
    lesson.write_text("second version", encoding="utf-8")
    env.bring_lessons(str(source), str(work))
    assert mine.read_text() == "my answer"


def test_keys_are_not_handed_out(course):
    source, work, _ = course
    key = source / "exercises" / "keys" / "00.ipynb"
    key.parent.mkdir(parents=True)
    key.write_text("solution", encoding="utf-8")
    env.bring_lessons(str(source), str(work))
    assert not (work / "exercises").exists()


# The command itself


@pytest.mark.skipif(
    not os.path.exists(env.venv_python()), reason="no .venv: the suite does not run from make test"
)
def test_make_lab_opens_the_first_lesson_and_prints_its_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    surroundings = {
        k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "LANG", "LC_ALL")
    }
    surroundings |= {"BROWSER": "true", "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    command = ["make", "lab", f"PYTHON={sys.executable}"]
    server = subprocess.Popen(
        command,
        cwd=TOP,
        env=surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    address, lines = "", []
    try:
        os.set_blocking(server.stdout.fileno(), False)
        until = time.time() + 60
        while time.time() < until and not address:
            line = server.stdout.readline().decode(errors="replace")
            lines.append(line)
            found = re.search(rf"http://\S*:{port}/lab/tree/notebooks/en/00_start_here.ipynb\S*", line)
            address = found[0] if found else ""
            if not line:
                time.sleep(0.1)
        assert address, "".join(lines)
        with urllib.request.urlopen(address.replace("localhost", "127.0.0.1"), timeout=30) as page:
            assert page.status == 200
        assert (TOP / "work" / "notebooks" / "zh" / "01_legal.ipynb").exists()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)


@pytest.mark.parametrize(("language", "chinese"), [(0x0804, True), (0x0404, True), (0x0409, False)])
def test_windows_is_asked_for_its_language_and_others_for_their_variables(monkeypatch, language, chinese):
    import ctypes
    from types import SimpleNamespace

    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    assert not env.in_chinese()
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert env.in_chinese()
    kernel = SimpleNamespace(GetUserDefaultUILanguage=lambda: language)
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    monkeypatch.setattr(env.os, "name", "nt")
    assert env.in_chinese() is chinese
    monkeypatch.undo()
