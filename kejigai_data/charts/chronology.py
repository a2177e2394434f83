"""The timeline: dated events of any selection on one axis, a row a case or document."""

from __future__ import annotations

import textwrap
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .. import render
from ..checks import a_frame
from ..codebook import label
from ..dates import bounds
from ..errors import SelectionError
from ..language import resolve
from ..loading import each
from ..render import alt
from ..words import word
from .parts import DATE_LABEL, MUTED, Pair, colour_of, heading, on, told

if TYPE_CHECKING:
    import pandas as pd

NEEDED = (
    "scope",
    "case_id",
    "instrument_id",
    "event_id",
    "place",
    "title",
    "about",
    "event_type",
    "phase",
    "date",
    "earliest",
    "latest",
)
SHAPES = {
    "prepared": "diamond",
    "decided": "circle",
    "begun": "square",
    "changed": "triangle-up",
    "ended": "cross",
    "seen": "M-0.2,-1H0.2V1H-0.2Z",
}
ARTICLE = "s001"
PARTS = "split(datum.label, '|')"
LINE = {"en": 44, "zh": 22}
# Pixels up and down; and the share of the width within which two signs touch.
NUDGES = (-6, 6)
TOUCHING = 0.022


def timeline(events: pd.DataFrame, title: Pair | None = None, description: Pair | None = None) -> alt.LayerChart:
    """Set the dated events of a selection on one time axis.

    Parameters
    ----------
    events : pandas.DataFrame
        Events as `kejigai_data.chronicle` gives them, all or a selection.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        A row a case (a document, where there is no case), the colour its dimension, the
        sign the kind of step, hollow on a bar where only a month or a year is known. A mere
        upper bound ("in place by") is a hollow triangle that points to the past. A grey band
        marks the year in which the article appeared, where the axis reaches it.

    Raises
    ------
    SelectionError
        If there is no event in the selection.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> chart = kj.charts.timeline(kj.chronicle("organisational", layer="record"))
    >>> chart.to_dict()["width"]
    490
    """
    frame = a_frame(events, NEEDED, what="events")
    if frame.empty:
        raise SelectionError(f"{word('nothing_dated')} Widen the selection of chronicle().")
    rows = [_row(event) for event in frame[list(NEEDED)].astype(object).to_dict("records")]
    _nudge(rows)
    order = list(dict.fromkeys(row["row"] for row in rows))
    exact = [row for row in rows if row["first"] and row["first"] == row["last"]]
    spans = [row for row in rows if row["first"] and row["last"] and row["first"] != row["last"]]
    until = [row for row in rows if not (row["first"] and row["last"])]
    phases = [phase for phase in SHAPES if any(row["phase"] == word(phase) for row in exact + spans)]
    y = alt.Y(
        "row:N",
        sort=order,
        title=None,
        scale=alt.Scale(domain=order),
        axis=alt.Axis(
            ticks=False,
            domain=False,
            aria=False,
            labelLimit=310,
            labelExpr=f"slice({PARTS}, 1)",
            labelOffset=alt.condition(f"length({PARTS}) > 2", alt.value(-7), alt.value(0)),
            grid=True,
            gridDash=[1, 3],
        ),
    )
    years = {row["middle"][:4] for row in rows if row["middle"]} | {
        row["last"][:4] for row in until if row["last"]
    }
    axis = alt.Axis(labelExpr=DATE_LABEL, labelAngle=0, tickCount=7, grid=True, labelOverlap="greedy")
    x: dict[str, Any] = {"title": None, "axis": axis, "scale": alt.Scale(padding=14)}
    hover = [alt.Tooltip(f"{name}:N") for name in ("what", "step", "date")]
    scale = alt.Scale(domain=[word(p) for p in phases], range=[SHAPES[p] for p in phases])
    shape = alt.Shape("phase:N", title=None, scale=scale, sort=None, legend=_legend())

    middle = alt.X("middle:T", **x)
    shared = {"y": y, "color": _colour(), "tooltip": hover, "description": alt.Description("said:N")}
    layers = []
    if spans:
        bars = on(spans).mark_rule(strokeWidth=9, opacity=0.35, aria=False)
        layers.append(bars.encode(x=alt.X("first:T", **x), x2=alt.X2("last:T"), **shared))
    for shift in (0, *NUDGES):
        signs: dict[str, Any] = {"filled": False, "yOffset": shift}
        here = [row for row in spans if row["shift"] == shift]
        if here:
            # White inside, so that a short bar does not fill a hollow sign.
            inside = on(here).mark_point(
                size=42, filled=True, color="#FFFFFF", opacity=1, yOffset=shift, aria=False
            )
            layers.append(inside.encode(x=middle, y=y))
            layers.append(on(here).mark_point(size=70, **signs).encode(x=middle, shape=shape, **shared))
        here = [row for row in until if row["shift"] == shift]
        if here:
            marks = on(here).mark_point(shape="triangle-left", size=90, **signs)
            layers.append(marks.encode(x=middle, **shared))
        here = [row for row in exact if row["shift"] == shift]
        if here:
            marks = on(here).mark_point(size=80, filled=True, opacity=0.9, yOffset=shift)
            layers.append(marks.encode(x=middle, shape=shape, **shared))
    layers = [*_article(years, x), *layers]
    shown = heading("timeline", title, description, word("timeline_note"))
    chart = alt.LayerChart(layer=layers)
    tall = 34 if any(row.count("|") > 1 for row in order) else 26
    return chart.properties(width=490, height=tall * len(order), **shown)


def _row(event: dict[str, Any]) -> dict[str, Any]:
    text = str(event["title"])
    what = str(event["about"]) if isinstance(event["about"], str) else text
    if event["scope"] == "wider":
        text = f"{event['place']}: {text}" if resolve() == "en" else f"{event['place']}：{text}"
    thing = next(event[name] for name in ("case_id", "instrument_id", "event_id") if isinstance(event[name], str))
    first, last, step = event["earliest"], event["latest"], label("event_type", event["event_type"])
    return {
        # Two long titles may be cut to the same words: the row is told by its id.
        "row": "|".join([thing, *_lines(text)]),
        "what": what,
        "step": step,
        "said": told(what, step, event["date"]),
        "phase": word(event["phase"]),
        "date": event["date"],
        "first": _day(first),
        "last": _day(last),
        "middle": _day(first + (last - first) / 2) if _day(first) and _day(last) else _day(last) or _day(first),
        "colour": colour_of(event["scope"]),
    }


def _nudge(rows: list[dict[str, Any]]) -> None:
    """Move signs of a row that would lie on one another a little up or down."""
    days = [date.fromisoformat(row["middle"]).toordinal() for row in rows]
    touching = TOUCHING * (max(days) - min(days))
    last: dict[str, tuple[int, int]] = {}
    for day, row in sorted(zip(days, rows, strict=True), key=lambda pair: pair[0]):
        before, turn = last.get(row["row"], (day - touching - 1, 0))
        turn = (turn + 1) % 3 if day - before <= touching else 0
        row["shift"] = (0, *NUDGES)[turn]
        last[row["row"]] = (day, turn)


@lru_cache(maxsize=1)
def _appeared() -> tuple[str, str]:
    """Return the first and the last day on which the article may have appeared."""
    return bounds(next(row["issued"] for row in each("sources") if row["source_id"] == ARTICLE))


def _article(years: set[str], x: dict[str, Any]) -> list[alt.Chart]:
    """Mark the time in which the article appeared, where the axis reaches it."""
    first, last = _appeared()
    if not years or not min(years) <= first[:4] <= max(years):
        return []
    base = on([{"from": first, "to": last, "name": word("the_article")}])
    spot = base.encode(x=alt.X("from:T", **x), x2=alt.X2("to:T"), y=alt.YValue(0))
    # Above the plot: inside it the name would lie on a sign.
    name = base.mark_text(dy=-7, dx=2, align="left", fontSize=11, color=MUTED)
    name = name.encode(x=alt.X("from:T", **x), y=alt.YValue(0), text=alt.Text("name:N"))
    return [spot.mark_rect(color=MUTED, opacity=0.13, aria=False).encode(y2=alt.Y2Value("height")), name]


def _lines(text: str) -> list[str]:
    """Break a long name into two lines, English at a space, Chinese in the middle; what is over is cut."""
    line = LINE[resolve()]
    if len(text) <= line:
        return [text]
    if resolve() == "en":
        return textwrap.wrap(text, line, max_lines=2, placeholder="…")
    half = min(line, -(-len(text) // 2))
    return [text[:half], text[half:] if len(text) - half <= line else text[half : half + line - 1] + "…"]


def _day(value: Any) -> str:
    return value.strftime("%Y-%m-%d") if value is not None and value == value else ""


def _colour() -> alt.Color:
    return alt.Color("colour:N", scale=None, legend=None)


def _legend() -> alt.Legend:
    return alt.Legend(
        orient="top", direction="horizontal", symbolFillColor=render.INK, symbolStrokeColor=render.INK
    )
