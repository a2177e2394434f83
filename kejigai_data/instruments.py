"""Instruments: which one the article means, and what each is called."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from .digest import coded
from .loading import records, where


@lru_cache(maxsize=1)
def main_instruments() -> dict[str, str]:
    """Return case_id to the instrument that the article means: the first listed for the case."""
    found: dict[str, str] = {}
    for instrument in records("instruments"):
        if instrument["case_id"]:
            found.setdefault(instrument["case_id"], instrument["instrument_id"])
    return found


@lru_cache(maxsize=1)
def ending_cases() -> set[str]:
    """Return the cases whose mechanism is that something ended: that it existed does not date them."""
    ended = {c["code"] for c in records("codes") if c["adoption_event"] == "discontinued"}
    return {case for case, values in coded("article").items() if values["mechanism"][0] in ended}


@lru_cache(maxsize=8)
def instrument_names(layer: str, lang: str) -> dict[str, str]:
    """Return instrument_id to its name in one layer; layers never lend each other names.

    Where two instruments of a case share a name the year of adoption tells them apart.
    English names fall back to the Chinese one.
    """
    names: dict[str, str] = {}
    for variable in ("name_zh", "name_en") if lang == "en" else ("name_zh",):
        for row in where("codings", "variable", variable):
            if row["value"] and row["layer"] == layer:
                names[row["instrument_id"]] = row["value"]
    adopted = {
        e["instrument_id"]: e["date"][:4]
        for e in where("events", "event_type", "adopted")
        if e["layer"] == "record" and e["date"]
    }
    cases = {i["instrument_id"]: i["case_id"] for i in records("instruments")}
    seen = Counter((cases[i], name) for i, name in names.items())
    return {
        i: f"{name} ({adopted[i]})" if seen[cases[i], name] > 1 and i in adopted else name
        for i, name in names.items()
    }
