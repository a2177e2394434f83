"""Charts of factor allocation: which factors are named together, which rights move, who agrees with whom."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..cases import load_cases, province_of
from ..codebook import codes_of, label
from ..errors import SelectionError
from ..events import vagueness
from ..instruments import instrument_names
from ..language import pick, resolve
from ..loading import grouped, records, where
from ..places import place_names
from ..render import alt
from ..words import date_in_words, word
from .parts import MUTED, Cell, Pair, coded_cases, colour_of, grid, heading, on

if TYPE_CHECKING:
    import pandas as pd

CLUSTERS = ("jingjinji", "changsanjiao")
MARGIN = 1.35
PALE = "#DBC48C"


def factor_pairs(
    cases: pd.DataFrame | None = None, title: Pair | None = None, description: Pair | None = None
) -> alt.LayerChart:
    """Count the cases that name two factors together, with every factor shown, named or not.

    Parameters
    ----------
    cases : pandas.DataFrame, optional
        Cases as `load_cases` gives them (codes); all without it.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        A grid of the four factors; a factor that no case names keeps its row and column.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.charts.factor_pairs().to_dict()["height"]
    136
    """
    frame = load_cases() if cases is None else coded_cases(cases, ["factors"])
    sets = [set(str(value).split(";")) for value in frame["factors"].dropna()]
    codes = codes_of("factors")
    cells = []
    for first in codes:
        for second in codes:
            if first == second:
                cells.append(Cell(label("factors", first), label("factors", second), "–"))
                continue
            number = sum({first, second} <= members for members in sets)
            colour = colour_of("factor_allocation") if number else ""
            cells.append(Cell(label("factors", first), label("factors", second), str(number), colour))
    return grid(cells, 130, 200).properties(**heading("factors", title, description, word("factors_note")))


def rights_moved(title: Pair | None = None, description: Pair | None = None) -> alt.LayerChart:
    """Show, document by document in order of time, which rights in achievements moved.

    Parameters
    ----------
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        A row a document of the ownership reform with its place and date; a filled cell for a
        right that it moves to researchers, as far as a source says; an empty one is no denial.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.charts.rights_moved().to_dict()["width"]
    380
    """
    codes = codes_of("rights")
    told = [c for c in where("codings", "variable", "rights") if c["value"] and c["layer"] == "record"]
    events = grouped("events", "instrument_id", {coding["instrument_id"] for coding in told})
    rows = []
    for coding in told:
        day, shown = _first_date(events[coding["instrument_id"]])
        if day:
            rows.append((day, shown, coding))
    cells = []
    for _, shown, coding in sorted(rows, key=lambda row: row[0]):
        name = _what(coding["instrument_id"]).removesuffix(f" ({shown[:4]})").removesuffix(f"（{shown[:4]}）")
        row = f"{coding['instrument_id']}|{shown}  {name}"
        for code in codes:
            moved = code in coding["value"].split(";")
            sign = {"stated": "●", "inferred": "○"}.get(coding["status"], "?") if moved else ""
            cells.append(Cell(row, label("rights", code), sign, colour_of("factor_allocation") if moved else ""))
    return grid(cells, 95, 430).properties(**heading("rights", title, description, word("rights_note")))


FIRST = ("adopted", "revised", "amended", "approved", "promulgated")


def _first_date(events: list[dict[str, str]]) -> tuple[str, str]:
    """Return when a document was passed or issued; only where that is not dated, its first date."""
    found = [e for e in events if e["date"] and e["layer"] != "article" and e["latest"]]
    if not found:
        return "", ""
    best = min(found, key=lambda e: (e["event_type"] not in FIRST, *vagueness(e)))
    shown = date_in_words(best["date"])
    if best["event_type"] == "in_force":
        shown = f"{shown} ({label('event_type', 'in_force').lower()})" if resolve() == "en" else f"{shown}（施行）"
    return best["earliest"] or best["latest"], shown


def _what(instrument: str) -> str:
    row = next(i for i in records("instruments") if i["instrument_id"] == instrument)
    where = place_names(resolve())[row["place_id"]]
    name = row[f"title_{resolve()}"] or next(
        (n for layer in ("record", "followup") if (n := instrument_names(layer, resolve()).get(instrument))), ""
    )
    return pick((f"{where}: {name}", f"{where}：{name}"))


def agreements(
    cluster: str = "jingjinji", title: Pair | None = None, description: Pair | None = None
) -> alt.LayerChart:
    """Draw who is a party to the cross-region instruments of a city cluster.

    Parameters
    ----------
    cluster : {"jingjinji", "changsanjiao"}
        The cluster.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        Places on a circle; a line for each instrument that two of them are parties to, as far
        as a source names the parties. More lines mean more named documents, not more cooperation.

    Raises
    ------
    SelectionError
        For another cluster.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.charts.agreements("changsanjiao").to_dict()["width"]
    620
    """
    if cluster not in CLUSTERS:
        raise SelectionError(f"No parties are recorded for {cluster!r}. Allowed: {', '.join(CLUSTERS)}.")
    of_case = {i["instrument_id"]: i["case_id"] for i in records("instruments")}
    here = {c["case_id"]: c for c in records("cases") if c["place_id"] == cluster}
    parties: dict[str, list[str]] = {}
    for row in records("parties"):
        if of_case[row["instrument_id"]] in here:
            places = parties.setdefault(row["instrument_id"], [])
            province = _province(row["place_id"])
            if province not in places:
                places.append(province)
    nodes = sorted({place for places in parties.values() for place in places})
    turn = 2 * math.pi / len(nodes)
    spot = {place: (math.sin(turn * n), math.cos(turn * n)) for n, place in enumerate(nodes)}
    links: dict[tuple[str, str], int] = {}
    for places in parties.values():
        for first in places:
            for second in places:
                if first < second:
                    links[first, second] = links.get((first, second), 0) + 1
    lowest = min(y for _, y in spot.values())
    height = round(380 * (MARGIN - lowest) / (2 * MARGIN - 0.35))
    shown = heading(f"agreements_{cluster}", title, description, word("agreements_note"))
    return _network(nodes, spot, links, lowest).properties(width=620, height=height, **shown)


def _province(place_id: str) -> str:
    return province_of(place_id, {p["place_id"]: p for p in records("places")})


def _network(
    nodes: list[str], spot: dict[str, tuple[float, float]], links: dict[tuple[str, str], int], lowest: float
) -> alt.LayerChart:
    names = place_names(resolve())
    lines: list[dict[str, Any]] = []
    for (first, second), number in links.items():
        (left, low), (right, high) = spot[first], spot[second]
        # Off the middle, where lines cross.
        at = {"mx": left + (right - left) * 0.38, "my": low + (high - low) * 0.38}
        lines.append({"x": left, "y": low, "x2": right, "y2": high, "n": number, **at})
    points = [{"x": spot[n][0], "y": spot[n][1], "name": names[n]} for n in nodes]
    across = alt.Scale(domain=[-MARGIN, MARGIN], nice=False)
    # Three places on a circle leave its lower part empty.
    down = alt.Scale(domain=[lowest - 0.35, MARGIN], nice=False)
    x = alt.X("x:Q", axis=None, scale=across)
    y = alt.Y("y:Q", axis=None, scale=down)
    # Opaque: where two half-transparent lines cross, the darker spot would look like a value.
    colour = PALE
    width = alt.StrokeWidth("n:Q", scale=alt.Scale(domain=[0, 8], range=[1, 14]), legend=None)
    middle = {"x": alt.X("mx:Q", axis=None, scale=across), "y": alt.Y("my:Q", axis=None, scale=down)}
    return alt.LayerChart(
        layer=[
            on(lines)
            .mark_rule(color=colour)
            .encode(x=x, y=y, x2=alt.X2("x2:Q"), y2=alt.Y2("y2:Q"), strokeWidth=width),
            on(lines).mark_point(size=560, filled=True, color="#FFFFFF", opacity=1, aria=False).encode(**middle),
            on(lines).mark_text(fontSize=13, color=MUTED).encode(text=alt.Text("n:Q"), **middle),
            on(points)
            .mark_point(size=6800, filled=True, fill="#FFFFFF", stroke=colour, strokeWidth=2, opacity=1)
            .encode(x=x, y=y),
            on(points).mark_text(fontSize=15, fontWeight="bold").encode(x=x, y=y, text=alt.Text("name:N")),
        ]
    )
