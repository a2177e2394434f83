"""Charts of research forces: bodies before and after a change, and the stages of laboratories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..checks import texts
from ..codebook import label
from ..digest import coded
from ..errors import SelectionError
from ..evidence import check_case
from ..instruments import instrument_names, main_instruments
from ..language import pick, resolve
from ..loading import each, grouped, records, where
from ..places import place_names
from ..render import alt
from ..words import date_in_words, word
from .parts import BLANK, MUTED, Cell, Pair, colour_of, grid, heading, on, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable

STAGES = ("established", "unveiled", "registered")
LEFT, RIGHT, BOX = 0.0, 58.0, 42.0
# In pixels: a line of text, what a box has beside its text, between boxes, and a heading with its room.
LINE, INSIDE, BETWEEN, HEAD = 15, 13, 8, 38


def before_and_after(
    case_ids: Iterable[str], title: Pair | None = None, description: Pair | None = None
) -> alt.LayerChart:
    """Draw which bodies entered a change of organisation and which came out.

    Parameters
    ----------
    case_ids : iterable of str
        Cases with rows in ``load("bodies")``, for example ``["c029", "c030"]``.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        A block a case: the old bodies on the left, the new one on the right, each with what
        became of it; above it the place and the operation, by the record.

    Raises
    ------
    UnknownCaseError
        With the nearest identifiers.
    SelectionError
        If no body is recorded for a case.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.charts.before_and_after(["c030"]).to_dict()["width"]
    760
    """
    wanted = list(dict.fromkeys(texts(case_ids, "case_ids")))
    with_bodies = list(dict.fromkeys(row["case_id"] for row in records("bodies")))
    for case in wanted:
        check_case(case)
    without = [case for case in wanted if case not in with_bodies]
    if without or not wanted:
        missing = ", ".join(without) or "nothing"
        raise SelectionError(f"No body is recorded for {missing}. Cases that have some: {', '.join(with_bodies)}.")
    boxes: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    heads: list[dict[str, Any]] = []
    sides = [{"x": x, "y": 8, "shown": word(side)} for x, side in ((LEFT, "before"), (RIGHT, "after"))]
    top = 16.0
    for case in wanted:
        heads.append({"x": LEFT, "y": top + HEAD - 18, "shown": _operation(case)})
        before = [row for row in records("bodies") if row["case_id"] == case and row["role"] == "before"]
        after = next(row for row in records("bodies") if row["case_id"] == case and row["role"] == "after")
        colour = colour_of(_dimension(case))
        left: list[dict[str, Any]] = []
        for row in before:
            above = left[-1]["below"] + BETWEEN if left else top + HEAD
            left.append(_box(row, LEFT, above, BLANK if row["fate"] in ("dissolved", "nameplate") else colour))
        right = _box(after, RIGHT, 0, colour)
        lowered = max((left[0]["above"] + left[-1]["below"] - right["below"]) / 2, top + HEAD)
        right |= {name: right[name] + lowered for name in ("above", "below", "y", "first_line")}
        boxes += [*left, right]
        lines += [{"x": LEFT + BOX, "x2": RIGHT, "y": box["y"], "y2": right["y"]} for box in left]
        top = max(left[-1]["below"], right["below"])
    scale_x = alt.Scale(domain=[0, RIGHT + BOX], nice=False)
    scale_y = alt.Scale(domain=[0, top], reverse=True, nice=False)
    x = alt.X("x:Q", axis=None, scale=scale_x)
    y = alt.Y("y:Q", axis=None, scale=scale_y)
    fill = alt.Color("fill:N", scale=None)
    above = alt.Y("above:Q", axis=None, scale=scale_y)

    shown = heading("bodies", title, description)
    shown["title"] = alt.Title(shown["title"].text, subtitle=word("bodies_note"))
    chart = alt.LayerChart(
        layer=[
            on(lines)
            .mark_rule(color=MUTED, strokeWidth=1.5)
            .encode(x=x, x2=alt.X2("x2:Q"), y=y, y2=alt.Y2("y2:Q")),
            *(
                on([box for box in boxes if box["inferred"] == inferred])
                .mark_rect(stroke=MUTED, strokeWidth=0.8, strokeDash=dash, cornerRadius=4, aria=False)
                .encode(x=x, x2=alt.X2("right:Q"), y=above, y2=alt.Y2("below:Q"), color=fill)
                for inferred, dash in ((False, [1, 0]), (True, [4, 3]))
                if any(box["inferred"] == inferred for box in boxes)
            ),
            on(boxes)
            .mark_text(align="left", dx=8, fontSize=12, lineBreak="\n", lineHeight=LINE)
            .encode(x=x, y=alt.Y("first_line:Q", axis=None, scale=scale_y), text=alt.Text("name:N")),
            on(sides)
            .mark_text(align="left", fontSize=12.5, color=MUTED)
            .encode(x=x, y=y, text=alt.Text("shown:N")),
            on(heads)
            .mark_text(align="left", fontSize=13.5, fontWeight="bold")
            .encode(x=x, y=y, text=alt.Text("shown:N")),
        ]
    )
    return chart.properties(width=760, height=top, **shown)


def _box(row: dict[str, str], left: float, above: float, colour: str) -> dict[str, Any]:
    lines = [*wrapped(row[f"name_{resolve()}"], 48, 25), f"({label('fate', row['fate']).lower()})"]
    if resolve() == "zh":
        lines[-1] = f"（{label('fate', row['fate'])}）"
    height = INSIDE + LINE * len(lines)
    return {
        "x": left,
        "right": left + BOX,
        "y": above + height / 2,
        "above": above,
        "below": above + height,
        "first_line": above + (INSIDE + LINE) / 2,
        "fill": colour if colour == BLANK else _tint(colour, 0.35 if row["status"] == "stated" else 0.15),
        "inferred": row["status"] != "stated",
        "name": "\n".join(lines),
    }


def _tint(colour: str, strength: float) -> str:
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 - (255 - part) * strength):02X}" for part in parts)


def _dimension(case_id: str) -> str:
    return coded("article")[case_id]["dimension"][0]


def _operation(case_id: str) -> str:
    coding = next(
        c for c in where("codings", "variable", "operation") if c["instrument_id"] == main_instruments()[case_id]
    )
    case = check_case(case_id)
    place = next(p for p in records("places") if p["place_id"] == case["place_id"])
    shown = label("operation", coding["value"])
    if coding["status"] == "ambiguous":
        shown += pick((" (ambiguous)", "（两可）"))
    return pick((f"{place['name_en']}: {shown.lower()}", f"{place['short_zh']}：{shown}"))


def laboratory_stages(title: Pair | None = None, description: Pair | None = None) -> alt.LayerChart:
    """Show for each named laboratory which stages are dated: founded, unveiled, registered.

    Parameters
    ----------
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        A row a laboratory of the record, with its province; a filled cell has a date. Being in
        a plan, getting a plaque and being registered are different things.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.charts.laboratory_stages().to_dict()["height"] > 300
    True
    """
    names = instrument_names("record", resolve())
    founded = _founded_laboratories()
    laboratories = [
        i
        for i in records("instruments")
        if i["case_id"] in ("c026", "c027", "c028") and i["instrument_id"] in founded
    ]
    events = grouped("events", "instrument_id", {i["instrument_id"] for i in laboratories})
    places = place_names(resolve())
    cells = []
    for laboratory in laboratories:
        instrument = laboratory["instrument_id"]
        name = laboratory[f"title_{resolve()}"] or names[instrument]
        row = f"{instrument}|{places[laboratory['place_id']]}{pick((': ', '：'))}{name}"
        for stage in STAGES:
            found = [e for e in events[instrument] if e["event_type"] == stage and e["layer"] == "record"]
            cells.append(_stage_cell(row, word(stage), found))
    return grid(cells, 130, 400).properties(**heading("stages", title, description))


def _founded_laboratories() -> set[str]:
    main = set(main_instruments().values())
    return {e["instrument_id"] for e in each("events") if e["event_type"] in STAGES} - main


def _stage_cell(row: str, stage: str, found: list[dict[str, str]]) -> Cell:
    known = sorted((e for e in found if e["date"]), key=lambda e: (not e["earliest"], e["latest"]))
    if known:
        return Cell(row, stage, date_in_words(known[0]["date"]), colour_of("force_building"))
    return Cell(row, stage, word(found[0]["status"]) if found else word("not_coded"))
