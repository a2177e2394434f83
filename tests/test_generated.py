"""What is generated from the tables is written again and compared."""

import re
import shutil
import subprocess
import sys

import pytest

import kejigai_data as kj
from kejigai_data._build import env, generated

from .conftest import TOP


@pytest.mark.parametrize(("path", "text"), generated.outputs().items(), ids=lambda v: getattr(v, "name", ""))
def test_generated_file_is_up_to_date(path, text):
    assert path.read_bytes() == text.encode("utf-8"), f"{path.name}: run make generated"


def test_version_is_one():
    cff = (TOP / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {kj.__version__}" in cff
    assert f"## {kj.__version__}" in (TOP / "CHANGELOG.md").read_text(encoding="utf-8")


def test_environment_and_pins_name_the_same_packages():
    pins = (TOP / "constraints.txt").read_text(encoding="utf-8")
    project = (TOP / "pyproject.toml").read_text(encoding="utf-8")
    block = project[project.index("dependencies =") : project.index("[tool.hatch.version]")]
    names = set(re.findall(r'"([A-Za-z][A-Za-z0-9_.-]*)(?:[><=][^"]*)?"', block)) - {"version"}
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in pins.splitlines() if "==" in line}
    assert {name.lower().replace("_", "-") for name in names} <= pinned
    assert "--constraint constraints.txt" in (TOP / "environment.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("purpose", ["build", *env.EXTRAS])
def test_hashed_pins_are_those_of_the_constraints(purpose):
    versions = dict(re.findall(r"^([^#\s=]+)==(\S+)", (TOP / "constraints.txt").read_text(encoding="utf-8"), re.M))
    versions = {name.lower().replace("_", "-"): version for name, version in versions.items()}
    lines = (TOP / "requirements" / f"{purpose}.txt").read_text(encoding="utf-8")
    packages = re.findall(
        r"^([a-z0-9.-]+)==(\S+)[^\n]* \\\n((?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", lines, re.M
    )
    assert len(packages) == len(re.findall("^[a-z]", lines, re.M)) > 0
    assert {name: version for name, version, _ in packages if versions.get(name, version) != version} == {}


def test_every_package_that_is_asked_for_has_hashes():
    import tomllib

    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for purpose, extras in env.EXTRAS.items():
        lines = "".join(open(path, encoding="utf-8").read() for path in env.pins(extras))
        hashed = set(re.findall(r"^([a-z0-9.-]+)==", lines, re.M))
        wanted = [*project["dependencies"], *(n for e in extras for n in project["optional-dependencies"][e])]
        names = {re.match("[A-Za-z0-9._-]+", name)[0].lower().replace("_", "-") for name in wanted}
        assert names <= hashed, purpose


def test_references_are_those_of_citeproc():
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are needed to build the references again; the stored ones are tested elsewhere")
    command = [sys.executable, "-m", "kejigai_data._build.citations", "--check"]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
