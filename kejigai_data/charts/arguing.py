"""The argument of the outlook as a picture: problems, trends, ideas, tasks and measures."""

from __future__ import annotations

from typing import Any

from .. import render
from ..checks import a_text
from ..errors import unknown
from ..followups import item_name
from ..language import resolve
from ..loading import records
from ..render import alt
from .parts import BLANK, MUTED, Pair, heading, on, wrapped

COLUMNS = (("problem", "trend", "idea"), ("task",), ("measure",))
WIDTH, GAP = 30.0, 5.0
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
    items = [a for a in records("agenda") if a["kind"] in {kind for kinds in COLUMNS for kind in kinds}]
    known = {item["code"]: item for item in items}
    if a_text(code, "code") and code not in known:
        raise unknown("item of the outlook", code, known)
    near = {code, known.get(code, {}).get("parent", "")} | {
        i["code"] for i in items if code and i["parent"] == code
    }
    boxes, lines, height = [], [], {}
    for number, kinds in enumerate(COLUMNS):
        column = [item for item in items if item["kind"] in kinds]
        step = 15 / len(column)
        for place, item in enumerate(column):
            height[item["code"]] = (place + 0.5) * step
            boxes.append(_box(item, number, height[item["code"]], code, near))
    for item in items:
        if item["kind"] == "measure":
            marked = item["code"] in near and item["parent"] in near
            lines.append(
                {
                    "x": 2 * WIDTH + GAP,
                    "x2": 2 * (WIDTH + GAP),
                    "y": height[item["parent"]],
                    "y2": height[item["code"]],
                    "colour": CHOSEN if marked else "#C5CBD0",
                }
            )
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, 3 * WIDTH + 2 * GAP], nice=False))
    scale = alt.Scale(domain=[0, 15], reverse=True, nice=False)
    y = alt.Y("y:Q", axis=None, scale=scale)

    drawn = alt.LayerChart(
        layer=[
            on(lines)
            .mark_rule(strokeWidth=1.5)
            .encode(x=x, x2="x2:Q", y=y, y2="y2:Q", color=alt.Color("colour:N", scale=None)),
            on(boxes)
            .mark_rect(stroke=MUTED, strokeWidth=0.5, cornerRadius=4, aria=False)
            .encode(
                x=x,
                x2="right:Q",
                y=alt.Y("above:Q", axis=None, scale=scale),
                y2="below:Q",
                color=alt.Color("fill:N", scale=None),
            ),
            on(boxes)
            .mark_text(align="left", dx=7, fontSize=12, lineBreak="\n", lineHeight=14)
            .encode(
                x=x,
                y=alt.Y("first_line:Q", axis=None, scale=scale),
                text="name:N",
                color=alt.Color("ink:N", scale=None),
            ),
        ]
    )
    note = wrapped(known[code][f"summary_{resolve()}"], 120, 60) if code else ""
    return drawn.properties(width=800, height=620, **heading("argument", title, description, note))


def _box(item: dict[str, str], column: int, height: float, code: str, near: set[str]) -> dict[str, Any]:
    left = column * (WIDTH + GAP)
    name = item_name(item)
    lines = wrapped(name, 37, 19)
    chosen = item["code"] == code
    return {
        "x": left,
        "right": left + WIDTH,
        "y": height,
        "above": height - 0.42,
        "below": height + 0.42,
        "first_line": height - 7 * (len(lines) - 1) * 15 / 620,
        "name": "\n".join(lines),
        "fill": CHOSEN if chosen else NEAR if item["code"] in near else BLANK,
        "ink": "#FFFFFF" if chosen else render.INK,
    }
