"""The package from a terminal: ``python -m kejigai_data info|validate|cite|export|agree``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING

from . import __version__
from .errors import DataError, KejigaiError, missing_extra
from .progress import bars

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 20

EXAMPLES = """examples:
  python -m kejigai_data validate my_cases.xlsx --json
  python -m kejigai_data cite s001 --style apa
  python -m kejigai_data export out --formats csv,dta --lang zh
  python -m kejigai_data agree lilei.csv hanmei.csv --json
"""


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
    """Print every problem of the bundled tables, of a folder of copies, or of one's own coded cases."""
    from .validation import validate

    where = arguments.path
    if where is not None and os.path.isfile(where):
        problems = validate(_coded(where), lang=arguments.lang)
    else:
        problems = validate(folder=where, lang=arguments.lang)
    if arguments.json:
        print(problems.to_json(orient="records", force_ascii=False))
        return 1 if len(problems) else 0
    problems = problems.astype(object).where(problems.notna(), "")
    for number, (_, group) in enumerate(problems.groupby(["rule", "column"], sort=False)):
        if number:
            print()
        # Thousands of rows with one fault are one thing to mend.
        for problem in group.head(SHOWN).to_dict("records"):
            table = (
                f"{problem['table']}, line {problem['line']}" if "table" in problem else f"row {problem['row']}"
            )
            column = f", column {problem['column']}" if problem["column"] else ""
            hint = f" → {problem['suggestion']}" if problem["suggestion"] else ""
            print(f"{table}{column}: {problem['value']!r}: {problem['message']} [{problem['rule']}]{hint}")
        if len(group) > SHOWN:
            print(f"… and {len(group) - SHOWN} more of these; --json lists all")
    print(f"{len(problems)} problem{'' if len(problems) == 1 else 's'}")
    return 1 if len(problems) else 0


def _coded(path: str) -> pd.DataFrame:
    """Return the coded cases of a file: a coding sheet, or Parquet."""
    if not path.lower().endswith(".parquet"):
        from .sheet_reading import read_coding_sheet

        sheet = read_coding_sheet(path)
        print(f"{len(sheet.cases)} rows read, {len(sheet.changes)} cells altered on reading", file=sys.stderr)
        return sheet.cases
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except ImportError:
        raise missing_extra("Reading Parquet", "research") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as Parquet: {error}.") from None


def reference(arguments: argparse.Namespace) -> int:
    """Print one reference."""
    from .citing import cite

    print(cite(arguments.source, style=arguments.style))
    return 0


def hand_on(arguments: argparse.Namespace) -> int:
    """Export all tables and name the files."""
    from .exporting import FORMATS, export

    formats = arguments.formats.split(",") if arguments.formats else FORMATS
    files = export(arguments.folder, formats, arguments.lang, bom=not arguments.no_bom)
    print(json.dumps(files, ensure_ascii=False) if arguments.json else "\n".join(files))
    return 0


def agree(arguments: argparse.Namespace) -> int:
    """Measure the agreement of two or more readings, a file each or all in one."""
    import pandas as pd

    from .agree import agreement

    frames = []
    for path in arguments.files:
        try:
            frame = pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False, na_values=[""])
        except (OSError, ValueError) as error:
            raise DataError(f"{path} cannot be read as CSV in UTF-8: {error}.") from None
        # A file without the column is one reading, called by its name.
        if "reading" not in frame.columns:
            frame["reading"] = os.path.splitext(os.path.basename(path))[0]
        frames.append(frame)
    table = agreement(pd.concat(frames, ignore_index=True), resamples=arguments.resamples)
    if arguments.json:
        print(table.to_json(orient="records", force_ascii=False))
        return 0
    print(f"{'variable':<20} {'units':>5} {'same':>6} {'alpha':>6}  95 % interval")
    for row in table.itertuples():
        interval = row.note or f"{row.alpha_low:.2f} to {row.alpha_high:.2f}"
        print(f"{row.variable:<20} {row.units:>5} {row.percent:>6.0%} {row.alpha:>6.2f}  {interval}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0 fine, 1 problems found, 2 bad call."""
    for stream in (sys.stdout, sys.stderr):
        # A Windows console or pipe may use GBK, which lacks some characters of the data.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(
        prog="python -m kejigai_data",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"kejigai_data {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("info", help="version, tables, how to cite").set_defaults(run=info)
    checking = commands.add_parser("validate", help="check coded cases, or the tables, against the codebook")
    checking.add_argument(
        "path", nargs="?", help="your coded cases (.xlsx, .csv, .parquet), or a folder with copies of the tables"
    )
    checking.add_argument("--json", action="store_true", help="a JSON list, a row a problem")
    checking.add_argument("--lang", choices=("en", "zh"), help="language of the messages")
    checking.set_defaults(run=check)
    citing = commands.add_parser("cite", help="reference of the dataset or of one source")
    citing.add_argument("source", nargs="?", help="a source_id; the dataset itself without one")
    citing.add_argument("--style", default="gb7714", help="gb7714, apa or bibtex")
    citing.set_defaults(run=reference)
    handing = commands.add_parser("export", help="write all tables as CSV, Parquet, Excel and Stata files")
    handing.add_argument("folder", help="where to; an earlier export there is replaced")
    handing.add_argument("--formats", help="some of csv,parquet,xlsx,dta; all without it")
    handing.add_argument("--lang", choices=("en", "zh"), help="language of labels")
    handing.add_argument("--no-bom", action="store_true", help="CSV without the byte-order mark that Excel wants")
    handing.add_argument("--json", action="store_true", help="the files as a JSON list")
    handing.set_defaults(run=hand_on)
    agreeing = commands.add_parser("agree", help="agreement of readings: CSV with unit, variable, value")
    agreeing.add_argument("files", nargs="+", help="a file a reading, or one file with a column reading")
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
