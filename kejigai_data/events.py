"""The dated events of cases and of the national frame, told in order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from .cases import province_of
from .checks import one_of, texts
from .codebook import codes_of
from .digest import coded
from .instruments import instrument_names
from .language import resolve
from .loading import VOCABULARY, build, each, records
from .places import find_place, place_names

if TYPE_CHECKING:
    import pandas as pd

NATIONAL, WIDER = "national", "wider"
COLUMNS = (
    "event_id",
    "layer",
    "scope",
    "case_id",
    "instrument_id",
    "place_id",
    "place",
    "title",
    "about",
    "short",
    "event_type",
    "phase",
    "date",
    "earliest",
    "latest",
    "source_ids",
)


def scopes() -> list[str]:
    """Return what `chronicle` can be narrowed to: the dimensions, the national frame, the rest.

    Examples
    --------
    >>> scopes()[-3:]
    ['not_applicable', 'national', 'wider']
    """
    return [*codes_of("dimension"), "not_applicable", NATIONAL, WIDER]


def chronicle(
    scope: str | None = None,
    places: Iterable[str] | None = None,
    layer: str | None = None,
    lang: str | None = None,
) -> pd.DataFrame:
    """Tell the dated events in order, one row an event, however many sources date it.

    Parameters
    ----------
    scope : str, optional
        A dimension (``"legal"`` …), ``"not_applicable"`` (cases that fit none of the five),
        ``"national"`` (the national frame) or ``"wider"`` (local instruments that belong to
        no case: earlier texts, later developments). Everything without it.
    places : iterable of str, optional
        Only these, by id or name; a province stands for its cities too.
    layer : {"article", "record", "followup"}, optional
        Only that layer.
    lang : {"en", "zh"}, optional
        Language of names; the current one by default.

    Returns
    -------
    pandas.DataFrame
        Sorted by date: ``event_id`` (the best dated source's), ``layer``, ``scope``,
        ``case_id``, ``instrument_id``, ``place_id``, ``place``, ``title`` (our short title of the case, or the
        instrument's name), ``about`` (the instrument's name in that layer), ``short`` (our short name of it, where
        there is one), ``event_type``,
        ``phase`` (prepared, decided, begun, changed, ended, seen), ``date`` (EDTF),
        ``earliest`` and ``latest`` (``datetime64[us]``), ``source_ids`` (all that date it,
        joined with ``";"``).

    Raises
    ------
    SelectionError
        For an unknown scope or layer.
    UnknownPlaceError
        With the nearest names.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> frame = kj.chronicle("national", lang="en")
    >>> bool(frame["earliest"].dropna().is_monotonic_increasing)
    True
    """
    language = resolve(lang)
    if scope is not None:
        one_of(scope, scopes(), "scope")
    if layer is not None:
        one_of(layer, VOCABULARY["layer"], "layer")
    wanted = _wanted(places)
    names = {name: instrument_names(name, language) for name in VOCABULARY["layer"]}
    phases = {c["code"]: c["phase"] for c in records("codes") if c["variable"] == "event_type"}
    known = place_names(language)
    cases = {c["case_id"]: c for c in records("cases")}
    wider = {i["instrument_id"]: i for i in records("instruments")}
    rows = []
    for found in _by_happening(layer):
        event = found[0]
        where = _scope(event)
        place = _place(event)
        if (scope is not None and where != scope) or (wanted is not None and place not in wanted):
            continue
        about = _name(event, names)
        home = cases.get(event["case_id"]) or wider.get(event["instrument_id"], {})
        title = home.get(f"title_{language}") or about
        sources = dict.fromkeys(e["source_id"] for e in found if e["source_id"])
        rows.append(
            {
                **event,
                "scope": where,
                "place_id": place,
                "place": known[place],
                "title": title,
                "about": about,
                "short": wider.get(event["instrument_id"], {}).get(f"title_{language}") or about,
                "phase": phases[event["event_type"]],
                "source_ids": ";".join(sources),
            }
        )
    rows.sort(key=lambda row: (row["earliest"] or row["latest"], row["latest"], row["event_id"]))
    cells = {name: [row[name] for row in rows] for name in COLUMNS}
    return build(cells, {"earliest": "day", "latest": "day"})


def _name(event: dict[str, str], names: dict[str, dict[str, str]]) -> str:
    """Return the layer's own name of the instrument; where it has none, another layer's in brackets."""
    own = names[event["layer"]].get(event["instrument_id"], "")
    other = next((n[event["instrument_id"]] for n in names.values() if event["instrument_id"] in n), "")
    return own or (f"[{other}]" if other else "")


def _wanted(places: Iterable[str] | None) -> set[str] | None:
    if places is None:
        return None
    asked = {find_place(place).place_id for place in texts(places, "places")}
    known = {p["place_id"]: p for p in records("places")}
    return {place for place in known if place in asked or province_of(place, known) in asked}


def _by_happening(layer: str | None) -> list[list[dict[str, str]]]:
    """Return the dated events, those of several sources on one happening together, best dated first.

    Two rows are one happening where layer, instrument and type are the same and the dates
    have a day in common; two exact days are two.
    """
    groups: dict[tuple[str, ...], list[list[dict[str, str]]]] = {}
    rows = [e for e in each("events") if e["date"] and layer in (None, e["layer"])]
    for event in sorted(rows, key=vagueness):
        thing = event["instrument_id"] or event["case_id"] or event["event_id"]
        group = groups.setdefault((event["layer"], thing, event["event_type"]), [])
        for same in group:
            first = max(event["earliest"], same[0]["earliest"])
            last = min(event["latest"] or "9999", same[0]["latest"] or "9999")
            # Each later sighting of a body says that it was still there.
            sighting = event["event_type"] == "in_place_by" and event["date"] != same[0]["date"]
            if first <= last and not sighting:
                same.append(event)
                break
        else:
            group.append([event])
    return [same for group in groups.values() for same in group]


def vagueness(event: dict[str, str]) -> tuple[int, str]:
    """Return what sorts exact days first, then short spans, then bounds, the tightest first."""
    first, last = event["earliest"], event["latest"]
    if not (first and last):
        return 10**6, last or first
    return (date.fromisoformat(last) - date.fromisoformat(first)).days, first


def _scope(event: dict[str, str]) -> str:
    if event["case_id"]:
        return coded("article")[event["case_id"]]["dimension"][0] or "not_applicable"
    return NATIONAL if _place(event) == "china" else WIDER


def _place(event: dict[str, str]) -> str:
    """Return the place of the instrument, else of the case; the article's other events are national."""
    instruments, cases = _homes()
    return instruments.get(event["instrument_id"]) or cases.get(event["case_id"], "china")


@lru_cache(maxsize=1)
def _homes() -> tuple[dict[str, str], dict[str, str]]:
    instruments = {i["instrument_id"]: i["place_id"] for i in records("instruments")}
    return instruments, {c["case_id"]: c["place_id"] for c in records("cases")}
