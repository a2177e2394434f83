"""Charts of the organisational cases: founding dates against the rounds of reform, and who heads what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..cases import load_cases
from ..codebook import label
from ..evidence import check_case
from ..instruments import main_instruments
from ..language import resolve
from ..loading import where
from ..render import alt
from ..words import word
from .comparing import mechanisms_dated
from .parts import MUTED, Cell, Pair, colour_of, grid, heading, on

if TYPE_CHECKING:
    from collections.abc import Iterable

PARTY_BODIES = ("party_decision_body", "party_dispatched_organ", "dual_headed_leading_group")


def founded_and_rounds(
    mechanisms: Iterable[str] = PARTY_BODIES, title: Pair | None = None, description: Pair | None = None
) -> alt.LayerChart:
    """Set founding dates on record against the national rounds of institutional reform.

    Parameters
    ----------
    mechanisms : iterable of str
        Codes of mechanisms; the three types of Party body without it.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        What `mechanisms_dated` draws, with a line at the latest day by which the plan of each
        round was public.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.charts.founded_and_rounds().to_dict()["width"]
    520
    """
    chart = mechanisms_dated(mechanisms, title, description)
    plans = {
        c["instrument_id"]
        for c in where("codings", "variable", "form")
        if c["value"] == "institutional_reform_plan" and c["layer"] == "record"
    }
    party = {
        c["instrument_id"]
        for c in where("codings", "variable", "channel")
        if c["value"].startswith("party") and c["instrument_id"] in plans
    }
    rounds = [
        {"day": e["latest"], "shown": e["latest"][:4]}
        for e in where("events", "event_type", "promulgated")
        if e["instrument_id"] in party and not e["case_id"]
    ]
    base = on(rounds).encode(x=alt.X("day:T"))
    lines = base.mark_rule(strokeDash=[4, 3], color=MUTED, aria=False)
    names = base.mark_text(align="left", dx=4, fontSize=12, color=MUTED).encode(
        text=alt.Text("shown:N"), y=alt.YValue(-6)
    )
    shown = heading("rounds", title, description, [word("rounds_note"), word("timeline_note")])
    layered = alt.LayerChart(layer=[lines, names, *chart.layer])
    return layered.properties(width=520, height=chart.height, **shown)


def heads(
    cases: Iterable[str] | None = None, title: Pair | None = None, description: Pair | None = None
) -> alt.LayerChart:
    """Set beside one another who heads each Party body by the article and by the record.

    Parameters
    ----------
    cases : iterable of str, optional
        Organisational cases; all whose body was not discontinued without it.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        A row a body; a filled cell where a title of head was read, else why there is none.

    Raises
    ------
    UnknownCaseError
        With the nearest identifiers.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.charts.heads(["c008", "c014"]).to_dict()["height"]
    68
    """
    frame = load_cases()
    if cases is None:
        chosen = frame[frame["mechanism"].isin(PARTY_BODIES)].sort_values("mechanism", kind="stable")
    else:
        ids = [str(case) for case in cases]
        for case in ids:
            check_case(case)
        chosen = frame[frame["case_id"].isin(ids)]
    coded = {
        (c["instrument_id"], c["layer"]): c
        for c in where("codings", "variable", "headed_by")
        if c["layer"] in ("article", "record")
    }
    cells = []
    for case in chosen.itertuples():
        row = f"{label('mechanism', case.mechanism)} · {getattr(case, f'place_{resolve()}')}"
        for layer in ("article", "record"):
            coding = coded.get((main_instruments()[case.case_id], layer))
            cells.append(_head_cell(f"{case.case_id}|{row}", layer, coding))
    return grid(cells, 230).properties(**heading("heads", title, description))


def _head_cell(row: str, layer: str, coding: dict[str, str] | None) -> Cell:
    if coding is None:
        return Cell(row, word(layer), word("not_coded"))
    if not coding["value"]:
        return Cell(row, word(layer), word(coding["status"]))
    shown = label("headed_by", coding["value"])
    if coding["status"] == "ambiguous":
        shown = f"{shown} ({word('ambiguous')})" if resolve() == "en" else f"{shown}（{word('ambiguous')}）"
    return Cell(row, word(layer), shown, colour_of("organisational"), coding["status"] == "ambiguous")
