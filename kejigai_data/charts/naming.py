"""Charts of what the article names, and of what it says and does not say."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pandas as pd

from .. import render
from ..checks import texts
from ..codebook import codes_of, label
from ..errors import SelectionError
from ..language import pick, resolve
from ..loading import each, records
from ..render import alt
from ..words import word
from .parts import BLANK, Pair, coded_cases, heading, told

if TYPE_CHECKING:
    from collections.abc import Iterable

WIDE = ("cluster", "corridor", "country")  # no place on the map


def tile_map(cases: pd.DataFrame, title: Pair | None = None, description: Pair | None = None) -> alt.LayerChart:
    """Show which provincial units the article names, one square a unit.

    Parameters
    ----------
    cases : pandas.DataFrame
        Cases as `load_cases` gives them, all or a selection.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        34 squares: filled where the unit itself is named, half-tone where only a city in
        it is; clusters and corridors are listed above the map. No ranking, no totals.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> chart = kj.charts.tile_map(kj.load_cases())
    >>> len(chart.to_dict()["datasets"]) > 0
    True
    """
    return tiles(coded_cases(cases, ["place_id", "province_id"]), title, description)


def tiles(
    cases: pd.DataFrame,
    title: Pair | None,
    description: Pair | None,
    named: str = "named",
    under: str = "tile_note",
) -> alt.LayerChart:
    """Draw the tile map; `named` and `under` are keys of the words for a filled square and the note."""
    places = {place["place_id"]: place for place in records("places")}
    of = [str(place) for place in dict.fromkeys(cases["place_id"].dropna())]
    strange = sorted(set(of) - set(places))
    if strange:
        raise SelectionError(f"Not in the table of places: {', '.join(strange[:5])}. find_place() gives the ids.")
    tiles = {place: row for place, row in places.items() if row["tile_row"]}
    through = set(cases["province_id"].dropna())
    states = {place: named if place in of else "city_only" if place in through else "not_named" for place in tiles}
    order = [state for state in (named, "city_only", "not_named") if state in states.values()]
    called = "short_zh" if resolve() == "zh" else "name_en"
    clusters = [places[place][called] for place in of if places[place]["level"] in WIDE]
    note = [word(under)]
    if clusters:
        note += _wrap(f"{word('clusters')}: " if resolve() == "en" else f"{word('clusters')}：", clusters)
    data = pd.DataFrame(
        [
            {
                "name": row[called],
                "what": word(states[place]),
                "said": row[called] + pick((": ", "：")) + word(states[place]),
                "tile_row": int(row["tile_row"]),
                "tile_col": int(row["tile_col"]),
            }
            for place, row in tiles.items()
        ],
        dtype=object,
    )
    fill = {named: "#1B4F72", "city_only": "#7FB3D5", "not_named": BLANK}
    drawn = squares(alt.Chart(data), {word(state): fill[state] for state in order}, word(named))
    shown = heading("tile", title, description, note)
    return drawn.properties(**shown)


def squares(chart: alt.Chart, fill: dict[str, str], dark: str) -> alt.LayerChart:
    """Draw rows (``name``, ``what``, ``said``, ``tile_row``, ``tile_col``) as squares, names white on `dark`."""
    base = chart.encode(
        x=alt.X("tile_col:O", axis=None, scale=alt.Scale(paddingInner=0.06)),
        y=alt.Y("tile_row:O", axis=None, scale=alt.Scale(paddingInner=0.06)),
    )
    colour = alt.Color(
        "what:N",
        scale=alt.Scale(domain=list(fill), range=list(fill.values())),
        legend=alt.Legend(symbolType="square", symbolSize=220, orient="top", labelLimit=0),
    )
    boxes = base.mark_rect(cornerRadius=4, aria=False).encode(
        color=colour, tooltip=[alt.Tooltip("name:N"), alt.Tooltip("what:N")]
    )
    ink = alt.condition(alt.datum.what == dark, alt.value("#FFFFFF"), alt.value(render.INK))
    names = base.mark_text(fontSize=14 if resolve() == "zh" else 11.5).encode(
        text=alt.Text("name:N"), color=ink, description=alt.Description("said:N")
    )
    return (boxes + names).properties(width=660, height=520)


def _wrap(lead: str, names: list[str], width: int = 118) -> list[str]:
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
    given = [str(code) for code in coded_cases(cases, ["list_form"])["list_form"].dropna()]
    known = codes_of("list_form")
    if not given or set(given) - set(known):
        raise SelectionError(
            f"list_forms needs the codes {known} in the column list_form: load cases without lang=."
        )
    counts = Counter(given)
    codes = [code for code in known if counts[code]]
    data = pd.DataFrame(
        {
            "form": [f"{label('list_form', code)}" for code in codes],
            "n": [counts[code] for code in codes],
            "open": [code == "open" for code in codes],
            "said": [f"{label('list_form', code)}{pick((': ', '：'))}{counts[code]}" for code in codes],
        }
    )
    base = alt.Chart(data).encode(
        y=alt.Y("form:N", sort=data["form"].tolist(), title=None, axis=alt.Axis(ticks=False, domain=False)),
        x=alt.X("n:Q", axis=None),
    )
    colour = alt.condition(alt.datum.open, alt.value("#1B4F72"), alt.value("#AAB7C4"))
    bars = base.mark_bar(cornerRadiusEnd=3, aria=False).encode(color=colour)
    numbers = base.mark_text(align="left", dx=6, fontSize=14).encode(
        text=alt.Text("n:Q"), description=alt.Description("said:N")
    )
    return (bars + numbers).properties(width=480, height=150, **heading("lists", title, description))


def evidence_status(
    variables: Iterable[str] | None = None, title: Pair | None = None, description: Pair | None = None
) -> alt.Chart:
    """Show, variable by variable, how far the article speaks of its cases.

    Parameters
    ----------
    variables : iterable of str, optional
        Case-level variables; without it, those that apply to every case.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.Chart
        One bar a variable, cut by status: silence is a category of its own.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.charts.evidence_status(["stage", "initiative"]).to_dict()["width"]
    520
    """
    known = {v["variable"]: v for v in records("variables") if v["level"] == "case"}
    general = [name for name, v in known.items() if not v["applies_to"]]
    wanted = general if variables is None else texts(variables, "variables")
    if not wanted:
        raise SelectionError(f"Name at least one variable. Allowed: {list(known)}.")
    wrong = [name for name in wanted if name not in known]
    if wrong:
        raise SelectionError(f"Not case-level variables: {wrong}. Allowed: {list(known)}.")
    order: tuple[str, ...] = ("stated", "inferred", "ambiguous", "stated_absent", "silent", "not_applicable")
    counts = Counter((c["layer"], c["variable"], c["status"]) for c in each("codings"))
    rows = [
        {"variable": known[name][f"label_{resolve()}"], "status": word(status), "n": counts[number]}
        for name in wanted
        for status in order
        if (number := ("article", name, status)) in counts
    ]
    for row in rows:
        row["said"] = told(str(row["variable"]), str(row["status"]), str(row["n"]))
        row["rank"] = [word(s) for s in order].index(str(row["status"]))
    names = [known[name][f"label_{resolve()}"] for name in wanted]
    order = tuple(status for status in order if any(row["status"] == word(status) for row in rows))
    base = alt.Chart(pd.DataFrame(rows)).encode(
        y=alt.Y("variable:N", sort=names, title=None, axis=alt.Axis(ticks=False, domain=False)),
        x=alt.X("n:Q", title=word("cases_axis"), stack="zero"),
        order=alt.Order("rank:Q"),
    )
    scale = alt.Scale(domain=[word(s) for s in order], range=[render.STATUSES[s] for s in order])
    bars = base.mark_bar(stroke="#7A8288", strokeWidth=0.5).encode(
        color=alt.Color("status:N", scale=scale, sort=[word(s) for s in order]),
        tooltip=[alt.Tooltip("variable:N"), alt.Tooltip("status:N"), alt.Tooltip("n:Q")],
        description=alt.Description("said:N"),
    )
    height = 34 * len(wanted)
    return bars.properties(width=520, height=height, **heading("status", title, description))
