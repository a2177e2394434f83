"""The command: ``python -m kejigai_data.classroom release|collect|grade|report``."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile

from ..errors import KejigaiError, missing_extra

EPILOG = """examples:
  python -m kejigai_data.classroom release --lesson 01 --to handout
  python -m kejigai_data.classroom collect downloads
  python -m kejigai_data.classroom grade downloads --to graded
  python -m kejigai_data.classroom report downloads --to graded
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="python -m kejigai_data.classroom",
        description="Hand out exercises, see what came back, grade it safely, report on the class.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="release|collect|grade|report")
    release = commands.add_parser("release", help="copy the student versions of a lesson into a folder")
    release.add_argument("--lesson", required=True, help="number of the lesson, for example 01")
    release.add_argument("--to", required=True, metavar="FOLDER")
    for name, text in (
        ("collect", "list what a folder of submissions holds, and what cannot be read"),
        ("grade", "grade a folder of submissions; safe to stop and run again"),
        ("report", "grade what is left, then write the class on one page"),
    ):
        one = commands.add_parser(name, help=text)
        one.add_argument("folder", help="submissions as they came: notebooks, folders, zip files")
        if name != "collect":
            one.add_argument("--to", required=True, metavar="FOLDER", help="where the results go")
            one.add_argument("--workers", type=int, default=os.cpu_count() or 2, help="how many at a time")
            one.add_argument(
                "--without-isolation", action="store_true", help="run student code unprotected; asks first"
            )
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when all is well, 1 when something could not be graded, 2 for a wrong call."""
    options = parser().parse_args(arguments)
    try:
        if options.command == "release":
            return _release(options.lesson, options.to)
        if not os.path.isdir(options.folder):
            print(f"There is no folder {options.folder}. Name the folder with the submissions.", file=sys.stderr)
            return 2
        if options.command == "collect":
            return _collect(options.folder)
        return _grade(options)
    except KejigaiError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. What was graded is kept: run the same command again to go on.", file=sys.stderr)
        return 1


def _release(lesson: str, to: str) -> int:
    from .masters import SOURCE, masters

    chosen = [master for master in masters().values() if master.name.split("_")[0] == lesson]
    if not chosen:
        known = sorted({name.split("_")[0] for name, _ in masters()})
        print(f"There is no lesson {lesson!r}. Lessons: {', '.join(known)}.", file=sys.stderr)
        return 2
    for master in chosen:
        os.makedirs(os.path.join(to, master.language), exist_ok=True)
        student = os.path.join(os.path.dirname(SOURCE), master.language, f"{master.name}.ipynb")
        shutil.copyfile(student, os.path.join(to, master.language, f"{master.name}.ipynb"))
        print(os.path.join(to, master.language, f"{master.name}.ipynb"))
    return 0


def _collect(folder: str) -> int:
    from .submissions import collect

    found, problems, laboratory = collect(folder)
    for item in sorted(found, key=lambda s: (s.master.name, s.student)):
        given = sum(bool(text.strip()) and text.strip() != "answer = ..." for text in item.answers.values())
        print(f"{item.master.name}  {item.student}  {given} of {len(item.answers)} answered  {item.file}")
    print(f"{len(found)} submissions, {len(laboratory)} files of laboratory answers, {len(problems)} problems")
    for problem in problems:
        print(f"! {problem.student}  {problem.file}: {problem.why}")
    return 1 if problems else 0


def _grade(options: argparse.Namespace) -> int:
    try:
        from .gradebook import write_gradebook
        from .sandbox import can_isolate
    except ImportError:
        raise missing_extra("Grading", "instructor") from None
    from .feedback import class_page, language_of, write_pages
    from .grading import grade_all, write_tables
    from .submissions import collect

    isolated = can_isolate()
    if not isolated or options.without_isolation:
        isolated = False
        print(
            "Student code can not be isolated here (it can on Linux with bubblewrap: apt install bubblewrap). "
            "It would run with your own rights: it could read and delete your files, and reach the network.",
            file=sys.stderr,
        )
        if not sys.stdin.isatty() or input("Go on without isolation? Type yes: ").strip() != "yes":
            print("Nothing was graded.", file=sys.stderr)
            return 2
    os.makedirs(options.to, exist_ok=True)
    found, problems, laboratory = collect(options.folder)

    def tell(done: int, of: int) -> None:
        bar = "█" * (30 * done // of)
        print(f"\r{bar:<30} {done} of {of}", end="" if done < of else "\n", file=sys.stderr, flush=True)

    grades, more = grade_all(found, os.path.join(options.to, "state"), isolated, max(1, options.workers), tell)
    problems += more
    write_tables(grades, problems, options.to)
    write_pages(grades, options.to)
    write_gradebook(grades, options.to)
    print(f"{len(grades)} graded, {len(problems)} problems: {os.path.join(options.to, 'problems.csv')}")
    if options.command == "report":
        with open(os.path.join(options.to, "report.html"), "w", encoding="utf-8") as file:
            file.write(class_page(grades, problems, _agreement(laboratory, language_of(grades))))
        print(os.path.join(options.to, "report.html"))
    return 1 if problems else 0


def _agreement(laboratory: list[tuple[str, bytes]], language: str) -> str:
    """Return the table of agreement in the coding laboratory, empty with fewer than two students."""
    from .. import laboratory as lab
    from ..language import pick, use
    from ..tabular import table
    from .feedback import WORDS

    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, (student, content) in enumerate(laboratory):
            path = os.path.join(folder, f"{number}_{student.replace(os.sep, '_')}.csv")
            with open(path, "wb") as file:
                file.write(content)
            try:
                lab.AnswerFile(path)
                paths.append(path)
            except KejigaiError:
                continue
        try:
            frame = lab.reliability(paths)
        except KejigaiError:
            return ""
        columns = ["variable", "units", "percent", "alpha", "alpha_low", "alpha_high"]
        use(language)
        counted = pick(WORDS["coders"], language).format(n=len(paths))
        return str(table(frame, columns, caption=counted)._repr_html_())


if __name__ == "__main__":
    raise SystemExit(main())
