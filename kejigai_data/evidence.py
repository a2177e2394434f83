"""Open a case down to its sources: every value, every event, every conflict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .checks import a_text, one_of
from .digest import ENDS
from .errors import UnknownCaseError, nearest
from .instruments import instrument_names
from .language import resolve
from .loading import VOCABULARY, build, records, where

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "layer",
    "about",
    "variable",
    "value",
    "status",
    "source_id",
    "locator",
    "conflict",
    "rule",
    "comment",
    "row_id",
)


def check_case(case_id: str) -> dict[str, str]:
    """Return the row of a case, or raise `UnknownCaseError`."""
    a_text(case_id, "case")
    known = {c["case_id"]: c for c in records("cases")}
    if case_id not in known:
        raise UnknownCaseError(f"Unknown case: {case_id!r}. {nearest(case_id, known)}")
    return known[case_id]


def show_evidence(case_id: str, layer: str | None = None, lang: str | None = None) -> pd.DataFrame:
    """Show what is known of a case, value by value and event by event.

    Parameters
    ----------
    case_id : str
        For example ``"c001"``.
    layer : {"article", "record", "followup"}, optional
        Only that layer.
    lang : {"en", "zh"}, optional
        Language of labels; the current one by default.

    Returns
    -------
    pandas.DataFrame
        All ``string``: ``layer``, ``about`` (the case or the instrument's name),
        ``variable``, ``value`` (labels), ``status``, ``source_id``, ``locator``,
        ``conflict`` (the note, where the row disagrees with another), ``rule``,
        ``comment``, ``row_id``.

    Raises
    ------
    UnknownCaseError
        With the nearest identifiers.
    SelectionError
        For an unknown layer.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> evidence = kj.show_evidence("c001")
    >>> evidence.loc[evidence["source_id"].isna(), "status"].unique().tolist()
    ['not_found']
    """
    check_case(case_id)
    if layer is not None:
        one_of(layer, VOCABULARY["layer"], "layer")
    language = resolve(lang)
    labels = {(c["variable"], c["code"]): c[f"label_{language}"] for c in records("codes")}
    variables = {v["variable"]: v[f"label_{language}"] for v in records("variables")}
    names = {name: instrument_names(name, language) for name in VOCABULARY["layer"]}
    notes = _conflict_notes(language)
    the_case = {"en": "case", "zh": "案例"}[language]
    rows: list[tuple[str, ...]] = []
    for c in where("codings", "case_id", case_id):
        if layer in (None, c["layer"]):
            known = [labels.get((c["variable"], part), part) for part in c["value"].split(";")]
            shown = {"en": "; ", "zh": "；"}[language].join(known)
            about = _about(c, names) or the_case
            rows.append(_row(c, about, variables[c["variable"]], shown, notes, c["coding_id"]))
    for e in where("events", "case_id", case_id):
        if layer in (None, e["layer"]):
            about = _about(e, names) or the_case
            event = labels[("event_type", e["event_type"])]
            rows.append(_row(e, about, event, e["date"], notes, e["event_id"]))
    rows.sort(key=lambda row: row[0])
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(COLUMNS)
    return build(dict(zip(COLUMNS, cells, strict=True)), {})


def disagreements_first(evidence: pd.DataFrame) -> pd.DataFrame:
    """Return evidence with what sources disagree on at the top: in a long table it would be out of sight."""
    return evidence.sort_values("conflict", key=lambda notes: notes.isna(), kind="stable")


def _about(row: dict[str, str], names: dict[str, dict[str, str]]) -> str:
    """Return the layer's own name of an instrument; where it has none, another layer's in brackets."""
    instrument = row["instrument_id"]
    borrowed = next((known[instrument] for known in names.values() if instrument in known), instrument)
    return names[row["layer"]].get(instrument) or (f"[{borrowed}]" if instrument else "")


def _row(
    row: dict[str, str], about: str, variable: str, value: str, notes: dict[str, str], row_id: str
) -> tuple[str, ...]:
    status = row["status"] or ("inferred" if row["rule"] else "stated")
    found = (row["source_id"], row["locator"])
    rest = (notes.get(row_id, ""), row["rule"], row["comment"], row_id)
    return (row["layer"], about, variable, value, status, *found, *rest)


def _conflict_notes(language: str) -> dict[str, str]:
    notes: dict[str, str] = {}
    for conflict in records("conflicts"):
        for end in ENDS:
            if conflict[end]:
                notes[conflict[end]] = conflict[f"note_{language}"]
    return notes
