"""What is asked most of the codings, gathered in one reading of their long file."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from .loading import each, records

# The columns of `conflicts` that name what disagrees.
ENDS = ("left_coding", "right_coding", "left_event", "right_event")
CODED = ("case_id", "variable", "value", "status", "locator")
Values = dict[str, dict[str, tuple[str, str, str]]]


class Digest(NamedTuple):
    """What `digest` gathers.

    `values` holds layer to case_id to variable to (value, status, locator), case level;
    `instruments` (layer, case_id) to how many instruments it has there; `case_of` the case of
    each coding in a conflict; `named` the (case_id, instrument_id) whose name the record states.
    """

    values: dict[str, Values]
    instruments: Counter[tuple[str, str]]
    case_of: dict[str, str]
    named: set[tuple[str, str]]


@lru_cache(maxsize=1)
def digest() -> Digest:
    """Read the codings once, and hold of them only this."""
    in_conflict = {row[end] for row in records("conflicts") for end in ENDS}
    values: dict[str, Values] = {}
    of_layers, case_of, named = set(), {}, set()
    once: dict[str, str] = {}
    for row in each("codings"):
        layer, instrument = row["layer"], row["instrument_id"]
        case, variable, value, status, locator = (once.setdefault(row[name], row[name]) for name in CODED)
        if row["coding_id"] in in_conflict:
            case_of[row["coding_id"]] = case
        if instrument:
            of_layers.add((layer, case, instrument))
            if (layer, variable, status) == ("record", "name_zh", "stated"):
                named.add((case, instrument))
        else:
            values.setdefault(layer, {}).setdefault(case, {})[variable] = (value, status, locator)
    return Digest(values, Counter((layer, case) for layer, case, _ in of_layers), case_of, named)


def coded(layer: str) -> Values:
    """Return case_id to variable to (value, status, locator), one layer, case level."""
    return digest().values.get(layer, {})
