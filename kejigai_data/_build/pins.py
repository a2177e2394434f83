"""Write the hashes of every pinned package: ``python -m kejigai_data._build.pins``; needs `uv` and a network.

``constraints.txt`` says which version of a package is meant. ``requirements/`` holds the hashes of
all files of these versions: ``build.txt`` for what installs, then for each purpose what it adds to
the one before it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from .env import EXTRAS

TOP = Path(__file__).resolve().parents[2]
FOLDER = TOP / "requirements"
BUILDERS = "pip\nhatchling\neditables\n"


def resolved(*wanted: str, names: str = "") -> dict[str, str]:
    """Return what is needed on any system: the lines of each package by what it says before the hashes."""
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if uv is None:
        raise SystemExit(f"uv is needed: {sys.executable} -m pip install uv")
    command = [uv, "pip", "compile", "--universal", "--python-version=3.11", "--generate-hashes"]
    command += ["--no-header", "--no-annotate", "--quiet", f"--constraint={TOP / 'constraints.txt'}"]
    text = subprocess.run(
        [*command, *wanted], input=names, stdout=subprocess.PIPE, encoding="utf-8", check=True
    ).stdout
    parts = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    return {part.split(" \\\n")[0]: part for part in parts if part.strip()}


def write(name: str, packages: dict[str, str]) -> None:
    """Write one file."""
    path = FOLDER / f"{name}.txt"
    text = "# Written by make pins from constraints.txt.\n" + "".join(packages.values())
    path.write_text(text, encoding="utf-8", newline="\n")
    print(f"{path.relative_to(TOP)}: {len(packages)} packages")


def main() -> int:
    """Write all files."""
    FOLDER.mkdir(exist_ok=True)
    write("build", resolved("-", names=BUILDERS))
    before: dict[str, str] = {}
    for purpose, extras in EXTRAS.items():
        needed = resolved(str(TOP / "pyproject.toml"), *(f"--extra={name}" for name in extras))
        write(purpose, {name: lines for name, lines in needed.items() if name not in before})
        before |= needed
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
