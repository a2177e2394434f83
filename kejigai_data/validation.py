"""Check coded data against the codebook: every problem at once, as a tidy frame."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from .checks import a_text
from .dates import bounds
from .errors import DataError, SelectionError, nearest
from .language import pick, resolve
from .loading import FOLDER, VOCABULARY, build, catalogue, read_rows, schema
from .validation_texts import RULES, WITH_VALUE


class Problem(NamedTuple):
    """One finding of `validate`."""

    table: str
    line: int
    row: str
    column: str
    value: str
    rule: str
    detail: str
    suggestion: str = ""


def validate(frame: Any = None, folder: str | None = None, lang: str | None = None, key: str = "case_id") -> Any:
    """Check coded cases, or our own tables, against the codebook: every problem at once.

    Parameters
    ----------
    frame : pandas, polars, pyarrow, DuckDB, Dask or PySpark frame, optional
        Coded cases in the wide form of `load_cases` or `read_coding_sheet`: `key`, ``place_id`` and
        any of the coded columns. Without it the bundled tables are checked.
    folder : str, optional
        A folder with copies of our tables, checked instead of the bundled ones.
    lang : {"en", "zh"}, optional
        Language of the messages; the current one by default.
    key : str
        The column that tells the rows of `frame` apart.

    Returns
    -------
    frame of the same kind as `frame`, as lazy as it; else pandas.DataFrame
        One row a problem, none where all is well, all text: ``row`` (the key; ``#3`` for the third
        row of a frame in memory where the key is missing), ``column``, ``value``, ``rule``,
        ``message``, ``suggestion`` (the code meant, or what is allowed; may be empty). For tables
        ``table`` and ``line`` (``Int64``, as a text editor counts) come before.

    Raises
    ------
    SelectionError
        If `frame` is not a frame, has none of the coded columns, or is lazy and lacks `key`; if
        `folder` is not there, or both are given.
    UnknownNameError
        If `key` is given and the frame has no such column.

    Notes
    -----
    The rules for a frame are the table ``frame_checks.csv`` of the package: codes, sets in
    codebook order, places, dates in EDTF and their order, values and their status, variables that
    apply to one dimension, the dimension of each mechanism, keys; source and locator of whatever was
    read, silence included (of our own cases after `merge` they stand in the table ``codings``). Of a place
    code that is not in `load_places` its form and its province are checked: codes that GB/T 2260 has
    given up stand in older sources. Columns of other names are not looked at.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> len(kj.validate())
    0
    >>> wrong = kj.load_cases()[["case_id", "place_id", "stage"]].astype("string")
    >>> wrong.loc[0, "stage"] = "In operation"
    >>> kj.validate(wrong)[["row", "column", "value", "suggestion"]].values.tolist()
    [['c001', 'stage', 'In operation', 'in_operation']]
    """
    language = resolve(lang)
    if frame is not None and folder is not None:
        raise SelectionError("Give validate a frame or a folder, not both.")
    if frame is not None:
        from .frame_rules import problems

        return problems(frame, a_text(key, "key"), language)
    found = list(_folder_problems(folder))
    names = ("table", "row", "column", "value", "rule", "suggestion")
    columns = {name: [str(getattr(p, name)) for p in found] for name in names}
    columns["line"] = [str(p.line) for p in found]
    columns["message"] = [pick(RULES[p.rule], language) + (f": {p.detail}" if p.detail else "") for p in found]
    order = ("table", "line", "row", "column", "value", "rule", "message", "suggestion")
    return build({name: columns[name] for name in order}, {"line": "integer"})


Row = dict[str, str]
Check = Callable[[Row], Iterator[tuple[str, str, str]]]


def _folder_problems(folder: str | None) -> Iterator[Problem]:
    top = FOLDER if folder is None else folder
    if not isinstance(top, str | os.PathLike):
        raise SelectionError(f"folder must be the path of a folder, not {top!r}.")
    top = os.path.expanduser(top)
    if not os.path.isdir(top):
        raise SelectionError(f"No folder {top!r}. Give a folder that holds cases.csv, codings.csv and the others.")
    tables: dict[str, list[Row]] = {}
    lines: dict[str, list[int]] = {}
    for name, entry in catalogue().items():
        try:
            header, rows = read_rows(os.path.join(top, *entry["path"].split("/")))
        except DataError as error:
            detail = str(error) if folder is None else str(error).replace(" Reinstall the package.", "")
            yield Problem(entry["path"], 1, "", "", "", "file", detail)
            continue
        if header != [field.name for field in schema()[name]]:
            yield Problem(entry["path"], 1, "", "", ",".join(header), "header", "")
            continue
        tables[name] = [dict(zip(header, row, strict=True)) for row in rows]
        lines[name] = _first_lines(rows)
    if "codes" not in tables or "variables" not in tables:
        return
    checks = _row_checks(tables)
    yield from _event_order(tables, lines)
    yield from _two_dates(tables, lines)
    yield from _source_problems(tables, lines)
    for name, table in tables.items():
        path = catalogue()[name]["path"]
        yield from _table_problems(name, table, lines[name], tables)
        for line, row in zip(lines[name], table, strict=True):
            for column, rule, detail in checks[name](row) if name in checks else ():
                yield Problem(path, line, _row_id(name, row), column, row[column], rule, detail)


STEPS = (
    ("drafted", "adopted"),
    ("adopted", "approved"),
    ("adopted", "promulgated"),
    ("adopted", "in_force"),
    ("in_force", "repealed"),
    ("established", "discontinued"),
)


def _event_order(tables: dict[str, list[Row]], lines: dict[str, list[int]]) -> Iterator[Problem]:
    """Find steps that are certainly in the wrong order: the first begins after the second ended."""
    steps: dict[tuple[str, str], list[tuple[int, Row]]] = {}
    for line, row in zip(lines.get("events", []), tables.get("events", []), strict=True):
        if row["instrument_id"] and row["date"]:
            steps.setdefault((row["instrument_id"], row["event_type"]), []).append((line, row))
    for (instrument, event_type), found in steps.items():
        for before, after in STEPS:
            if event_type == after:
                for _, first in steps.get((instrument, before), []):
                    for line, row in found:
                        if first["earliest"] and row["latest"] and first["earliest"] > row["latest"]:
                            detail = f"{after} {row['date']}, but {before} {first['date']} ({first['event_id']})"
                            yield Problem(
                                "events.csv", line, row["event_id"], "date", row["date"], "date_order", detail
                            )


ONCE = ("adopted", "approved", "promulgated", "in_force", "established", "discontinued", "repealed")


def _two_dates(tables: dict[str, list[Row]], lines: dict[str, list[int]]) -> Iterator[Problem]:
    """Find steps that happen once, dated twice with no day in common and no conflict that says so."""
    date_of = {row["event_id"]: row["date"] for row in tables.get("events", [])}
    home = {row["event_id"]: row["instrument_id"] for row in tables.get("events", [])}
    told = {
        (home.get(row["left_event"]), frozenset((date_of.get(row["left_event"]), date_of.get(row["right_event"]))))
        for row in tables.get("conflicts", [])
    }
    seen: dict[tuple[str, ...], list[Row]] = {}
    for line, row in zip(lines.get("events", []), tables.get("events", []), strict=True):
        if not (row["instrument_id"] and row["date"] and row["event_type"] in ONCE):
            continue
        before = seen.setdefault((row["layer"], row["instrument_id"], row["event_type"]), [])
        for other in before:
            apart = max(row["earliest"], other["earliest"]) > min(row["latest"] or "9", other["latest"] or "9")
            if apart and (row["instrument_id"], frozenset((row["date"], other["date"]))) not in told:
                detail = f"{row['date']}, but {other['event_id']} says {other['date']}"
                yield Problem("events.csv", line, row["event_id"], "date", row["date"], "two_dates", detail)
        before.append(row)


def _source_problems(tables: dict[str, list[Row]], lines: dict[str, list[int]]) -> Iterator[Problem]:
    cited = {
        part
        for name, rows in tables.items()
        for row in rows
        for column, cell in row.items()
        if not (name in ("sources", "citations") and column == "source_id")
        for part in re.findall(r"\bs\d{3}\b", cell)
    }
    seen: dict[tuple[str, str], str] = {}
    for line, row in zip(lines.get("sources", []), tables.get("sources", []), strict=True):
        source, url = row["source_id"], row["url"]
        if url and not url.startswith(("http://", "https://")):
            yield Problem("sources.csv", line, source, "url", url, "address", "")
        # The same page is the same however its address is written; a later text of it is another.
        page = (re.sub(r"^https?://(www\.|m\.)?", "", url).rstrip("/").lower(), row["issued"])
        if url and page in seen:
            yield Problem("sources.csv", line, source, "url", url, "address", f"also that of {seen[page]}")
        seen.setdefault(page, source)
        if re.fullmatch(r"s\d{3}", source) and source not in cited:
            yield Problem("sources.csv", line, source, "source_id", source, "unused", "")


def natural(text: str) -> list[tuple[int, str]]:
    """Return a sorting key in which ``C10`` comes after ``C9``.

    Examples
    --------
    >>> sorted(["C10", "C9"], key=natural)
    ['C9', 'C10']
    """
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text)]


def _row_id(table: str, row: Row) -> str:
    return "/".join(row[key] for key in catalogue()[table]["primary_key"].split(","))


def _first_lines(rows: list[list[str]]) -> list[int]:
    """Return the line on which each row begins: a cell may hold line breaks."""
    first, result = 2, []
    for row in rows:
        result.append(first)
        first += 1 + sum(cell.count("\n") for cell in row)
    return result


def _table_problems(
    name: str, rows: list[Row], lines: list[int], tables: dict[str, list[Row]]
) -> Iterator[Problem]:
    path = catalogue()[name]["path"]
    seen: set[str] = set()
    previous = ""
    targets = {}
    for field in schema()[name]:
        if field.foreign_key:
            table, column = field.foreign_key.split(".")
            targets[field.name] = {row[column] for row in tables.get(table, [])}
    for line, row in zip(lines, rows, strict=True):
        row_id = _row_id(name, row)
        if row_id in seen:
            yield Problem(path, line, row_id, catalogue()[name]["primary_key"], row_id, "key", "")
        if "order" not in row and name != "glossary" and natural(row_id) < natural(previous):
            yield Problem(
                path, line, row_id, catalogue()[name]["primary_key"], row_id, "order", f"after {previous}"
            )
        seen.add(row_id)
        previous = row_id
        for field in schema()[name]:
            value = row[field.name]
            if not value:
                if field.required:
                    yield Problem(path, line, row_id, field.name, "", "required", "")
                continue
            wrong = _type_problem(field.type, value)
            if wrong:
                rule = "date" if field.type in ("edtf", "day") else "type"
                yield Problem(path, line, row_id, field.name, value, rule, wrong)
            if field.name in targets and value not in targets[field.name]:
                yield Problem(path, line, row_id, field.name, value, "foreign_key", field.foreign_key)


def _type_problem(kind: str, value: str) -> str:
    allowed = {**VOCABULARY, "boolean": ("true", "false")}
    if kind in allowed:
        return "" if value in allowed[kind] else f"{value!r}. {nearest(value, allowed[kind])}"
    try:
        if kind == "integer":
            int(value)
        elif kind == "number":
            float(value)
        elif kind in ("edtf", "day"):
            bounds(value)
        elif value != value.strip():
            return "white space at the edge"
    except ValueError as error:
        return str(error)
    return ""


def _row_checks(tables: dict[str, list[Row]]) -> dict[str, Check]:
    codes: dict[str, list[str]] = {}
    for code in tables["codes"]:
        codes.setdefault(code["variable"], []).append(code["code"])
    variables = {v["variable"]: v for v in tables["variables"]}
    dimension = {
        row["case_id"]: row["value"]
        for row in tables.get("codings", [])
        if row["variable"] == "dimension" and row["layer"] == "article"
    }

    def evidence(row: Row) -> Iterator[tuple[str, str, str]]:
        if row["status"] == "not_found":
            if not row["search_id"]:
                yield "search_id", "search", ""
            return
        for column in ("source_id", "locator"):
            if not row[column]:
                yield column, "source", ""

    def coding(row: Row) -> Iterator[tuple[str, str, str]]:
        variable = variables.get(row["variable"])
        if not variable:
            return
        has_value = row["status"] in WITH_VALUE
        if has_value != bool(row["value"]):
            yield "value", "value_and_status", f"status is {row['status']}"
        if row["status"] in ("inferred", "not_applicable") and not row["rule"] and row["layer"] == "article":
            yield "rule", "rule", ""
        yield from evidence(row)
        if variable["kind"] == "code" and row["value"]:
            allowed = codes[row["variable"]]
            parts = row["value"].split(";") if variable["multiple"] == "true" else [row["value"]]
            for part in parts:
                if part not in allowed:
                    yield "value", "vocabulary", f"{part!r}. {nearest(part, allowed)}"
            if all(p in allowed for p in parts) and parts != sorted(set(parts), key=allowed.index):
                yield "value", "vocabulary", "members stand once each, in codebook order"
        outside = variable["applies_to"] and dimension.get(row["case_id"]) != variable["applies_to"]
        if outside and row["layer"] == "article" and row["status"] != "not_applicable":
            yield "status", "applies_to", f"{row['variable']} applies to {variable['applies_to']}"

    def event(row: Row) -> Iterator[tuple[str, str, str]]:
        if bool(row["date"]) == bool(row["status"]):
            yield "date", "date_or_status", ""
        yield from evidence(row)
        if row["event_type"] == "in_place_by" and row["date"] and not row["date"].startswith("../"):
            yield "date", "bound", row["date"]
        if row["event_type"] not in codes["event_type"]:
            yield "event_type", "vocabulary", nearest(row["event_type"], codes["event_type"])
        try:
            expected = bounds(row["date"]) if row["date"] else ("", "")
        except ValueError:
            return
        if (row["earliest"], row["latest"]) != expected:
            yield "earliest", "interval", f"expected {expected[0] or 'nothing'} and {expected[1] or 'nothing'}"

    def place_list(name: str) -> Check:
        known = {row["case_id"] for row in tables.get("cases", [])}

        def check(row: Row) -> Iterator[tuple[str, str, str]]:
            for part in row[name].split(";") if row[name] else []:
                if part not in known:
                    yield name, "foreign_key", f"no case {part!r}"

        return check

    def permitted(row: Row, column: str, variable: str) -> Iterator[tuple[str, str, str]]:
        if row[column] not in codes[variable]:
            yield column, "vocabulary", f"{row[column]!r}. {nearest(row[column], codes[variable])}"

    def conflict(row: Row) -> Iterator[tuple[str, str, str]]:
        yield from permitted(row, "kind", "conflict_kind")
        yield from permitted(row, "bearing", "bearing")
        for side in ("left", "right"):
            if bool(row[f"{side}_coding"]) == bool(row[f"{side}_event"]):
                yield f"{side}_coding", "pair", ""

    def claim(row: Row) -> Iterator[tuple[str, str, str]]:
        yield from cases_of_claim(row)
        yield from permitted(row, "verdict", "verdict")
        if row["verdict"] != "untestable" and not row["source_ids"]:
            yield "source_ids", "verdict", row["verdict"]

    def followup(row: Row) -> Iterator[tuple[str, str, str]]:
        yield from permitted(row, "relation", "relation")
        found = row["relation"] != "none_found"
        for column in ("event_id", "place_id", "locator"):
            if bool(row[column]) != found:
                yield column, "followup", row["relation"]
        if bool(row["search_id"]) == found:
            yield "search_id", "followup", row["relation"]

    def verification(row: Row) -> Iterator[tuple[str, str, str]]:
        yield from permitted(row, "result", "result")

    def source(row: Row) -> Iterator[tuple[str, str, str]]:
        if row["kind"] == "mirror":
            yield from permitted(row, "copy_of", "copy_of")
        elif row["copy_of"]:
            yield "copy_of", "vocabulary", "only a mirror copies"

    def body(row: Row) -> Iterator[tuple[str, str, str]]:
        yield from permitted(row, "role", "role")
        yield from permitted(row, "fate", "fate")

    cases_of_claim = place_list("case_ids")
    return {
        "sources": source,
        "bodies": body,
        "conflicts": conflict,
        "followups": followup,
        "verifications": verification,
        "codings": coding,
        "events": event,
        "mentions": place_list("case_id"),
        "claims": claim,
    }
