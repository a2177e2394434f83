"""The rules for coded cases in a frame of any engine: `data/frame_checks.csv`, compiled to narwhals.

Each row of the table becomes expressions that are true for the rows in disorder. Nothing is
collected: a lazy frame gives a lazy frame of problems.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from .cases import OURS
from .checks import GAP, SPACES
from .codebook import codes_of, is_set, label, set_form
from .engines import as_code, collected, evened, inferred, nameable, opened, planned, unlike
from .errors import SelectionError, unknown
from .language import pick
from .loading import FOLDER, VOCABULARY, read_rows, records, text_type
from .places import CONFUSED, known_places, meant
from .progress import track
from .validation_texts import RULES, WITH_VALUE
from .words import word

if TYPE_CHECKING:
    import narwhals as nw

COLUMNS = ("row", "column", "value", "rule", "message", "suggestion")
# Columns of our own beside those of a frame, which may be called anything.
NAME, NUMBER = "_kejigai_row", "_kejigai_number"
BLANK = f"^[{SPACES}]*$"
# Something between: what is nothing but spaces is missing.
ASTRAY = f"^[{SPACES}]+[^{SPACES}]|[^{SPACES}][{SPACES}]+$"
READING = "reading"  # two coders may code one case
ORIGIN = "origin"  # the column in which `merge` says whose cases they are
MERGED = {ORIGIN, "place_level", "province_id", "region"}  # what it always writes
READ = (*WITH_VALUE, "stated_absent", "silent")
PLACE_NAMES = ("short_zh", "name_zh", "name_en")
YEAR = "[0-9]{4}"
# The forms of `dates.bounds` in a syntax that every engine's regular expressions share.
DAYS = (
    "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])",
    "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)",
    "02-(?:0[1-9]|1[0-9]|2[0-8])",
)
LEAP = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29"
ONE = f"(?:{YEAR}(?:-(?:0[1-9]|1[0-2]|{'|'.join(DAYS)}))?|{LEAP})"
EDTF = f"^(?:{ONE}|{ONE}/{ONE}|[.][.]/{ONE}|{ONE}/[.][.])$"
# A day, perhaps with a time after it.
A_DAY = f"^(?:{YEAR}-(?:{'|'.join(DAYS)})|{LEAP})(?:[ T].*)?$"
# To the end of the text, line breaks included: else each stroke would be looked at to the end of its line.
AFTER = "(?s)/.*"
# For each end of an interval: what stands on the other side of the stroke, and what makes a year or
# a month a day; where two forms fit, the later one holds.
ENDS = {
    "adopted_earliest": (AFTER, ((f"^{YEAR}$", "-01-01"), (f"^{YEAR}-..$", "-01"))),
    "adopted_latest": (
        "^.*/",
        (
            (f"^{YEAR}$", "-12-31"),
            (f"^{YEAR}-(?:0[13578]|1[02])$", "-31"),
            (f"^{YEAR}-(?:0[469]|11)$", "-30"),
            (f"^{YEAR}-02$", "-28"),
            (f"^{LEAP.removesuffix('-29')}$", "-29"),
        ),
    ),
}


class Check(NamedTuple):
    """One compiled rule: where it is broken, which column to show, and what to do about it.

    `given` are columns that must have a value for the rule to apply; engines differ on what
    follows from a missing one.
    """

    rule: str
    column: str
    broken: nw.Expr
    suggestion: nw.Expr
    given: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def _table() -> list[dict[str, str]]:
    header, rows = read_rows(os.path.join(FOLDER, "frame_checks.csv"))
    return [dict(zip(header, row, strict=True)) for row in rows]


def problems(frame: Any, key: str, lang: str) -> Any:
    """Return the problems of coded cases as a frame of the same kind.

    Raises
    ------
    SelectionError
        If it is no frame, has no coded column, or is lazy and has no column to name its rows by.
    """
    import narwhals as nw

    given: Any = opened(_tidy(frame))
    schema = given.collect_schema()
    coded = {v["variable"]: v["multiple"] == "true" for v in records("variables") if v["kind"] == "code"}
    if not {*coded, "place_id"} & set(schema.names()):
        raise SelectionError(
            f"The frame has none of the coded columns: {', '.join(coded)}. Its columns: {schema.names()}."
        )
    if key != "case_id" and key not in schema.names():
        raise unknown("column", key, map(str, schema.names()))
    nameable(given, [key], grouped=True)
    wanted = {c for row in _table() for c in _columns(row, coded)}
    wanted |= {name for name in (ORIGIN, READING) if name in schema.names() and _can_be_text(schema[name])}
    plain = [name for name in schema.names() if name in {*wanted, key}]
    nested = [name for name in plain if not _can_be_text(schema[name])]
    flat_names = [name for name in plain if name not in nested]
    given = evened(given.select(plain), flat_names)
    merged = set(schema.names()) >= MERGED
    schema = given.collect_schema()
    cases = _rows_named(given, key, key in flat_names)
    flat = _as_text(cases, flat_names, schema)
    rules = track(_table(), "rules")
    checks = (check for row in rules for check in _compiled(row, coded, flat_names, merged, lang))
    found = [report for check in checks if (report := _report(flat, check, lang)) is not None]
    if key in flat_names:
        found.append(_twice(flat, key, lang))
    found.extend(_nested(cases, name, str(schema[name]), lang) for name in nested)
    needed = [row["column"] for row in _table() if row["kind"] == "present"]
    lacking = [name for name in needed if name not in schema.names() and (name != "case_id" or key == name)]
    found.extend(_once(cases, name, "", "column", lang, "") for name in lacking)
    result: Any = nw.concat(
        # Of no row too: some engines give a literal one row of its own.
        found or [_listed(flat, nw.lit(""), "", nw.lit(""), "type", lang, nw.lit("")).head(0)],
        how="vertical",
    )
    native = (result if isinstance(given, nw.LazyFrame) else collected(result)).to_native()
    return native.astype(text_type()).reset_index(drop=True) if result.implementation.is_pandas() else native


def _can_be_text(dtype: Any) -> bool:
    import narwhals as nw

    return not (dtype.is_nested() or dtype in (nw.Object, nw.Binary, nw.Duration, nw.Time))


def _tidy(frame: Any) -> Any:
    """Return a pandas frame whose columns are text or dates: what is no text would lose its gaps as text."""
    import narwhals as nw
    import pandas as pd

    if not isinstance(frame, pd.DataFrame) or frame.columns.has_duplicates:
        return frame
    names = [name for name in frame.columns if isinstance(name, str)]
    frame = evened(inferred(nw.from_native(frame), names), names).to_native()
    known = set(frame.select_dtypes(["datetime64", "datetime64tz", "string"]).columns)
    kept = (pd.api.types.is_float_dtype, pd.api.types.is_bool_dtype)
    odd = [name for name in frame.columns if name not in known and not any(one(frame[name].dtype) for one in kept)]
    return frame.astype(dict.fromkeys(odd, text_type()))


def _rows_named(cases: Any, key: str, there: bool) -> Any:
    """Give each row its name: the key, or where it has none the number of the row."""
    import narwhals as nw

    kind = cases.collect_schema()[key] if there else None
    known = _told(key, kind) if there else nw.lit(None, dtype=nw.String)
    if isinstance(cases, nw.LazyFrame):
        if not there:
            raise SelectionError(
                f"A lazy frame has no order of rows, and this one no column {key!r} of text or numbers: name the "
                f"column that tells its rows apart, key=…. Its coded columns: {cases.collect_schema().names()}."
            )
        return cases.with_columns(**{NAME: known})
    numbered = cases.with_row_index(NUMBER).with_columns(**{NAME: known})
    return planned(numbered)


def _as_text(cases: Any, names: list[str], schema: Any) -> Any:
    """Return these columns as text; what is empty is missing."""
    import narwhals as nw

    pair = ("adopted_earliest", "adopted_latest")
    alike = len({schema[name] for name in pair if name in names}) == 1
    cells: list[nw.Expr] = []
    for name in names:
        if not schema[name].is_temporal():
            text = _told(name, schema[name])
            cells.append(nw.when(text != "").then(text).alias(name))
        elif name in pair and alike:
            cells.append(nw.col(name))
        else:
            # A day beside a time, or beside text, is compared by its first ten characters.
            cells.append(nw.col(name).cast(nw.String).str.slice(0, 10))
    named = [name for name in (NAME, NUMBER) if name in cases.collect_schema().names()]
    return cases.select(*named, *cells)


def _told(name: str, kind: Any) -> nw.Expr:
    """Return a column as text; of decimal numbers NaN is missing, and a whole one a code that a gap changed."""
    import narwhals as nw

    exact = kind.is_float() or kind in (nw.Boolean, nw.Decimal)
    return as_code(nw.col(name), kind) if exact else nw.col(name).cast(nw.String)


def _columns(row: dict[str, str], coded: dict[str, bool]) -> Iterator[str]:
    for name in coded if row["column"] == "*" else [row["column"]]:
        yield from (name, f"{name}_status") if row["column"] == "*" else (name,)
    yield from [row["other"]] if row["other"] else []


def _compiled(
    row: dict[str, str], coded: dict[str, bool], present: list[str], merged: bool, lang: str
) -> Iterator[Check]:
    import narwhals as nw

    kind, rule, column, other = row["kind"], row["rule"], row["column"], row["other"]
    none = nw.lit("")
    for name in coded if column == "*" else [column]:
        status = f"{name}_status"
        # A status may stand without the variable.
        there = name in present or (kind == "status" and status in present)
        if not there or (other and other not in present):
            continue
        cell = nw.col(name)
        if kind == "present":
            yield Check(rule, name, cell.is_null() | cell.str.contains(BLANK), none)
        elif kind == "edge":
            yield Check(rule, name, cell.str.contains(ASTRAY), cell.str.strip_chars(SPACES), (name,))
        elif kind == "place":
            provinces = sorted({p["place_id"][:2] for p in records("places") if p["place_id"].isdigit()})
            known = [p["place_id"] for p in records("places")]
            form = f"^(?:{'|'.join(provinces)})[0-9]{{4}}$"
            yield Check(
                rule, name, ~cell.is_in(known) & unlike(cell, form), _place_hint(cell, form, lang), (name,)
            )
        elif kind == "coded":
            allowed = codes_of(name)
            odd = unlike(cell, set_form(allowed)) if coded[name] else ~cell.is_in(allowed)
            yield Check(rule, name, odd, _code_hint(cell, name, lang), (name,))
        elif kind == "set_order" and coded[name]:
            allowed = codes_of(name)
            astray = ~unlike(cell, set_form(allowed)) & ~cell.str.contains(_sets(allowed))
            yield Check(rule, name, astray, _in_order(cell, allowed), (name,))
        elif kind == "edtf":
            first, last = cell.str.replace_all(AFTER, ""), cell.str.replace_all("^.*/", "")
            backwards = (first > nw.concat_str(last, nw.lit("-99-99"))) & (last != "..")
            hint = nw.lit("2021, 2021-07, 2021-07-17, 2021/2022, ../2021-12-24")
            yield Check(rule, name, unlike(cell, EDTF) | backwards, hint, (name,))
        elif kind == "day":
            yield Check(rule, name, unlike(cell.cast(nw.String), A_DAY), nw.lit("2021-07-17"), (name,))
        elif kind == "bounds":
            end = _bound(nw.col(other), name)
            told = ~unlike(nw.col(other), EDTF)
            wrong = told & ((end == "") | (cell.cast(nw.String).str.slice(0, 10) != end))
            yield Check(rule, name, wrong, end, (name, other))
            yield Check(rule, name, told & (end != "") & cell.is_null(), end, (other,))
        elif kind == "after":
            yield Check(rule, name, cell > nw.col(other), none, (name, other))
        elif kind == "status" and status in present:
            words, small = VOCABULARY["status"], nw.col(status).str.to_lowercase().str.replace_all("[ -]", "_")
            hint = nw.when(small.is_in(words)).then(small).otherwise(nw.lit(_statuses(words, lang)))
            yield Check(rule, status, ~nw.col(status).is_in(words), hint, (status,))
        elif kind == "value_and_status" and status in present:
            told = nw.col(status).is_in(WITH_VALUE)
            # What is ambiguous may have no value: two readings stand, and none is preferred.
            needed = nw.col(status).is_in([word for word in WITH_VALUE if word != "ambiguous"])
            yield Check(rule, name, (cell.is_null() & needed) | (~cell.is_null() & ~told), none, (status,))
            bare = nw.col(status).is_null()
            if merged:
                # Of our own cases statuses stand in the table codings; who gave none had no columns for them.
                some = [~nw.col(f"{v}_status").is_null() for v in coded if f"{v}_status" in present]
                bare = bare & _theirs() & nw.any_horizontal(*some, ignore_nulls=False)
            yield Check(rule, status, bare, nw.lit(_statuses(WITH_VALUE, lang)), (name,))
        elif kind == "applies_to":
            only = next(v["applies_to"] for v in records("variables") if v["variable"] == name)
            if only and name != other:
                # What is no code at all is reported there, and says nothing here.
                away = nw.col(other).is_in([one for one in codes_of(other) if one != only])
                yield Check(rule, name, away, nw.lit(f"{other} = {only}"), (name, other))
                yield Check(rule, name, nw.col(other).is_null(), nw.lit(f"{other} = {only}"), (name,))
                if status in present:
                    odd = away & cell.is_null() & (nw.col(status) != "not_applicable")
                    yield Check(rule, status, odd, nw.lit("not_applicable"), (status, other))
        elif kind == "of_dimension":
            homes: dict[str, list[str]] = {}
            for row_of_code in records("codes"):
                if row_of_code["variable"] == name and row_of_code["dimension"]:
                    homes.setdefault(row_of_code["dimension"], []).append(row_of_code["code"])
            home, astray = none, nw.lit(False)
            for dimension, codes in homes.items():
                home = nw.when(cell.is_in(codes)).then(nw.lit(f"{other} = {dimension}")).otherwise(home)
                others = [one for one in codes_of(other) if one != dimension]
                astray = astray | (cell.is_in(codes) & nw.col(other).is_in(others))
            yield Check(rule, name, astray, home, (name, other))
        elif kind == "sourced" and (not merged or "source" in present):
            # After `merge` the column of locators is ours where others gave no sources.
            found = [~nw.col(v).is_null() for v in coded if v in present]
            told_of = [nw.col(f"{v}_status") for v in coded if v in present and f"{v}_status" in present]
            # What was read and is silent, or denied, has a source as well.
            found += [~one.is_null() & one.is_in(READ) for one in told_of]
            if found:
                coded_row = nw.any_horizontal(*found, ignore_nulls=False)
                if ORIGIN in present:
                    # The sources of our own cases stand value by value in the table codings.
                    coded_row = coded_row & _theirs()
                yield Check(rule, name, cell.is_null() & coded_row, none)
                yield Check(rule, name, cell.str.contains(BLANK) & coded_row, none, (name,))


def _theirs() -> nw.Expr:
    """Tell which rows of a frame that `merge` made are not our own cases."""
    import narwhals as nw

    return nw.col(ORIGIN).is_null() | (nw.col(ORIGIN) != OURS)


def _in_order(cell: nw.Expr, codes: list[str]) -> nw.Expr:
    """Return the members of a set once each, in codebook order."""
    import narwhals as nw

    padded = nw.concat_str(nw.lit(";"), cell, nw.lit(";"))
    parts = [
        nw.when(padded.str.contains(f";{code};", literal=True)).then(nw.lit(f"{code};")).otherwise(nw.lit(""))
        for code in codes
    ]
    return nw.concat_str(*parts).str.replace_all(";$", "")


def _bound(date: nw.Expr, column: str) -> nw.Expr:
    """Return the first or the last day of a date in EDTF; nothing where that end is open."""
    import narwhals as nw

    other_side, completed = ENDS[column]
    end = date.str.replace_all(other_side, "")
    day = end
    for form, rest in completed:
        day = nw.when(end.str.contains(form)).then(nw.concat_str(end, nw.lit(rest))).otherwise(day)
    return nw.when(end == "..").then(nw.lit("")).otherwise(day)


def _sets(codes: list[str]) -> str:
    """Return the form of a set: members once each, in codebook order, joined with ``;``."""
    tails = [f"{code}{''.join(f'(?:;{later})?' for later in codes[i + 1 :])}" for i, code in enumerate(codes)]
    return f"^(?:{'|'.join(tails)})$"


def _allowed(names: dict[str, str], lang: str) -> str:
    """List codes, in Chinese with their names: a coder has chosen these from a list."""
    if lang == "en":
        return f"Allowed: {', '.join(names)}"
    return "可用：" + "、".join(f"{name}（{code}）" for code, name in names.items())


def _statuses(statuses: Iterable[str], lang: str) -> str:
    return _allowed({status: word(status, lang) for status in statuses}, lang)


def _normal(text: str) -> str:
    return text.strip().casefold().replace(" ", "_").replace("-", "_")


def _looked_up(cell: nw.Expr, found: dict[str, str], otherwise: nw.Expr) -> nw.Expr:
    """Return what is found for a text; eighty choices one within another take a megabyte for a single row."""
    import narwhals as nw

    return cell.replace_strict(found, default=otherwise, return_dtype=nw.String)


def _code_hint(cell: nw.Expr, variable: str, lang: str) -> nw.Expr:
    """Offer the code for a label, or for a code in capitals or with spaces; else all codes."""
    import narwhals as nw

    wrong = cell.str.strip_chars(SPACES).str.to_lowercase().str.replace_all("[ -]", "_")
    names = {code: label(variable, code, lang) for code in codes_of(variable)}
    hint: nw.Expr = nw.lit(_allowed(names, lang))
    rows = [row for row in records("codes") if row["variable"] == variable]
    spelt = {_normal(row[name]): row["code"] for row in rows for name in ("code", "label_zh", "label_en")}
    hint = _looked_up(wrong, spelt, hint)
    if is_set(variable):
        # With spaces between the members or around them, or joined as in Chinese.
        joined = cell.str.strip_chars(SPACES).str.replace_all(f"{GAP}[;,；、，][{SPACES}]*", ";")
        hint = nw.when(joined.str.contains(set_form(codes_of(variable)))).then(joined).otherwise(hint)
    return hint


def _place_hint(cell: nw.Expr, form: str, lang: str) -> nw.Expr:
    """Offer the code for a name of a place, both for one that names two, as Shanxi does."""
    import narwhals as nw

    wrong = cell.str.strip_chars(SPACES).str.replace_all("[.]0+$", "")
    either = (
        "A code of GB/T 2260, or an id of load_places(); find_place() looks a name up",
        "GB/T 2260 代码，或 load_places() 中的编号；可用 find_place() 按名称查找",
    )
    hint: nw.Expr = nw.lit(pick(either, lang))
    names = [(place[name], place["place_id"]) for place in records("places") for name in PLACE_NAMES]
    hint = _looked_up(wrong, {name: place for name, place in names if meant(name) == [place]}, hint)
    # A code with a space beside it, or as a number with a decimal place.
    hint = nw.when(wrong.str.contains(form)).then(wrong).otherwise(hint)
    # Never guessed, as `find_place` never guesses them.
    for name, ids in CONFUSED.items():
        each = [pick(("{} ({})", "{}（{}）"), lang).format(one, known_places()[one]["short_zh"]) for one in ids]
        both = nw.lit(pick((" or ", "或 "), lang).join(each))
        hint = nw.when(wrong.str.to_lowercase() == name).then(both).otherwise(hint)
    return hint


def _report(cases: Any, check: Check, lang: str) -> Any:
    """Return the rows that break a rule; None where they are known to be none."""
    import narwhals as nw

    for name in check.given:
        cases = cases.filter(~nw.col(name).is_null())
    broken = cases.filter(check.broken)
    if isinstance(broken, nw.DataFrame) and not len(broken):
        return None
    shown = nw.col(check.column).cast(nw.String)
    return _listed(broken, _named(cases), check.column, shown, check.rule, lang, check.suggestion)


def _listed(
    cases: Any,
    row: Any,
    column: str,
    value: Any,
    rule: str,
    lang: str,
    suggestion: Any,
) -> Any:
    import narwhals as nw

    return cases.select(
        row.alias("row"),
        nw.lit(column).alias("column"),
        value.alias("value"),
        nw.lit(rule).alias("rule"),
        nw.lit(pick(RULES[rule], lang)).alias("message"),
        suggestion.alias("suggestion"),
    )


def _named(cases: Any) -> nw.Expr:
    """Return the name of a row: its key, or where it has none its number."""
    import narwhals as nw

    if NUMBER not in cases.collect_schema().names():
        return nw.col(NAME)
    number = nw.concat_str(nw.lit("#"), (nw.col(NUMBER) + 1).cast(nw.String))
    return (
        nw.when(~nw.col(NAME).is_null() & ~nw.col(NAME).str.contains(BLANK)).then(nw.col(NAME)).otherwise(number)
    )


def _twice(cases: Any, key: str, lang: str) -> Any:
    """Report each key that names several rows, once."""
    import narwhals as nw

    known = cases.filter(~nw.col(key).is_null(), ~nw.col(key).str.contains(BLANK))
    keys = [key, *(name for name in (READING,) if name in cases.collect_schema().names() and name != key)]
    counts = known.group_by(*keys).agg(nw.len().alias("_n")).filter(nw.col("_n") > 1)
    times = nw.concat_str(nw.col(key), nw.lit(" × "), nw.col("_n").cast(nw.String))
    return _listed(counts, nw.col(key), key, times, "key", lang, nw.lit(""))


def _nested(cases: Any, column: str, dtype: str, lang: str) -> Any:
    """Report a column of lists once: none of its values can be a code."""
    return _once(
        cases, column, dtype, "type", lang, pick(("text; join members with ;", "文本；多个取值以 ; 连接"), lang)
    )


def _once(cases: Any, column: str, value: str, rule: str, lang: str, hint: str) -> Any:
    """Report what holds of a whole column, in one row without a name; nothing of a frame without rows."""
    import narwhals as nw

    # Made of a column: of no row some engines give a literal one row of its own.
    unnamed = nw.when(nw.col(NAME).is_null()).then(nw.lit("")).otherwise(nw.lit(""))
    return _listed(cases.head(1), unnamed, column, nw.lit(value), rule, lang, nw.lit(hint))
