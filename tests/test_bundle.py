"""The zip for a USB stick: resolved for every kind of machine, installed and started here without a network."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

from kejigai_data._build import bundle, env

from .conftest import CI, TOP

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


def made(names, folder, pythons):
    try:
        return bundle.make(names, folder, pythons)
    except SystemExit as stopped:
        if not CI and "No matching distribution" in str(stopped):
            pytest.skip("no network: the wheels are fetched from the package index")
        raise


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    if not sys.platform.startswith("linux") or os.uname().machine != "x86_64" or HERE not in bundle.PYTHONS:
        pytest.skip("the wheels tried here are those for Linux on x86_64")
    folder = tmp_path_factory.mktemp("bundle")
    path = made(["linux"], folder, (HERE,))
    place = folder / "某 课堂"
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            # As unzip does, and Python does not: a script stays one that can be run.
            os.chmod(archive.extract(entry, place), entry.external_attr >> 16)
    shutil.rmtree(folder / "bundle")
    return place / "kejigai"


SESSION = """
sh start.sh >lab.log 2>&1 &
for second in $(seq 120); do
  sleep 1
  .venv/bin/python ../look.py && break
done
kill $!
"""
LOOK = """
import glob, json, urllib.request
from pathlib import Path
(found,) = glob.glob("../home/.local/share/jupyter/runtime/jpserver-*.json")
running = json.loads(Path(found).read_text())
lesson = running["url"] + "api/contents/notebooks/zh/00_start_here.ipynb?content=0&token=" + running["token"]
print(json.load(urllib.request.urlopen(lesson))["path"])
"""


@pytest.mark.slow
@pytest.mark.alone
def test_it_starts_without_a_network_and_runs_a_lesson(unpacked):
    if not shutil.which("bwrap"):
        pytest.skip("bubblewrap is not here: the network cannot be closed")
    (unpacked.parent / "look.py").write_text(LOOK, encoding="utf-8")
    closed = [
        "bwrap",
        "--dev-bind",
        "/",
        "/",
        "--proc",
        "/proc",
        "--unshare-net",
        "--unshare-pid",
        "--die-with-parent",
    ]
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(unpacked.parent / "home"), "LANG": "C.UTF-8"}
    done = subprocess.run(
        [*closed, "sh", "-c", SESSION],
        cwd=unpacked,
        env=surroundings,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    log = (unpacked / "lab.log").read_text(encoding="utf-8")
    assert "notebooks/zh/00_start_here.ipynb" in done.stdout, log[-3000:] + done.stderr[-500:]
    assert (unpacked / "work" / "exercises" / "zh").is_dir()
    run = [".venv/bin/python", "-m", "nbconvert", "--to", "notebook", "--execute", "--output-dir", "../ran"]
    lesson = "work/notebooks/zh/01_legal.ipynb"
    subprocess.run(
        [*closed, *run, lesson], cwd=unpacked, env=surroundings, check=True, capture_output=True, timeout=180
    )
    cells = json.loads((unpacked.parent / "ran" / "01_legal.ipynb").read_text(encoding="utf-8"))["cells"]
    assert "application/vnd.vegalite.v5+json" in json.dumps([cell.get("outputs") for cell in cells])


def test_it_holds_lessons_and_no_keys(unpacked):
    names = [path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*.ipynb")]
    for language in ("en", "zh"):
        for part in ("notebooks", "exercises"):
            here = {p.name for p in (TOP / part / language).glob("*.ipynb")}
            assert {n.split("/")[-1] for n in names if n.startswith(f"{part}/{language}/")} == here
    assert not [name for name in names if "keys" in name or "source" in name]


def test_the_batch_file_is_one_that_windows_reads(unpacked):
    text = (unpacked / "start.bat").read_bytes()
    assert text.isascii()
    assert text.count(b"\r\n") == text.count(b"\n") > 10
    assert b"for %%v in (3.13 3.12 3.11) do" in text
    # What is wrong with the folder is said by env.py, and must not be sent to nul.
    assert b"env.py ready >nul" not in text
    (test,) = re.findall(rb'set "fits=(.*)"\r\n', text)
    assert subprocess.run([sys.executable, "-c", test.decode()], check=False).returncode == 0
    for odd in ("sys.version_info = (3, 10)", "sys.version_info = (3, 14)", "sys.maxsize = 2**31 - 1"):
        code = test.decode().replace("import sys;", f"import sys; {odd};")
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 1
    assert (unpacked / "README.txt").read_bytes().startswith(b"\xef\xbb\xbf")
    assert os.access(unpacked / "start.sh", os.X_OK)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(bundle.MACHINES))
def test_pip_resolves_the_lab_for_every_machine_from_the_wheels_alone(name, tmp_path):
    path = made([name], tmp_path, bundle.PYTHONS)
    assert path.stat().st_size < 200 * 2**20
    wheels = tmp_path / "bundle" / env.BUNDLED / "wheels"
    for python in bundle.PYTHONS:
        assert bundle.resolve(bundle.MACHINES[name], python, wheels) == ""
    # The check can fail: one wheel less, and pip says which.
    next(wheels.glob("tornado-*")).unlink()
    assert "tornado" in bundle.resolve(bundle.MACHINES[name], bundle.PYTHONS[0], wheels)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None


def as_bundle(tmp_path, monkeypatch):
    wheels = tmp_path / env.BUNDLED / "wheels"
    wheels.mkdir(parents=True)
    (tmp_path / env.BUNDLED / "longest.txt").write_text("161\n", encoding="ascii")
    for name, value in {"TOP": tmp_path, "WHEELS": wheels, "VENV": tmp_path / ".venv"}.items():
        monkeypatch.setattr(env, name, str(value))


def test_an_unsuitable_python_is_told_which_ones_are(tmp_path, monkeypatch):
    as_bundle(tmp_path, monkeypatch)
    assert env.ready() == 0
    monkeypatch.setattr(env.sys, "version_info", (3, 14, 0))
    with pytest.raises(env.Stop, match=r"Python 3\.11, 3\.12 and 3\.13"):
        env.ready()


def test_a_path_too_long_for_windows_is_told_before_anything_is_unpacked(tmp_path, monkeypatch):
    as_bundle(tmp_path / ("x" * 60), monkeypatch)
    monkeypatch.setattr(env.os, "name", "nt")
    with pytest.raises(env.Stop, match="characters too long"):
        env.ready()


def test_a_wheel_that_is_not_the_one_packed_stops_the_set_up(tmp_path, monkeypatch):
    as_bundle(tmp_path, monkeypatch)
    wheel = tmp_path / env.BUNDLED / "wheels" / "a-1-py3-none-any.whl"
    wheel.write_bytes(b"as packed")
    hashes = tmp_path / env.BUNDLED / "hashes.txt"
    hashes.write_text(f"{env.digest(wheel)}  {wheel.name}\n", encoding="ascii")
    env.check_wheels()
    wheel.write_bytes(b"another")
    with pytest.raises(env.Stop, match=r"a-1-py3-none-any\.whl is not the file"):
        env.check_wheels()
    wheel.write_bytes(b"as packed")
    wheel.with_name("b-1-py3-none-any.whl").write_bytes(b"slipped in")
    with pytest.raises(env.Stop, match="b-1"):
        env.check_wheels()


def test_an_environment_copied_from_another_computer_is_made_anew(tmp_path, monkeypatch):
    as_bundle(tmp_path, monkeypatch)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(tmp_path / "gone")
    env.discard_broken_venv()
    assert not (tmp_path / ".venv").exists()
