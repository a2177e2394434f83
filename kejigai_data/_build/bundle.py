"""Pack the lab for a USB stick: ``python -m kejigai_data._build.bundle [windows|macos-arm|macos-intel|linux …]``.

One zip sets the lab up without a network: the lessons, the wheels that the lab needs on each
kind of machine, and what starts it. Making it needs a network; using it does not.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import kejigai_data as kj

from .env import BUNDLED, digest

TOP = Path(__file__).resolve().parents[2]
PARTS = Path(__file__).with_name("bundle_parts")
TARGET = TOP / "dist"
PYTHONS = ("3.11", "3.12", "3.13")
LESSONS = ("notebooks", "exercises")
LEFT_OUT = {"keys", "source", "conftest.py", ".ipynb_checkpoints", "__pycache__"}


class Machine(NamedTuple):
    """A kind of machine: the tags of its wheels, and how Python names it there."""

    platforms: tuple[str, ...]
    sys_platform: str
    platform_system: str
    os_name: str
    platform_machine: str


MACHINES = {
    "windows": Machine(("win_amd64",), "win32", "Windows", "nt", "AMD64"),
    "macos-arm": Machine(("macosx_14_0_arm64",), "darwin", "Darwin", "posix", "arm64"),
    "macos-intel": Machine(("macosx_14_0_x86_64",), "darwin", "Darwin", "posix", "x86_64"),
    "linux": Machine(
        (*(f"manylinux_2_{n}_x86_64" for n in (28, 27, 26, 24, 17)), "manylinux2014_x86_64", "linux_x86_64"),
        "linux",
        "Linux",
        "posix",
        "x86_64",
    ),
}


# pip asks the machine it runs on which requirements apply, whatever --platform says: it is told of the other one.
PIP = """
import json, sys
from pip._vendor.packaging import markers
told = json.loads(sys.argv[1])
markers.default_environment = lambda: dict(told)
from pip._internal.cli.main import main
sys.exit(main(sys.argv[2:]))
"""


def pip_for(machine: Machine, python: str, *arguments: str) -> str:
    """Run pip as on a machine of that kind; return what it complains of, or nothing."""
    markers = {
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "os_name": machine.os_name,
        "platform_machine": machine.platform_machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": machine.platform_system,
        "platform_version": "",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": machine.sys_platform,
    }
    options = ["--quiet", "--disable-pip-version-check", "--only-binary=:all:", "--implementation=cp"]
    options += [f"--python-version={python}", *(f"--platform={tag}" for tag in machine.platforms)]
    command = [sys.executable, "-c", PIP, json.dumps(markers), *arguments, *options]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    return done.stderr if done.returncode else ""


def download(machine: Machine, python: str, folder: Path) -> str:
    """Fetch the wheels that a machine needs into a folder which other machines share; return what is wrong."""
    hashed = (
        "--require-hashes",
        "--no-deps",
        *(f"--requirement={TOP}/requirements/{n}.txt" for n in ("build", "lab")),
    )
    return pip_for(machine, python, "download", "--dest", str(folder), *hashed)


def resolve(machine: Machine, python: str, folder: Path) -> str:
    """Let pip resolve the lab from the folder alone; return what is wrong, or nothing."""
    nowhere = ("--dry-run", "--ignore-installed", "--target", str(folder / "nowhere"))
    only = ("--no-index", "--find-links", str(folder))
    return pip_for(machine, python, "install", *nowhere, *only, "pip", "kejigai_data[lab]")


def longest(folder: Path) -> int:
    """Return the length of the longest path that the wheels unpack: Windows allows 259 characters in all."""
    most = 0
    for path in folder.glob("*.whl"):
        with zipfile.ZipFile(path) as wheel:
            most = max(most, *map(len, wheel.namelist()))
    return most


def make(names: list[str], target: Path = TARGET, pythons: tuple[str, ...] = PYTHONS) -> Path:
    """Write the zip for the machines named, and return it."""
    folder = target / "bundle"
    shutil.rmtree(folder, ignore_errors=True)
    wheels = folder / BUNDLED / "wheels"
    wheels.mkdir(parents=True)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(wheels), str(TOP)]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    for name in names:
        for python in pythons:
            print(f"{name}, Python {python}", flush=True)
            machine = MACHINES[name]
            if wrong := download(machine, python, wheels) or resolve(machine, python, wheels):
                raise SystemExit(f"There are no wheels for {name}, Python {python}:\n{wrong}")
    start = folder / BUNDLED / "start"
    start.mkdir()
    shutil.copy(Path(__file__).with_name("env.py"), start / "env.py")
    hashes = {wheel.name: digest(str(wheel)) for wheel in sorted(wheels.iterdir())}  # type: ignore[no-untyped-call]
    packed = "".join(f"{value}  {name}\n" for name, value in hashes.items())
    (folder / BUNDLED / "hashes.txt").write_text(packed, encoding="ascii", newline="\n")
    (folder / BUNDLED / "longest.txt").write_text(f"{longest(wheels)}\n", encoding="ascii")
    for part in LESSONS:
        shutil.copytree(TOP / part, folder / part, ignore=lambda _, found: LEFT_OUT & set(found))
    for file in sorted(PARTS.iterdir()):
        text = file.read_text(encoding="utf-8").replace("{version}", kj.__version__)
        # Batch files and the old Notepad want their own line ends, and Notepad a mark of the encoding.
        ends = "\n" if file.suffix == ".sh" else "\r\n"
        mark = "utf-8-sig" if file.suffix == ".txt" else "utf-8"
        (folder / file.name).write_text(text, encoding=mark, newline=ends)
    return pack(folder, target / f"kejigai-{kj.__version__}-usb.zip")


def pack(folder: Path, path: Path) -> Path:
    """Write the folder as a zip in which start.sh can be run; wheels are packed already."""
    beside = path.with_suffix(".half")
    with zipfile.ZipFile(beside, "w") as archive:
        for file in sorted(one for one in folder.rglob("*") if one.is_file()):
            entry = zipfile.ZipInfo(f"kejigai/{file.relative_to(folder).as_posix()}", (2026, 1, 1, 0, 0, 0))
            entry.external_attr = (0o755 if file.suffix == ".sh" else 0o644) << 16
            entry.compress_type = zipfile.ZIP_STORED if file.suffix == ".whl" else zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
    os.replace(beside, path)
    return path


def main(arguments: list[str]) -> int:
    """Make the zip for all machines, or for those named."""
    strange = [name for name in arguments if name not in MACHINES]
    if strange:
        raise SystemExit(f"Unknown kind of machine: {', '.join(strange)}. Allowed: {', '.join(MACHINES)}.")
    path = make(arguments or list(MACHINES))
    print(f"{path.relative_to(TOP)}: {path.stat().st_size / 2**20:.0f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
