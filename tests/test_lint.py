"""Style and types: what make lint runs."""

import re
import subprocess
import sys

import pytest

import kejigai_data as kj

from .conftest import TOP

COMMANDS = [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_is_clean(command):
    done = subprocess.run([sys.executable, "-m", *command], cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_readme_example_is_real(name):
    import doctest

    kj.use("en")
    failed, tried = doctest.testfile(str(TOP / name), module_relative=False, encoding="utf-8")
    assert tried >= 4
    assert failed == 0


def test_links_of_the_readmes_lead_to_files_that_are_there():
    for path in (TOP / "README.md", TOP / "README.zh.md"):
        for address in re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8")):
            assert address.startswith("https://") or (TOP / address).exists(), (path.name, address)
