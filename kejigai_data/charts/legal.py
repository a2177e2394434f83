"""Charts of the legislative routes: which steps are dated, and how far apart."""

from __future__ import annotations

import textwrap
from functools import lru_cache
from typing import TYPE_CHECKING

import pandas as pd

from .. import render
from ..cases import load_cases
from ..checks import texts
from ..codebook import label
from ..digest import coded
from ..errors import SelectionError
from ..evidence import check_case
from ..instruments import main_instruments
from ..language import pick, resolve
from ..loading import grouped, records, where
from ..places import place_names
from ..render import alt
from ..words import date_in_words, word
from .parts import BLANK, DATE_LABEL, MUTED, Pair, coded_cases, heading, told

if TYPE_CHECKING:
    from collections.abc import Iterable

STEPS = ("drafted", "adopted", "approved", "promulgated", "in_force")


def _legal(cases: pd.DataFrame | None) -> list[str]:
    frame = load_cases() if cases is None else coded_cases(cases, ["case_id"])
    wanted = [str(case) for case in frame["case_id"]]
    legal = [case for case, values in coded("article").items() if values["dimension"][0] == "legal"]
    chosen = [case for case in wanted if case in legal]
    if not chosen:
        raise SelectionError(f"No legal case in the selection. The legal cases: {', '.join(sorted(legal))}.")
    return chosen


def route_steps(
    cases: pd.DataFrame | None = None, title: Pair | None = None, description: Pair | None = None
) -> alt.LayerChart:
    """Show for each legal case which steps are dated, and why the others are not.

    Parameters
    ----------
    cases : pandas.DataFrame, optional
        Legal cases; all seven without it.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        A grid of places and steps; not applicable, not found and silent look different.

    Raises
    ------
    SelectionError
        If a case has no record events.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> len(kj.charts.route_steps().to_dict()["layer"])
    2
    """
    chosen = _legal(cases)
    rows = []
    for case, steps in _main_steps(chosen).items():
        for step in STEPS:
            state, shown = _state([e for e in steps if e["event_type"] == step])
            name = case_label(case)
            said = told(name, word(step), shown if state == "dated" else word(state))
            rows.append(
                {"case": name, "step": _two_lines(step), "state": word(state), "shown": shown, "said": said}
            )
    data = pd.DataFrame(rows)
    states: tuple[str, ...] = ("dated", "not_applicable", "not_found", "silent", "not_coded")
    states = tuple(s for s in states if word(s) in set(data["state"]))
    base = alt.Chart(data).encode(
        x=alt.X(
            "step:N",
            sort=[_two_lines(s) for s in STEPS],
            title=None,
            axis=alt.Axis(
                orient="top",
                labelAngle=0,
                aria=False,
                labelPadding=4 + 15 * max(_two_lines(s).count("|") for s in STEPS),
                ticks=False,
                domain=False,
                labelExpr="split(datum.label, '|')",
            ),
        ),
        y=alt.Y(
            "case:N",
            sort=list(dict.fromkeys(data["case"])),
            title=None,
            axis=alt.Axis(ticks=False, domain=False, aria=False),
        ),
    )
    fill = {"dated": "#1B4F72", "not_applicable": BLANK, "not_found": "#E59866", "silent": "#D5D8DC"}
    scale = alt.Scale(domain=[word(s) for s in states], range=[fill.get(s, "#FFFFFF") for s in states])
    cells = base.mark_rect(stroke="#FFFFFF", strokeWidth=3, aria=False).encode(
        color=alt.Color("state:N", scale=scale)
    )
    ink = alt.condition(alt.datum.state == word("dated"), alt.value("#FFFFFF"), alt.value(render.INK))
    text = base.mark_text(fontSize=12).encode(
        text=alt.Text("shown:N"), color=ink, description=alt.Description("said:N")
    )
    height = 40 * len(chosen)
    return (cells + text).properties(width=520, height=height, **heading("steps", title, description))


def _two_lines(step: str) -> str:
    return "|".join(textwrap.wrap(word(step), 14))


def _state(found: list[dict[str, str]]) -> tuple[str, str]:
    dates = _best({e["date"] for e in found if e["date"]})
    if dates:
        return "dated", date_in_words(dates[0])
    for status, sign in (("not_applicable", "–"), ("not_found", "?"), ("silent", "…")):
        if any(e["status"] == status for e in found):
            return status, sign
    return "not_coded", ""


def _best(dates: set[str]) -> list[str]:
    """Return the most exact of several dates: a day before a month, both before a bound."""
    if not dates:
        return []
    rank = {date: (not date.startswith("../"), len(date)) for date in dates}
    return sorted(date for date in dates if rank[date] == max(rank.values()))


def case_label(case_id: str) -> str:
    """Return the place of a legal case and the form of its instrument."""
    return _case_labels(resolve())[case_id]


@lru_cache(maxsize=4)
def _case_labels(language: str) -> dict[str, str]:
    names = place_names(language)
    forms = {
        c["instrument_id"]: label("form", c["value"], language)
        for c in where("codings", "variable", "form")
        if c["layer"] == "record" and c["value"]
    }
    colon = pick((": ", "："), language)
    labels = {}
    for case in records("cases"):
        parts = (names[case["place_id"]], forms.get(main_instruments()[case["case_id"]], ""))
        labels[case["case_id"]] = colon.join(part for part in parts if part)
    return labels


def main_instrument(case_id: str) -> str:
    """Return the instrument of a case that the article means, where the record has events of it.

    Raises
    ------
    UnknownCaseError
        With the nearest identifiers.
    SelectionError
        If no outside record is coded for the case yet.
    """
    check_case(case_id)
    if case_id not in _recorded():
        raise SelectionError(
            f"{case_id} has no outside record yet. Cases that have one: {', '.join(_recorded())}."
        )
    return _recorded()[case_id]


@lru_cache(maxsize=1)
def _recorded() -> dict[str, str]:
    """Return case_id to its main instrument, for cases whose record has events of it."""
    dated = {e["instrument_id"] for e in where("events", "layer", "record")}
    return {case: main for case, main in sorted(main_instruments().items()) if main in dated}


def _main_steps(case_ids: Iterable[str]) -> dict[str, list[dict[str, str]]]:
    """Return case_id to the recorded events of its main instrument."""
    mains = {case: main_instrument(case) for case in case_ids}
    found = grouped("events", "instrument_id", mains.values())
    return {case: [e for e in found[main] if e["layer"] == "record"] for case, main in mains.items()}


def route_timeline(
    case_ids: Iterable[str], title: Pair | None = None, description: Pair | None = None
) -> alt.LayerChart:
    """Set the legislative routes of cases one under the other on one time axis.

    Parameters
    ----------
    case_ids : iterable of str
        Legal cases, for example ``["c003", "c002"]``.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        A block of rows a case: a point for each dated step (a bar where the source gives
        only a month); steps without a date say why.

    Raises
    ------
    UnknownCaseError
        With the nearest identifiers.
    SelectionError
        If a case has no outside record yet.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> datasets = kj.charts.route_timeline(["c003"]).to_dict()["datasets"].values()
    >>> [[row["shown"] for row in rows] for rows in datasets if "last" in rows[0]]
    [['2020-12-30', '2021-03-18', '2021-04-07', '2021-07-01']]
    """
    wanted = texts(case_ids, "case_ids")
    if not wanted:
        raise SelectionError('Name at least one case, for example ["c003", "c002"].')
    steps = [steps_data(case, number) for number, case in enumerate(wanted)]
    dated = [row for rows in steps for row in rows if row["first"]]
    other = [row for rows in steps for row in rows if not row["first"]]
    if not dated:
        raise SelectionError(f"No dated step is on record for {', '.join(wanted)}.")
    labels = map(case_label, wanted)
    names = [{"row": f"{number}|", "shown": text, "said": text} for number, text in enumerate(labels)]
    domain = [f"{number}|{text}" for number in range(len(wanted)) for text in ["", *map(word, STEPS), " "]][:-1]
    with alt.utils.schemapi.debug_mode(False):
        # The chart is tested as it stands; checking it again at each redraw takes most of the time.
        layers = _route_layers(dated, other, names, domain)
        size = {"width": 600, "height": 25 * len(domain)}
        chart = alt.LayerChart(layer=layers)
        return chart.properties(**size, **heading("route", title, description))


def steps_data(case_id: str, number: int) -> list[dict[str, str]]:
    """Return a row for each dated step of a route, and for each other step the word why it has no date."""
    steps = _main_steps([case_id])[case_id]
    rows: list[dict[str, str]] = []
    for step in STEPS:
        where = f"{number}|{word(step)}"
        found = [e for e in steps if e["event_type"] == step]
        dates = {e["date"]: e for e in found if e["date"]}
        if not dates:
            rows.append({"row": where, "first": "", "shown": word(_state(found)[0])})
        for date in _best(set(dates)):
            first, last = dates[date]["earliest"], dates[date]["latest"]
            rows.append({"row": where, "first": first or last, "last": last, "shown": date_in_words(date)})
    for row in rows:
        row["said"] = f"{row['row'].split('|')[1]} {row['shown']}"
    return rows


def _route_layers(
    dated: list[dict[str, str]], other: list[dict[str, str]], names: list[dict[str, str]], domain: list[str]
) -> list[alt.Chart]:
    dates = alt.Axis(labelExpr=DATE_LABEL, tickCount=6, labelAngle=0, labelOverlap="greedy")
    # The padding keeps the dates' text inside the picture; an explicit domain beside x2
    # makes Vega-Lite 5 warn on each redraw.
    x = alt.X("first:T", title=None, axis=dates, scale=alt.Scale(padding=90))
    labels = alt.Axis(ticks=False, domain=False, labelExpr="split(datum.label, '|')[1]")
    y = alt.Y("row:N", sort=domain, title=None, scale=alt.Scale(domain=domain), axis=labels)
    colour = render.DIMENSIONS["legal"]

    def on(rows: list[dict[str, str]]) -> alt.Chart:
        return alt.Chart(alt.InlineData(values=rows))

    written = {"text": alt.Text("shown:N"), "description": alt.Description("said:N")}
    layers = [
        on(dated).mark_text(align="left", dx=11, fontSize=12.5).encode(x=alt.X("last:T"), y=y, **written),
        on(names + other)
        .mark_text(align="left", dx=3)
        .encode(
            x=alt.XValue(0),
            y=y,
            **written,
            color=alt.condition("datum.first == null", alt.value(render.INK), alt.value(MUTED)),
            size=alt.condition("datum.first == null", alt.value(15), alt.value(12.5)),
        ),
    ]
    days = [row for row in dated if row["first"] == row["last"]]
    if days:
        layers.append(on(days).mark_circle(size=130, color=colour, opacity=1, aria=False).encode(x=x, y=y))
    spans = [row for row in dated if row["first"] != row["last"]]
    if spans:
        bar = on(spans).mark_rule(strokeWidth=10, color=colour, opacity=0.5, aria=False)
        layers.append(bar.encode(x=x, x2=alt.X2("last:T"), y=y))
    return layers


def waiting_days(
    cases: pd.DataFrame | None = None, title: Pair | None = None, description: Pair | None = None
) -> alt.LayerChart:
    """Show the days from adoption to force for each regulation with both on record.

    Parameters
    ----------
    cases : pandas.DataFrame, optional
        Legal cases; all without it.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        One bar a regulation, coloured by whether the province had to approve.

    Raises
    ------
    SelectionError
        If no case in the selection has both days on record.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.charts.waiting_days().to_dict()["width"]
    340
    """
    rows = []
    for case, steps in _main_steps(_legal(cases)).items():
        exact = [e for e in steps if e["earliest"] and e["earliest"] == e["latest"]]
        day = {e["event_type"]: pd.Timestamp(e["earliest"]) for e in exact}
        if {"adopted", "in_force"} <= set(day):
            gap = (day["in_force"] - day["adopted"]).days
            rows.append({"case": case_label(case), "days": gap, "approved": "approved" in day})
    for row in rows:
        row["shown"] = f"{row['days']}  {word('with_approval')}" if row["approved"] else f"{row['days']}"
        row["said"] = f"{row['case']}{pick((': ', '：'))}{row['shown']}"
    if not rows:
        raise SelectionError("No case in the selection has both days on record, of adoption and of force.")
    data = pd.DataFrame(rows).sort_values("days", ascending=False)
    base = alt.Chart(data).encode(
        y=alt.Y("case:N", sort=data["case"].tolist(), title=None, axis=alt.Axis(ticks=False, domain=False)),
        x=alt.X("days:Q", axis=None),
    )
    colour = alt.condition(alt.datum.approved, alt.value("#D55E00"), alt.value("#7FB3D5"))
    bars = base.mark_bar(cornerRadiusEnd=3, aria=False).encode(color=colour)
    numbers = base.mark_text(align="left", dx=6, fontSize=14).encode(
        text=alt.Text("shown:N"), description=alt.Description("said:N")
    )
    height = 38 * len(rows)
    return (bars + numbers).properties(
        width=340, height=height, **heading("days", title, description, word("days_note"))
    )
