"""Charts that bring their own menus: two places, mechanisms or routes compared with no kernel behind.

The menus are Vega-Lite parameters, so that a handout or a web page keeps them. All that can
be chosen is in the chart; what is not chosen is filtered out by the page.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..cases import load_cases
from ..checks import one_of
from ..codebook import codes_of, label
from ..language import pick, resolve
from ..render import INK, alt
from ..words import word
from .comparing import dated_rows, middle, record_date
from .legal import STEPS, case_label, steps_data
from .parts import BLANK, DATE_LABEL, MUTED, Pair, colour_of, heading, menu, told

if TYPE_CHECKING:
    from collections.abc import Iterable

CHOSEN = "datum.key === first || datum.key === second"
# The second place stands second even where its code comes first in the alphabet.
BLOCK = "datum.key === first ? '0' : '1'"
ROW = 25


def choose_places(
    first: str = "310000", second: str = "110000", title: Pair | None = None, description: Pair | None = None
) -> alt.LayerChart:
    """Compare the mechanisms that the article names for two places, chosen from menus in the chart.

    Parameters
    ----------
    first, second : str
        Places with cases (``place_id``) to begin with.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        As `mechanisms_named` for two places, with two menus that need no kernel.

    Raises
    ------
    SelectionError
        If a place has no case.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> [one["name"] for one in kj.charts.choose_places().to_dict()["params"]]
    ['first', 'second']
    """
    cases = load_cases()
    names = dict(zip(cases["place_id"], cases[f"place_{resolve()}"], strict=True))
    for place in (first, second):
        one_of(place, names, "place with a case")
    order = codes_of("mechanism")
    rows = [
        {
            "key": case.place_id,
            "row": f"{order.index(case.mechanism):02}|{label('mechanism', case.mechanism)}",
            "shown": record_date(case.case_id),
            "fill": colour_of(case.dimension),
        }
        for case in cases[cases["mechanism"].notna()].itertuples()
    ]
    menus = _menus({"first_place": first, "second_place": second}, names)
    bare: dict[str, Any] = {"ticks": False, "domain": False, "aria": False}
    heads = f"{json.dumps(names, ensure_ascii=False)}[datum.value === '0' ? first : second]"
    top = alt.Axis(**bare, orient="top", labelAngle=0, labelLimit=230, labelExpr=heads)
    left = alt.Axis(**bare, labelLimit=320, labelExpr="split(datum.label, '|')[1]")
    base = (
        alt.Chart()
        .transform_filter(CHOSEN)
        .transform_calculate(block=BLOCK)
        .transform_impute("shown", "block", groupby=["row"], keyvals=["0", "1"], value=word("not_named"))
        .encode(x=alt.X("block:N", title=None, axis=top), y=alt.Y("row:N", title=None, axis=left))
    )
    named = "isValid(datum.fill)"
    boxes = base.transform_calculate(colour=f"{named} ? datum.fill : '{BLANK}'", strength=f"{named} ? 0.35 : 1")
    boxes = boxes.mark_rect(stroke="#FFFFFF", strokeWidth=3, aria=False).encode(
        color=alt.Color("colour:N", scale=None), opacity=alt.Opacity("strength:Q", scale=None)
    )
    ink = alt.condition(named, alt.value(INK), alt.value(MUTED))
    where = heads.replace("datum.value", "datum.block")
    said = f"split(datum.row, '|')[1] + '{pick((', ', '，'))}' + {where} + '{pick((': ', '：'))}' + datum.shown"
    texts = base.transform_calculate(said=said).mark_text(fontSize=12.5, limit=230)
    texts = texts.encode(text=alt.Text("shown:N"), color=ink, description=alt.Description("said:N"))
    chart = alt.LayerChart(layer=[boxes, texts], data=alt.InlineData(values=rows)).add_params(*menus)
    return chart.properties(width=480, height=alt.Step(34), **heading("places", title, description))


def choose_mechanisms(
    first: str = "party_decision_body",
    second: str = "dual_headed_leading_group",
    title: Pair | None = None,
    description: Pair | None = None,
) -> alt.LayerChart:
    """Compare when the record dates the adoption of two mechanisms, chosen from menus in the chart.

    Parameters
    ----------
    first, second : str
        Codes of mechanisms to begin with.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        As `mechanisms_dated`, with two menus that need no kernel.

    Raises
    ------
    SelectionError
        For an unknown mechanism.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> len(kj.charts.choose_mechanisms().to_dict()["params"][0]["bind"]["options"])
    28
    """
    names = {code: label("mechanism", code) for code in codes_of("mechanism")}
    for code in (first, second):
        one_of(code, names, "mechanism")
    rows = []
    for code, name in names.items():
        rows.append({"key": code, "row": "00|", "kind": "head", "shown": name, "said": name})
        for number, row in enumerate(dated_rows(code), start=1):
            said = told(name, row["row"], row["shown"])
            rows.append({**row, "key": code, "row": f"{number:02}|{row['row']}", "said": said})
    menus = _menus({"choose_mechanism": first, "second_mechanism": second}, names)
    return _dated(rows, menus).properties(**heading("mechanisms", title, description, word("timeline_note")))


def choose_routes(
    first: str = "c003", second: str = "c002", title: Pair | None = None, description: Pair | None = None
) -> alt.LayerChart:
    """Compare the legislative routes of two cases, chosen from menus in the chart.

    Parameters
    ----------
    first, second : str
        Legal cases to begin with.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        As `route_timeline` for two cases, with two menus that need no kernel.

    Raises
    ------
    SelectionError
        If a case is not a legal one.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.charts.choose_routes().to_dict()["params"][1]["value"]
    'c002'
    """
    cases = load_cases()
    legal = cases.loc[cases["dimension"] == "legal", "case_id"]
    for case in (first, second):
        one_of(case, list(legal), "legal case")
    names = {case: case_label(case) for case in legal}
    rows: list[dict[str, str]] = []
    for case, name in names.items():
        rows.append({"key": case, "row": "00|", "kind": "head", "shown": name, "said": name})
        for row in steps_data(case, 0):
            step = row["row"].split("|")[1]
            number = 1 + [word(one) for one in STEPS].index(step)
            kind = "none" if not row["first"] else "day" if row["first"] == row["last"] else "span"
            more = {"key": case, "row": f"{number:02}|{step}", "kind": kind, "colour": colour_of("legal")}
            more["said"] = told(name, step, row["shown"])
            half = middle(row["first"], row["last"]) if kind == "span" else ""
            rows.append({**row, **more, "middle": half})
    menus = _menus({"first_place": first, "second_place": second}, names)
    return _dated(rows, menus).properties(**heading("route", title, description))


def _menus(chosen: dict[str, str], names: dict[str, str]) -> list[alt.Parameter]:
    """Return two menus, called ``first`` and ``second``; `chosen` is the word for each and its value."""
    pairs = zip(("first", "second"), chosen.items(), strict=True)
    return [menu(name, key, names, value) for name, (key, value) in pairs]


def _dated(rows: Iterable[dict[str, str]], menus: list[alt.Parameter]) -> alt.LayerChart:
    """Draw the rows of two keys as blocks on one time axis; `kind` tells how a date is known."""
    bare: dict[str, Any] = {"ticks": False, "domain": False, "labelLimit": 260}
    y = alt.Y("place:N", title=None, axis=alt.Axis(**bare, labelExpr="split(datum.label, '|')[2]"))
    axis = alt.Axis(labelExpr=DATE_LABEL, labelAngle=0, tickCount=6, labelOverlap="greedy", labelSeparation=8)
    scale = alt.Scale(padding=70)
    colour = alt.Color("colour:N", scale=None, legend=None)
    text = alt.Text("shown:N")

    def x(field: str) -> alt.X:
        return alt.X(field, title=None, axis=axis, scale=scale)

    def of(*kinds: str) -> alt.Chart:
        chart = alt.Chart().transform_filter(CHOSEN).transform_calculate(place=f"({BLOCK}) + '|' + datum.row")
        return chart.transform_filter(alt.FieldOneOfPredicate(field="kind", oneOf=list(kinds)))

    heads = of("head").mark_text(align="left", fontSize=14, fontWeight="bold")
    none = of("none").mark_text(align="left", fontSize=12.5, color=MUTED)
    # The dates beside them say the same; a layer without a row would have no name for a screen reader.
    layers = [
        heads.encode(x=alt.XValue(0), y=y, text=text, description=alt.Description("said:N")),
        none.encode(x=alt.XValue(6), y=y, text=text, description=alt.Description("said:N")),
        of("day")
        .mark_point(filled=True, size=110, opacity=1, aria=False)
        .encode(x=x("last:T"), y=y, color=colour),
        of("bound")
        .mark_point(shape="triangle-left", size=110, aria=False)
        .encode(x=x("last:T"), y=y, color=colour),
        of("span")
        .mark_rule(strokeWidth=9, opacity=0.5, aria=False)
        .encode(x=x("first:T"), x2=alt.X2("last:T"), y=y, color=colour),
        of("span").mark_point(size=70, fill="#FFFFFF", aria=False).encode(x=x("middle:T"), y=y, color=colour),
    ]
    dated = of("day", "bound", "span")
    # A white edge keeps the date legible where a line passes behind it.
    edge = dated.mark_text(align="left", dx=11, fontSize=12, stroke="#FFFFFF", strokeWidth=4, aria=False)
    shown = dated.mark_text(align="left", dx=11, fontSize=12)
    layers += [
        mark.encode(x=x("last:T"), y=y, text=text, description=alt.Description("said:N")) for mark in (edge, shown)
    ]
    chart = alt.LayerChart(layer=layers, data=alt.InlineData(values=list(rows))).add_params(*menus)
    # Another choice has other dates: the last label has room to the right of the axis.
    return chart.properties(
        width=520, height=alt.Step(ROW), padding={"left": 14, "top": 14, "right": 44, "bottom": 14}
    )
