"""The package from a terminal: ``python -m kejigai_data info|validate|cite``."""

from __future__ import annotations

import argparse
import os
import sys

from . import __version__
from .errors import KejigaiError


def info(_: argparse.Namespace) -> int:
    """Print the version, the tables and how to cite."""
    from .citing import cite
    from .loading import catalogue, raw

    print(f"kejigai_data {__version__}")
    for name, entry in catalogue().items():
        print(f"{len(raw(name)[1]):>6}  {name:<15} {entry['row_en']}")
    print(f"\n{cite()}")
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Print every problem of the bundled tables, or of a folder of copies."""
    from pandas import NA

    from .validation import validate

    problems = validate(folder=arguments.folder, lang=arguments.lang)
    for problem in problems.itertuples():
        column = "" if problem.column is NA else f", column {problem.column}"
        print(f"{problem.table}, line {problem.line}{column}: {problem.message} [{problem.rule}]")
    print(f"{len(problems)} problem{'' if len(problems) == 1 else 's'}")
    return 1 if len(problems) else 0


def reference(arguments: argparse.Namespace) -> int:
    """Print one reference."""
    from .citing import cite

    print(cite(arguments.source, style=arguments.style))
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0 fine, 1 problems found, 2 bad call."""
    for stream in (sys.stdout, sys.stderr):
        # A Windows console or pipe may use GBK, which lacks some characters of the data.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(prog="python -m kejigai_data", description=__doc__)
    parser.add_argument("--version", action="version", version=f"kejigai_data {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("info", help="version, tables, how to cite").set_defaults(run=info)
    checking = commands.add_parser("validate", help="check the tables against the codebook")
    checking.add_argument("folder", nargs="?", help="a folder with copies of the tables")
    checking.add_argument("--lang", choices=("en", "zh"), help="language of the messages")
    checking.set_defaults(run=check)
    citing = commands.add_parser("cite", help="reference of the dataset or of one source")
    citing.add_argument("source", nargs="?", help="a source_id; the dataset itself without one")
    citing.add_argument("--style", default="gb7714", help="gb7714, apa or bibtex")
    citing.set_defaults(run=reference)
    arguments = parser.parse_args(argv)
    try:
        status = int(arguments.run(arguments))
        sys.stdout.flush()
        return status
    except KejigaiError as error:
        print(f"kejigai_data: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader (head, a pager) has seen enough; what is still buffered goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
