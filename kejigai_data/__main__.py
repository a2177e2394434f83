"""The package from a terminal: ``python -m kejigai_data info|validate|cite|export|agree``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from . import __version__
from .errors import DataError, KejigaiError, missing_extra
from .progress import bars

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 20

EXAMPLES = {
    "validate": """examples:
  python -m kejigai_data validate my_cases.xlsx            your coded cases
  python -m kejigai_data validate my_cases.csv --json      the same for a script: {"problems": …, "changes": …}
  python -m kejigai_data validate my_cases.parquet         Parquet, a file or a folder of parts
  python -m kejigai_data validate copies/                  copies of our tables
exit status: 0 nothing wrong, 1 problems found, 2 the file cannot be read, or nothing in it is coded
""",
    "cite": """examples:
  python -m kejigai_data cite
  python -m kejigai_data cite s001 --style apa
""",
    "export": """examples:
  python -m kejigai_data export out
  python -m kejigai_data export out --formats csv,dta --lang zh
""",
    "agree": """examples:
  python -m kejigai_data agree lilei.xlsx hanmei.xlsx      a coding sheet each
  python -m kejigai_data agree readings.csv --json         one table: reading, unit, variable, value
""",
}
ALL_EXAMPLES = "examples:\n" + "".join(
    line + "\n" for text in EXAMPLES.values() for line in text.splitlines() if line.startswith("  ")
)


def info(_: argparse.Namespace) -> int:
    """Print the version, the tables and how to cite."""
    from .citing import cite
    from .loading import catalogue, count

    print(f"kejigai_data {__version__}")
    for name, entry in catalogue().items():
        print(f"{count(name):>6}  {name:<15} {entry['row_en']}")
    print(f"\n{cite()}")
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Print every problem of the bundled tables, of a folder of copies, or of one's own coded cases."""
    from .loading import records
    from .validation import validate

    where = arguments.path
    changes: list[dict[str, Any]] = []
    if where is not None and not _has_tables(where):
        cases, changes = _coded(where, arguments.lang)
        coded = [variable["variable"] for variable in records("variables")]
        there = [name for name in (*coded, "adopted") if name in cases.columns]
        told = [name for name in (*there, *(f"{name}_status" for name in there)) if name in cases.columns]
        # Nothing to check is not the same as no problem.
        if not there:
            raise DataError(
                f"{where} has none of the coded columns: {', '.join(coded)}, in words or as they stand."
            )
        if cases[told].isna().all(axis=None):
            others = ", ".join(repr(change["before"]) for change in changes if change["reason"] == "sheet")
            also = f" Another sheet has headings as well and was not read: {others}." if others else ""
            raise DataError(
                f"{where}: nothing is coded in it yet; its coded columns are {', '.join(there)}.{also}"
            )
        problems = validate(cases, lang=arguments.lang)
    else:
        problems = validate(folder=where, lang=arguments.lang)
    if arguments.json:
        found = json.loads(problems.to_json(orient="records", force_ascii=False))
        print(_json({"problems": found, "changes": changes}))
        return 1 if len(problems) else 0
    for change in changes[:SHOWN]:
        at = "file" if change["row"] is None else f"row {change['row']}"
        column = f", column {change['column']}" if change["column"] else ""
        kept = change["before"] == change["after"]
        turned = "" if kept else f": {change['before'] or ''!r} → {change['after'] or ''!r}"
        print(f"{'noted' if kept else 'altered'}: {at}{column}{turned}: {change['message']}", file=sys.stderr)
    if len(changes) > SHOWN:
        print(f"… and {len(changes) - SHOWN} more alterations; --json lists all", file=sys.stderr)
    problems = problems.astype(object).where(problems.notna(), "")
    for number, (_, group) in enumerate(problems.groupby(["rule", "column"], sort=False)):
        if number:
            print()
        # Thousands of rows with one fault are one thing to mend.
        for problem in group.head(SHOWN).to_dict("records"):
            place = f"case {problem['row']}" if problem.get("row") else "all cases"
            table = f"{problem['table']}, line {problem['line']}" if "table" in problem else place
            column = f", column {problem['column']}" if problem["column"] else ""
            hint = f" → {problem['suggestion']}" if problem["suggestion"] else ""
            print(f"{table}{column}: {problem['value']!r}: {problem['message']} [{problem['rule']}]{hint}")
        if len(group) > SHOWN:
            print(f"… and {len(group) - SHOWN} more of these; --json lists all")
    print(f"{len(problems)} problem{'' if len(problems) == 1 else 's'}")
    return 1 if len(problems) else 0


def _has_tables(path: str) -> bool:
    """Tell whether a path is a folder with copies of our tables, or stop where it has nothing to check."""
    from .loading import catalogue

    if not os.path.isdir(path):
        return False
    if any(name.startswith("cases_wide.") for name in os.listdir(path)):
        raise DataError(
            f"{path} is what `export` wrote, made for other programs: its tables are flat and some are left out. "
            "Give a folder with copies of kejigai_data/data, or a file of your own cases."
        )
    if any(os.path.exists(os.path.join(path, *entry["path"].split("/"))) for entry in catalogue().values()):
        return True
    if any(name.endswith(".parquet") for _, _, names in os.walk(path) for name in names):
        return False
    raise DataError(f"{path} is a folder with neither copies of our tables (cases.csv …) nor Parquet files.")


def _coded(path: str, lang: str | None) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Return the coded cases of a file, a coding sheet or Parquet, and what was altered on reading."""
    if not path.lower().endswith(".parquet") and not os.path.isdir(path):
        from .sheet_reading import read_coding_sheet

        sheet = read_coding_sheet(path, lang)
        read, altered = len(sheet.cases), len(sheet.changes)
        print(
            f"{read} row{'s' * (read != 1)} read, {altered} alteration{'s' * (altered != 1)} on reading",
            file=sys.stderr,
        )
        return sheet.cases, json.loads(sheet.changes.to_json(orient="records", force_ascii=False))
    import pandas as pd

    try:
        return pd.read_parquet(path), []
    except ImportError:
        raise missing_extra("Reading Parquet", "research") from None
    except FileNotFoundError:
        raise DataError(f"{path} is not there.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as Parquet: {str(error).rstrip('.')}.") from None


def reference(arguments: argparse.Namespace) -> int:
    """Print one reference."""
    from .citing import cite

    print(cite(arguments.source, style=arguments.style))
    return 0


def hand_on(arguments: argparse.Namespace) -> int:
    """Export all tables and name the files."""
    from .exporting import FORMATS, export

    given = arguments.formats
    formats = FORMATS if given is None else [name.strip() for name in given.split(",")]
    files = export(arguments.folder, formats, arguments.lang, bom=not arguments.no_bom)
    print(_json(files) if arguments.json else "\n".join(files))
    return 0


def agree(arguments: argparse.Namespace) -> int:
    """Measure the agreement of two or more readings, a file each or all in one."""
    from .agree import agreement
    from .reading_files import readings_of

    readings, notes = readings_of(arguments.files)
    for note in notes:
        print(note, file=sys.stderr)
    table = agreement(readings, resamples=arguments.resamples)
    if arguments.json:
        print(_json(json.loads(table.to_json(orient="records"))))
        return 0
    print(f"{'variable':<20} {'units':>5} {'same':>6} {'kappa':>6} {'alpha':>6}  95 % interval")
    for row in table.itertuples():
        interval = f"{row.alpha_low:.2f} to {row.alpha_high:.2f}" if row.alpha == row.alpha else ""
        told = "; ".join(part for part in (interval, row.note) if part)
        same, kappa, alpha = (
            _figure(value, form) for value, form in ((row.percent, ".0%"), (row.kappa, ".2f"), (row.alpha, ".2f"))
        )
        print(f"{row.variable:<20} {row.units:>5} {same:>6} {kappa:>6} {alpha:>6}  {told}")
    return 0


def _json(value: Any) -> str:
    """Return JSON that stays JSON where the output has no place for every character, as a pipe of Windows."""
    return json.dumps(value, ensure_ascii=sys.stdout.encoding.lower() not in ("utf-8", "utf8"))


def _figure(value: float, form: str) -> str:
    """Return a figure, or a stroke where there is none."""
    return "–" if value != value else format(value, form)


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0 fine, 1 problems found, 2 bad call."""
    for stream in (sys.stdout, sys.stderr):
        # A Windows console or pipe may use GBK, which lacks some characters of the data.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(
        prog="python -m kejigai_data",
        description=__doc__,
        epilog=ALL_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"kejigai_data {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, about: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=about,
            description=about,
            epilog=EXAMPLES.get(name),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    command("info", "version, tables, how to cite").set_defaults(run=info)
    checking = command("validate", "check coded cases, or the tables, against the codebook")
    checking.add_argument(
        "path", nargs="?", help="your coded cases (.xlsx, .csv, .parquet), or a folder with copies of the tables"
    )
    checking.add_argument("--json", action="store_true", help="JSON: problems, and what was altered on reading")
    checking.add_argument("--lang", choices=("en", "zh"), help="language of the messages")
    checking.set_defaults(run=check)
    citing = command("cite", "reference of the dataset or of one source")
    citing.add_argument("source", nargs="?", help="a source_id; the dataset itself without one")
    citing.add_argument("--style", default="gb7714", help="gb7714, apa or bibtex")
    citing.set_defaults(run=reference)
    handing = command("export", "write all tables as CSV, Parquet, Excel and Stata files")
    handing.add_argument("folder", help="where to; an earlier export there is replaced")
    handing.add_argument("--formats", help="some of csv,parquet,xlsx,dta; all without it")
    handing.add_argument("--lang", choices=("en", "zh"), help="language of labels")
    handing.add_argument("--no-bom", action="store_true", help="CSV without the byte-order mark that Excel wants")
    handing.add_argument("--json", action="store_true", help="the files as a JSON list")
    handing.set_defaults(run=hand_on)
    agreeing = command("agree", "agreement of readings: coding sheets, or tables with unit, variable, value")
    agreeing.add_argument(
        "files", nargs="+", help="a file a reading (.xlsx, .csv), or one file with a column reading"
    )
    agreeing.add_argument("--resamples", type=int, default=1000, help="resamples for the interval of alpha")
    agreeing.add_argument("--json", action="store_true", help="a JSON list, a row a variable")
    agreeing.set_defaults(run=agree)
    arguments = parser.parse_args(argv)
    try:
        with bars():
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
