"""Charts: plain functions, a frame in, an Altair chart out.

Titles and descriptions follow the current language (`kejigai_data.use`); a lesson may give
its own as ``title=(en, zh)``. A title states a finding or asks the question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from . import render
from .cases import load_cases
from .codebook import label
from .errors import SelectionError
from .evidence import check_case
from .language import pick, resolve
from .loading import load, load_places, records
from .render import alt
from .words import word

if TYPE_CHECKING:
    from collections.abc import Iterable

render.enable()

Pair = tuple[str, str]
STEPS = ("drafted", "adopted", "approved", "promulgated", "in_force")
BLANK = "#ECEFF1"


def _heading(key: str, title: Pair | None, description: Pair | None, subtitle: str = "") -> dict[str, Any]:
    text = pick(title) if title else word(f"{key}_title")
    about = pick(description) if description else word(f"{key}_description")
    shown = alt.Title(text, subtitle=[subtitle]) if subtitle else alt.Title(text)
    return {"title": shown, "description": f"{text} {about}"}


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with text as objects and days as ISO text, the same on every pandas."""
    result = frame.astype(object)
    return result.where(result.notna(), None)


def tile_map(cases: pd.DataFrame, title: Pair | None = None, description: Pair | None = None) -> alt.Chart:
    """Show which provincial units the article names, one square a unit.

    Parameters
    ----------
    cases : pandas.DataFrame
        Cases as `load_cases` gives them, all or a selection.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.Chart
        34 squares: filled where the unit itself is named, half-tone where only a city in
        it is; clusters and corridors are listed under the map. No ranking, no totals.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> chart = kj.charts.tile_map(kj.load_cases())
    >>> len(chart.to_dict()["datasets"]) > 0
    True
    """
    places = load_places()
    tiles = places[places["tile_row"].notna()].copy()
    itself = set(cases.loc[cases["place_id"].isin(tiles["place_id"]), "place_id"])
    through = set(cases["province_id"].dropna()) - itself
    tiles["state"] = [
        "named" if p in itself else "city_only" if p in through else "not_named" for p in tiles["place_id"]
    ]
    order = ["named", "city_only", "not_named"]
    tiles["what"] = [word(state) for state in tiles["state"]]
    tiles["name"] = tiles["short_zh" if resolve() == "zh" else "name_en"]
    short = places.set_index("place_id")["short_zh" if resolve() == "zh" else "name_en"]
    clusters = [short[p] for p in dict.fromkeys(cases["place_id"]) if p in short and p not in set(_units(places))]
    note = [word("tile_note")]
    if clusters:
        note += _wrap(f"{word('clusters')}: " if resolve() == "en" else f"{word('clusters')}：", clusters)
    data = _plain(tiles[["name", "what", "tile_row", "tile_col"]])
    base = alt.Chart(data).encode(
        x=alt.X("tile_col:O", axis=None, scale=alt.Scale(paddingInner=0.06)),
        y=alt.Y("tile_row:O", axis=None, scale=alt.Scale(paddingInner=0.06)),
    )
    colour = alt.Color(
        "what:N",
        scale=alt.Scale(domain=[word(s) for s in order], range=["#1B4F72", "#7FB3D5", BLANK]),
        legend=alt.Legend(symbolType="square", symbolSize=220, orient="top"),
    )
    squares = base.mark_rect(cornerRadius=4).encode(color=colour, tooltip=["name:N", "what:N"])
    ink = alt.condition(alt.datum.what == word("named"), alt.value("#FFFFFF"), alt.value(render.INK))
    names = base.mark_text(fontSize=14 if resolve() == "zh" else 11.5).encode(text="name:N", color=ink)
    heading = _heading("tile", title, description)
    heading["title"] = alt.Title(heading["title"].text, subtitle=note)
    return (squares + names).properties(width=660, height=520, **heading)


def _units(places: pd.DataFrame) -> Iterable[str]:
    return places.loc[~places["level"].isin(["cluster", "corridor"]), "place_id"]


def _wrap(lead: str, names: list[str], width: int = 96) -> list[str]:
    joint = "、" if resolve() == "zh" else ", "
    lines, line = [], lead
    for i, name in enumerate(names):
        part = name + (joint if i < len(names) - 1 else "")
        if len(line) + len(part) > (width if resolve() == "en" else width // 2):
            lines.append(line.rstrip())
            line = ""
        line += part
    return [*lines, line]


def list_forms(cases: pd.DataFrame, title: Pair | None = None, description: Pair | None = None) -> alt.LayerChart:
    """Count cases by the form of the list that names them.

    Parameters
    ----------
    cases : pandas.DataFrame
        Cases as `load_cases` gives them (codes, not labels).
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        One bar a form of list, with its number beside it.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.charts.list_forms(kj.load_cases()).to_dict()["height"]
    150
    """
    counts = cases["list_form"].value_counts(sort=False)
    codes = [code for code in counts.index if counts[code] > 0]
    data = pd.DataFrame(
        {
            "form": [f"{label('list_form', code)}" for code in codes],
            "n": [int(counts[code]) for code in codes],
            "open": [code == "open" for code in codes],
        }
    )
    base = alt.Chart(data).encode(
        y=alt.Y("form:N", sort=data["form"].tolist(), title=None, axis=alt.Axis(ticks=False, domain=False)),
        x=alt.X("n:Q", axis=None),
    )
    colour = alt.condition(alt.datum.open, alt.value("#1B4F72"), alt.value("#AAB7C4"))
    bars = base.mark_bar(cornerRadiusEnd=3).encode(color=colour)
    numbers = base.mark_text(align="left", dx=6, fontSize=14).encode(text="n:Q")
    return (bars + numbers).properties(width=480, height=150, **_heading("lists", title, description))


def evidence_status(
    variables: Iterable[str] | None = None, title: Pair | None = None, description: Pair | None = None
) -> alt.LayerChart:
    """Show, variable by variable, how far the article speaks of its cases.

    Parameters
    ----------
    variables : iterable of str, optional
        Case-level variables; without it, those that apply to every case, and the date.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        One bar a variable, cut by status: silence is a category of its own.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.charts.evidence_status(["stage", "initiative"]).to_dict()["width"]
    520
    """
    known = {v["variable"]: v for v in records("variables") if v["level"] == "case"}
    wanted = list(variables) if variables else [n for n, v in known.items() if not v["applies_to"]]
    wrong = [name for name in wanted if name not in known]
    if wrong:
        raise SelectionError(f"Not case-level variables: {wrong}. Allowed: {list(known)}.")
    order = ("stated", "inferred", "ambiguous", "silent", "not_applicable")
    frame = load("codings")
    frame = frame[(frame["layer"] == "article") & frame["variable"].isin(wanted)]
    counts = frame.groupby(["variable", "status"], observed=True).size()
    rows = [
        {"variable": known[name][f"label_{resolve()}"], "status": word(status), "n": int(counts[name, status])}
        for name in wanted
        for status in order
        if (name, status) in counts.index
    ]
    for row in rows:
        row["rank"] = [word(s) for s in order].index(str(row["status"]))
    names = [known[name][f"label_{resolve()}"] for name in wanted]
    base = alt.Chart(pd.DataFrame(rows)).encode(
        y=alt.Y("variable:N", sort=names, title=None, axis=alt.Axis(ticks=False, domain=False)),
        x=alt.X("n:Q", title=word("cases_axis"), stack="zero"),
        order=alt.Order("rank:Q"),
    )
    scale = alt.Scale(domain=[word(s) for s in order], range=[render.STATUSES[s] for s in order])
    bars = base.mark_bar(stroke="#7A8288", strokeWidth=0.5).encode(
        color=alt.Color("status:N", scale=scale, sort=[word(s) for s in order]),
        tooltip=["variable:N", "status:N", "n:Q"],
    )
    height = 34 * len(wanted)
    return bars.properties(width=520, height=height, **_heading("status", title, description))


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
    frame = load_cases() if cases is None else cases
    frame = frame[frame["dimension"] == "legal"]
    rows = []
    for case in frame["case_id"]:
        steps = _main_steps(case)
        for step in STEPS:
            found = steps[steps["event_type"] == step]
            state, shown = _state(found)
            rows.append({"case": _case_label(case), "step": word(step), "state": word(state), "shown": shown})
    if not rows:
        raise SelectionError("No legal case in the selection: route_steps shows cases of the legal dimension.")
    data = pd.DataFrame(rows)
    states = ("dated", "not_applicable", "not_found", "silent", "not_coded")
    states = tuple(s for s in states if word(s) in set(data["state"]))
    base = alt.Chart(data).encode(
        x=alt.X(
            "step:N",
            sort=[word(s) for s in STEPS],
            title=None,
            axis=alt.Axis(orient="top", labelAngle=0, ticks=False, domain=False),
        ),
        y=alt.Y("case:N", sort=list(dict.fromkeys(data["case"])), title=None, axis=alt.Axis(ticks=False, domain=False)),
    )
    fill = {"dated": "#1B4F72", "not_applicable": BLANK, "not_found": "#E59866", "silent": "#D5D8DC"}
    scale = alt.Scale(domain=[word(s) for s in states], range=[fill.get(s, "#FFFFFF") for s in states])
    cells = base.mark_rect(stroke="#FFFFFF", strokeWidth=3).encode(color=alt.Color("state:N", scale=scale))
    ink = alt.condition(alt.datum.state == word("dated"), alt.value("#FFFFFF"), alt.value(render.INK))
    text = base.mark_text(fontSize=12).encode(text="shown:N", color=ink)
    height = 40 * frame.shape[0]
    return (cells + text).properties(width=640, height=height, **_heading("steps", title, description))


def _state(found: pd.DataFrame) -> tuple[str, str]:
    dated = found[found["date"].notna()]
    if len(dated):
        finest = max(dated["date"], key=len)
        return "dated", str(finest).replace("../", "≤ ")
    for status in ("not_applicable", "not_found", "silent"):
        if (found["status"] == status).any():
            return status, {"not_applicable": "–", "not_found": "?", "silent": "…"}[status]
    return "not_coded", ""


def _case_label(case_id: str) -> str:
    place = {p["place_id"]: p for p in records("places")}[check_case(case_id)["place_id"]]
    name = place["short_zh"] if resolve() == "zh" else place["name_en"]
    forms = [
        c["value"]
        for c in records("codings")
        if c["case_id"] == case_id
        and c["variable"] == "form"
        and c["layer"] == "record"
        and c["instrument_id"] == main_instrument(case_id)
    ]
    form = label("form", forms[0]) if forms else ""
    return name + pick((": ", "：")) + form if form else name


def main_instrument(case_id: str) -> str:
    """Return the instrument of a case that the article means, the first with a record.

    Raises
    ------
    UnknownCaseError
        With the nearest identifiers.
    SelectionError
        If no outside record is coded for the case yet.
    """
    check_case(case_id)
    dated = {e["instrument_id"] for e in records("events") if e["case_id"] == case_id and e["layer"] == "record"}
    for instrument in records("instruments"):
        if instrument["case_id"] == case_id and instrument["instrument_id"] in dated:
            return instrument["instrument_id"]
    raise SelectionError(f"{case_id} has no outside record yet; the legal cases c001 to c007 have theirs.")


def _main_steps(case_id: str) -> pd.DataFrame:
    events = load("events")
    chosen = main_instrument(case_id)
    return events[(events["instrument_id"] == chosen) & (events["layer"] == "record")]


def route_timeline(
    case_ids: Iterable[str], title: Pair | None = None, description: Pair | None = None
) -> alt.VConcatChart:
    """Set the legislative routes of cases one under the other on one time axis.

    Parameters
    ----------
    case_ids : iterable of str
        Legal cases, for example ``["c003", "c002"]``.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.VConcatChart
        A panel a case: a point for each dated step (a bar where the source gives only a
        month or a bound); steps without a date say why.

    Raises
    ------
    UnknownCaseError
        With the nearest identifiers.
    SelectionError
        If a case has no outside record yet.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> len(kj.charts.route_timeline(["c003", "c002"]).to_dict()["vconcat"])
    2
    """
    wanted = list(case_ids)
    panels = {case: _steps_data(case) for case in wanted}
    days = [day for rows in panels.values() for r in rows for day in (r["first"], r["last"]) if day]
    if not days:
        raise SelectionError(f"No dated step is on record for {', '.join(wanted)}.")
    start, end = pd.Timestamp(min(days)), pd.Timestamp(max(days))
    margin = max((end - start) / 12, pd.Timedelta(days=20))
    edges = [day.strftime("%Y-%m-%d") for day in (start - margin, end + 2 * margin)]
    charts = [_route_panel(_case_label(case), rows, edges) for case, rows in panels.items()]
    heading = _heading("route", title, description)
    return alt.vconcat(*charts, spacing=18).properties(**heading)


def _steps_data(case_id: str) -> list[dict[str, str]]:
    steps = _main_steps(case_id)
    rows = []
    for step in STEPS:
        found = steps[steps["event_type"] == step]
        dated = found[found["date"].notna() & found["earliest"].notna()].drop_duplicates("date")
        state, _ = _state(found)
        if len(dated):
            finest = dated[dated["date"].str.len() == dated["date"].str.len().max()]
            for event in finest.itertuples():
                rows.append(
                    {
                        "step": word(step),
                        "first": event.earliest.strftime("%Y-%m-%d"),
                        "last": event.latest.strftime("%Y-%m-%d"),
                        "shown": str(event.date),
                    }
                )
        elif state == "dated":
            bound = found[found["date"].notna()].iloc[0]
            last = bound["latest"].strftime("%Y-%m-%d")
            rows.append({"step": word(step), "first": last, "last": last, "shown": f"≤ {last}"})
        else:
            rows.append({"step": word(step), "first": "", "last": "", "shown": word(state)})
    return rows


def _route_panel(name: str, rows: list[dict[str, str]], edges: list[str]) -> alt.LayerChart:
    data = pd.DataFrame(rows)
    dated, other = data[data["first"] != ""], data[data["first"] == ""].copy()
    other["first"] = edges[0]
    axis = alt.Axis(format="%Y-%m", tickCount=6, labelAngle=0)
    x = alt.X("first:T", title=None, axis=axis)
    steps = [word(s) for s in STEPS]
    y = alt.Y("step:N", sort=steps, title=None, scale=alt.Scale(domain=steps), axis=alt.Axis(ticks=False, domain=False))
    colour = render.DIMENSIONS["legal"]
    bars = alt.Chart(dated).mark_rule(strokeWidth=8, color=colour, opacity=0.35).encode(x=x, x2="last:T", y=y)
    points = alt.Chart(dated).mark_circle(size=130, color=colour, opacity=1).encode(x=x, y=y)
    dates = alt.Chart(dated).mark_text(align="left", dx=11, fontSize=12.5).encode(x=x, y=y, text="shown:N")
    whys = alt.Chart(other).mark_text(align="left", dx=6, fontSize=12.5, color="#6B7177", fontStyle="italic")
    # Unseen marks at both edges give every panel the same axis; an explicit domain beside
    # x2 makes Vega-Lite 5 warn on each redraw.
    frame = alt.Chart(pd.DataFrame({"first": edges})).mark_point(opacity=0).encode(x=x)
    layers = [frame, bars, points, dates] + ([whys.encode(x=x, y=y, text="shown:N")] if len(other) else [])
    return alt.layer(*layers).properties(
        width=560, height=150, title=alt.Title(name, fontSize=14, offset=4, fontWeight="normal")
    )


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

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.charts.waiting_days().to_dict()["width"]
    460
    """
    frame = load_cases() if cases is None else cases
    frame = frame[frame["dimension"] == "legal"]
    rows = []
    for case in frame["case_id"]:
        steps = _main_steps(case)
        exact = steps[steps["earliest"].notna() & (steps["earliest"] == steps["latest"])]
        day = exact.drop_duplicates("event_type").set_index("event_type")["earliest"]
        if {"adopted", "in_force"} <= set(day.index):
            gap = (day["in_force"] - day["adopted"]).days
            rows.append({"case": _case_label(case), "days": int(gap), "approved": "approved" in day.index})
    for row in rows:
        row["shown"] = f"{row['days']}  {word('with_approval')}" if row["approved"] else f"{row['days']}"
    data = pd.DataFrame(rows).sort_values("days", ascending=False)
    base = alt.Chart(data).encode(
        y=alt.Y("case:N", sort=data["case"].tolist(), title=None, axis=alt.Axis(ticks=False, domain=False)),
        x=alt.X("days:Q", axis=None),
    )
    colour = alt.condition(alt.datum.approved, alt.value("#D55E00"), alt.value("#7FB3D5"))
    bars = base.mark_bar(cornerRadiusEnd=3).encode(color=colour)
    numbers = base.mark_text(align="left", dx=6, fontSize=14).encode(text="shown:N")
    height = 38 * len(rows)
    return (bars + numbers).properties(width=460, height=height, **_heading("days", title, description))

