"""The argument of the outlook as a picture: problems, trends, ideas, tasks and measures."""

from __future__ import annotations

from typing import Any

from .. import render
from ..checks import a_text
from ..errors import unknown
from ..followups import item_name
from ..language import pick, resolve
from ..loading import records
from ..render import alt
from .parts import BLANK, MUTED, Pair, heading, menu, on, wrapped

COLUMNS = (("problem", "trend", "idea"), ("task",), ("measure",))
WIDTH, GAP, ROWS = 30.0, 5.0, 15
WIDE, HIGH = 800, 560
CHOSEN, NEAR = "#1B4F72", "#D4E6F1"


def argument_map(code: str = "", title: Pair | None = None, description: Pair | None = None) -> alt.LayerChart:
    """Draw the argument of the article's outlook, one item and its neighbours marked.

    Parameters
    ----------
    code : str
        An item of ``load("agenda")`` to mark with its parent and parts: a problem, trend,
        idea, task or measure; nothing is marked when empty.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        Three columns: why (problems, trends, ideas), the tasks, the measures. A line joins a
        task with its measures; under the title what the item marked says. The article draws no
        line from a single problem to a single task.

    Raises
    ------
    UnknownNameError
        If the outlook has no such item.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> len(kj.charts.argument_map("task_1").to_dict()["layer"])
    3
    """
    known = _items()
    if a_text(code, "code") and code not in known:
        raise unknown("item of the outlook", code, known)
    note = _note(known[code]) if code else ""
    drawn = _map(known).add_params(alt.param(name="chosen", value=code))
    return drawn.properties(**heading("argument", title, description, note))


def choose_argument(
    code: str = "task_1", title: Pair | None = None, description: Pair | None = None
) -> alt.LayerChart:
    """Draw the same map with a menu in the chart for the item that is marked.

    Parameters
    ----------
    code : str
        The item to begin with.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        As `argument_map` for one item, with a menu that needs no kernel.

    Raises
    ------
    UnknownNameError
        If the outlook has no such item.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> len(kj.charts.choose_argument().to_dict()["params"][0]["bind"]["options"])
    29
    """
    known = _items()
    if a_text(code, "code") not in known:
        raise unknown("item of the outlook", code, known)
    notes = [
        {"code": key, "note": "\n".join(_note(item)), "said": item[f"summary_{resolve()}"]}
        for key, item in known.items()
    ]
    said = (
        on(notes)
        .transform_filter("datum.code === chosen")
        .mark_text(align="left", fontSize=12, lineBreak="\n", lineHeight=16, color=MUTED)
    )
    lines = max(entry["note"].count("\n") for entry in notes) + 1
    above = said.encode(
        x=alt.XValue(0), y=alt.YValue(-16 * lines), text=alt.Text("note:N"), description=alt.Description("said:N")
    )
    shown = heading("argument", title, description)
    names = {key: item_name(item) for key, item in known.items()}
    drawn = alt.LayerChart(layer=[*_map(known).layer, above]).add_params(
        menu("chosen", "choose_item", names, code)
    )
    return drawn.properties(width=WIDE, height=HIGH, **shown)


def _items() -> dict[str, dict[str, str]]:
    kinds = {kind for kinds in COLUMNS for kind in kinds}
    return {item["code"]: item for item in records("agenda") if item["kind"] in kinds}


def _note(item: dict[str, str]) -> list[str]:
    return wrapped(item[f"summary_{resolve()}"], 120, 60)


def _map(known: dict[str, dict[str, str]]) -> alt.LayerChart:
    """Draw boxes and lines; what the parameter ``chosen`` names is marked, with its parent and parts."""
    boxes, lines, height = [], [], {}
    for number, kinds in enumerate(COLUMNS):
        column = [item for item in known.values() if item["kind"] in kinds]
        step = ROWS / len(column)
        for place, item in enumerate(column):
            height[item["code"]] = (place + 0.5) * step
            boxes.append(_box(item, number, height[item["code"]], known))
    for item in known.values():
        if item["kind"] == "measure":
            ends = {"y": height[item["parent"]], "y2": height[item["code"]]}
            between = {"x": 2 * WIDTH + GAP, "x2": 2 * (WIDTH + GAP)}
            lines.append({"code": item["code"], "parent": item["parent"], **between, **ends})
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, 3 * WIDTH + 2 * GAP], nice=False))
    scale = alt.Scale(domain=[0, ROWS], reverse=True, nice=False)

    def y(field: str) -> alt.Y:
        return alt.Y(field, axis=None, scale=scale)

    itself, below = "datum.code === chosen", "datum.parent === chosen"
    chosen, near = pick((" (chosen)", "（已选）")), pick((" (joined to it)", "（与之相连）"))
    joined = f"chosen && ({below} || indexof(datum.parts, chosen) >= 0)"
    box = on(boxes).transform_calculate(
        fill=f"{itself} ? '{CHOSEN}' : {joined} ? '{NEAR}' : '{BLANK}'",
        ink=f"{itself} ? '#FFFFFF' : '{render.INK}'",
        told=f"datum.said + ({itself} ? '{chosen}' : {joined} ? '{near}' : '')",
    )
    line = on(lines).transform_calculate(colour=f"{itself} || {below} ? '{CHOSEN}' : '#C5CBD0'")
    colour = {field: alt.Color(f"{field}:N", scale=None) for field in ("fill", "ink", "colour")}
    rules = line.mark_rule(strokeWidth=1.5, aria=False)
    rects = box.mark_rect(stroke=MUTED, strokeWidth=0.5, cornerRadius=4, aria=False)
    names = box.mark_text(align="left", dx=7, fontSize=12, lineBreak="\n", lineHeight=14)
    layers = [
        rules.encode(x=x, x2=alt.X2("x2:Q"), y=y("y:Q"), y2=alt.Y2("y2:Q"), color=colour["colour"]),
        rects.encode(x=x, x2=alt.X2("right:Q"), y=y("above:Q"), y2=alt.Y2("below:Q"), color=colour["fill"]),
        names.encode(
            x=x,
            y=y("first_line:Q"),
            text=alt.Text("name:N"),
            color=colour["ink"],
            description=alt.Description("told:N"),
        ),
    ]
    return alt.LayerChart(layer=layers).properties(width=WIDE, height=HIGH)


def _box(item: dict[str, str], column: int, height: float, known: dict[str, dict[str, str]]) -> dict[str, Any]:
    left = column * (WIDTH + GAP)
    name = item_name(item)
    lines = wrapped(name, 37, 19)
    parts = [other["code"] for other in known.values() if other["parent"] == item["code"]]
    return {
        "code": item["code"],
        "parent": item["parent"],
        "x": left,
        "right": left + WIDTH,
        "above": height - 0.42,
        "below": height + 0.42,
        "first_line": height - 7 * (len(lines) - 1) * ROWS / HIGH,
        "name": "\n".join(lines),
        "said": name,
        "parts": parts,
    }
