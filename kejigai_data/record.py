"""How far the outside record bears a case out: derived from its events and disagreements."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from .digest import ENDS, digest
from .instruments import ending_cases, main_instruments
from .language import pick, resolve
from .loading import build, each, records, where

if TYPE_CHECKING:
    import pandas as pd

FIRST_HAND = ("official", "press", "academic")


@lru_cache(maxsize=1)
def _dating_sources() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Return case_id to the sources that date its main instrument, and to those that date any."""
    main: dict[str, set[str]] = {}
    every: dict[str, set[str]] = {}
    for row in where("events", "layer", "record"):
        if row["case_id"]:
            of_main = main.setdefault(row["case_id"], set())
            of_any = every.setdefault(row["case_id"], set())
            if row["date"]:
                of_any.add(row["source_id"])
                dates_it = row["event_type"] == "discontinued" or row["case_id"] not in ending_cases()
                if dates_it and row["instrument_id"] == main_instruments()[row["case_id"]]:
                    of_main.add(row["source_id"])
    return main, every


@lru_cache(maxsize=1)
def support() -> dict[str, str]:
    """Return case_id to the kind of sources that date its main instrument.

    ``none``, ``copies_only`` (mirrors and copies in law databases), ``one_source``,
    ``several_sources`` (at least two official, press or academic sources, which may still
    go back to one announcement).
    """
    kind = {s["source_id"]: s["kind"] for s in each("sources")}
    result = {}
    for case, sources in _dating_sources()[0].items():
        first_hand = {s for s in sources if kind[s] in FIRST_HAND}
        if not sources:
            result[case] = "none"
        elif not first_hand:
            result[case] = "copies_only"
        else:
            result[case] = "several_sources" if len(first_hand) > 1 else "one_source"
    return result


@lru_cache(maxsize=1)
def disagreements_of_cases() -> dict[str, list[dict[str, str]]]:
    """Return case_id to the rows of conflicts that touch it; the national frame is the empty id."""
    owner = {event["event_id"]: event["case_id"] for event in each("events")} | digest().case_of
    found: dict[str, list[dict[str, str]]] = {}
    for row in records("conflicts"):
        for case in {owner[row[end]] for end in ENDS if row[end]}:
            found.setdefault(case, []).append(row)
    return found


@lru_cache(maxsize=1)
def _against_the_article() -> dict[str, list[dict[str, str]]]:
    """Return case_id to the disagreements that touch what the article says, the gravest first."""
    found: dict[str, list[dict[str, str]]] = {}
    for bearing in ("contradicts", "partly"):
        for case, rows in disagreements_of_cases().items():
            found.setdefault(case, []).extend(row for row in rows if row["bearing"] == bearing)
    return found


@lru_cache(maxsize=1)
def _named() -> set[str]:
    """Return the cases whose main instrument an outside source names outright.

    Elsewhere what the sources date is our identification of what the article means.
    """
    return {case for case, instrument in digest().named if instrument == main_instruments().get(case)}


@lru_cache(maxsize=1)
def corroboration() -> dict[str, str]:
    """Return case_id to corroborated, partly, contradicted or not_found (searched in vain)."""
    main, every = _dating_sources()
    result = {}
    for case in every:
        differs = {row["bearing"] for row in _against_the_article().get(case, [])}
        if not every[case]:
            result[case] = "not_found"
        elif "contradicts" in differs:
            result[case] = "contradicted"
        else:
            borne_out = main[case] and case in _named() and not differs
            result[case] = "corroborated" if borne_out else "partly"
    return result


def load_corroboration(lang: str | None = None) -> pd.DataFrame:
    """Load how far the outside record bears each case out, with one sentence that says why.

    Parameters
    ----------
    lang : {"en", "zh"}, optional
        Language of title and sentence; the current one by default.

    Returns
    -------
    pandas.DataFrame
        One row a case, all ``string``: ``case_id``, ``title``, ``corroboration``
        (corroborated, partly, contradicted, not_found), ``support`` (several_sources,
        one_source, copies_only, none), ``sentence``. Where the record differs from the
        article the sentence first gives the reading under which both are true.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> found = kj.load_corroboration().set_index("case_id")
    >>> found.loc["c001", "corroboration"]
    'corroborated'
    """
    language = resolve(lang)
    cases = records("cases")
    ids = [case["case_id"] for case in cases]
    return build(
        {
            "case_id": ids,
            "title": [case[f"title_{language}"] for case in cases],
            "corroboration": [corroboration()[case] for case in ids],
            "support": [support()[case] for case in ids],
            "sentence": [_sentence(case, language) for case in ids],
        },
        {},
    )


def _sentence(case_id: str, language: str) -> str:
    differing = _against_the_article().get(case_id, [])
    if differing:
        return differing[0][f"note_{language}"]
    main, every = _dating_sources()
    if not every[case_id]:
        text = (
            "It was searched for, and nothing dated was found; that is not absence.",
            "已作检索，未得任何有日期的记录；这不等于没有。",
        )
    elif not main[case_id]:
        number = len(every[case_id])
        text = (
            f"What {_sources(number)} a date is a related thing, not the one that the article means.",
            f"有{number}个来源给出了相关事物的日期，文章所指的一项则没有。",
        )
    elif case_id not in _named():
        number = len(main[case_id])
        text = (
            f"What {_sources(number)} a date is our identification of what the article means.",
            f"有{number}个来源给出了日期，但所指即文章所说的事物，是本数据集的判断。",
        )
    else:
        number = len(main[case_id])
        text = (
            f"{_sources(number).capitalize()} what the article means a date; no difference was found.",
            f"有{number}个来源给出了文章所指事物的日期，未见与文章不一致之处。",
        )
    return pick(text, language)


def _sources(number: int) -> str:
    return "one source gives" if number == 1 else f"{number} sources give"
