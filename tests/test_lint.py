"""Style and types: what make lint runs."""

import subprocess
import sys

import pytest

from .conftest import TOP

COMMANDS = [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_is_clean(command):
    done = subprocess.run([sys.executable, "-m", *command], cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_readme_example_is_real():
    import doctest

    failed, tried = doctest.testfile(str(TOP / "README.md"), module_relative=False, encoding="utf-8")
    assert tried >= 4
    assert failed == 0
