"""The schema as a picture: the main tables, and by which column one joins another."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from ..language import resolve
from ..loading import catalogue, count
from ..loading import schema as fields
from ..render import INK, alt
from ..words import word
from .parts import MUTED, Pair, heading, on, wrapped

# Tables by column of the picture, from top to bottom, each with its group.
COLUMNS = (
    (("places", "context"),),
    (("indicators", "context"), ("cases", "coded"), ("instruments", "coded"), ("place_members", "context")),
    (("codings", "coded"), ("events", "coded")),
    (
        ("variables", "rules"),
        ("rules", "rules"),
        ("sources", "origin"),
        ("searches", "origin"),
        ("conflicts", "origin"),
    ),
)
# Dark enough for white letters, and told apart by colour-blind readers.
GROUPS = {"coded": "#1B4F72", "context": "#00664B", "origin": "#993404", "rules": "#4A4F54"}
WIDTH, GAP = 168, 43
HEAD, LINE, PAD = 24, 16, 5
HEIGHT = 560


class _Box(NamedTuple):
    table: str
    group: str
    left: int
    top: float
    about: list[str]
    columns: list[tuple[str, str]]

    def height(self) -> int:
        return HEAD + LINE * (len(self.about) + len(self.columns)) + 2 * PAD

    def row(self, number: int) -> float:
        """Return the height of the middle of a column's line."""
        return self.top + HEAD + PAD + LINE * (len(self.about) + number + 0.5)


def schema(title: Pair | None = None, description: Pair | None = None) -> alt.LayerChart:
    """Draw the main tables and the columns that join them, from the field list.

    Parameters
    ----------
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        Boxes, one a table: its name, how many rows it has, what a row is, its key in bold and
        the columns that point to other tables. A line runs from such a column to the table; where
        it would cross the picture, or the table is its own, an arrow with the name stands instead.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> "codings.case_id → cases" in kj.charts.schema().to_dict()["description"]
    True
    """
    boxes = _boxes()
    at = {box.table: box for box in boxes}
    links: list[dict[str, Any]] = []
    said = []
    for box in boxes:
        for number, (column, target) in enumerate(box.columns):
            if target:
                said.append(f"{box.table}.{column} → {target}")
            if target in at and _near(box, at[target]):
                links += _link(box, number, at[target], len(links))
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, 4 * WIDTH + 3 * GAP], nice=False))
    scale = alt.Scale(domain=[0, HEIGHT], reverse=True, nice=False)
    y = alt.Y("y:Q", axis=None, scale=scale)
    ink = alt.Color("ink:N", scale=None)
    frames = [
        {
            "x": b.left,
            "x2": b.left + WIDTH,
            "y": b.top,
            "y2": b.top + b.height(),
            "head": b.top + HEAD,
            "group": b.group,
        }
        for b in boxes
    ]
    outline = on(frames).encode(x=x, x2=alt.X2("x2:Q"), y=y)
    text = on([line for b in boxes for line in _texts(b, at)]).encode(x=x, y=y, text=alt.Text("text:N"), color=ink)
    groups = {group: word(f"schema_{group}") for group in GROUPS}
    filled = alt.Color(
        "group:N",
        scale=alt.Scale(domain=list(GROUPS), range=list(GROUPS.values())),
        legend=alt.Legend(labelExpr=f"{json.dumps(groups)}[datum.value]", symbolType="square"),
    )
    ends = [link for link in links if link["end"]]
    layers = [
        on(links)
        .mark_line(strokeWidth=1.4)
        .encode(x=x, y=y, order=alt.Order("step:Q"), detail=alt.Detail("link:N"), color=ink),
        outline.mark_rect(fill="#FFFFFF", stroke="#9AA0A6", strokeWidth=1, aria=False).encode(y2=alt.Y2("y2:Q")),
        outline.mark_rect(aria=False).encode(y2=alt.Y2("head:Q"), color=filled),
        on(ends).mark_point(filled=True, size=30, opacity=1).encode(x=x, y=y, color=ink),
        text.transform_filter("datum.kind == 'head'").mark_text(align="left", fontSize=13, fontWeight="bold"),
        text.transform_filter("datum.kind == 'rows'").mark_text(align="right", fontSize=11.5),
        text.transform_filter("datum.kind == 'key'").mark_text(align="left", fontSize=12, fontWeight="bold"),
        text.transform_filter("datum.kind == 'plain'").mark_text(align="left", fontSize=12),
    ]
    shown = heading("schema", title, description, word("schema_note"))
    shown["description"] += " " * (resolve() == "en") + "; ".join(said)
    drawn = alt.LayerChart(layer=layers)
    return drawn.properties(width=4 * WIDTH + 3 * GAP, height=HEIGHT, **shown)


def _boxes() -> list[_Box]:
    boxes = []
    for number, column in enumerate(COLUMNS):
        drafts = [_box(table, group, number) for table, group in column]
        room = HEIGHT - sum(draft.height() for draft in drafts)
        top = space = room / (len(drafts) + 1)
        for draft in drafts:
            boxes.append(draft._replace(top=top))
            top += draft.height() + space
    return boxes


def _box(table: str, group: str, number: int) -> _Box:
    entry = catalogue()[table]
    keys = entry["primary_key"].split(",")
    targets = {f.name: f.foreign_key.split(".")[0] for f in fields()[table] if f.foreign_key}
    columns = [(name, targets.get(name, "")) for name in [*keys, *(name for name in targets if name not in keys)]]
    about = wrapped(entry[f"row_{resolve()}"], 26, 12)
    return _Box(table, group, number * (WIDTH + GAP), 0, about, columns)


def _near(box: _Box, target: _Box) -> bool:
    """Whether a line can be drawn: to a table in the next column, or to one above in the same."""
    return box.table != target.table and abs(box.left - target.left) <= WIDTH + GAP


def _link(box: _Box, number: int, target: _Box, name: int) -> list[dict[str, Any]]:
    start, end = box.row(number), target.top + HEAD / 2
    if box.left == target.left:
        out = box.left - 16
        points = [(box.left, start), (out, start), (out, end), (target.left, end)]
    elif target.left < box.left:
        points = [(box.left, start), (target.left + WIDTH, end)]
    else:
        points = [(box.left + WIDTH, start), (target.left, end)]
    last = len(points) - 1
    return [
        {"x": x, "y": y, "step": step, "link": name, "ink": GROUPS[target.group], "end": step == last}
        for step, (x, y) in enumerate(points)
    ]


def _texts(box: _Box, at: dict[str, _Box]) -> list[dict[str, Any]]:
    keys = catalogue()[box.table]["primary_key"].split(",")
    head = box.top + HEAD / 2
    rows = f"{count(box.table)} {word('row_count')}"
    lines = [
        ("head", box.table, box.left + 7, head, "#FFFFFF"),
        ("rows", rows, box.left + WIDTH - 7, head, "#FFFFFF"),
    ]
    for number, text in enumerate(box.about):
        lines.append(("plain", text, box.left + 7, box.row(number - len(box.about)), MUTED))
    for number, (column, target) in enumerate(box.columns):
        arrow = f" → {target}" if target and not (target in at and _near(box, at[target])) else ""
        kind = "key" if column in keys else "plain"
        lines.append((kind, column + arrow, box.left + 7, box.row(number), INK))
    names = ("kind", "text", "x", "y", "ink")
    return [dict(zip(names, line, strict=True)) for line in lines]
