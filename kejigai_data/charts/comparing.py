"""Charts that set places or mechanisms side by side: what is named, and when the record dates it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from ..cases import Adoption, adoption_dates, load_cases
from ..checks import texts
from ..codebook import codes_of, label
from ..dates import written
from ..errors import SelectionError, unknown
from ..language import pick, resolve
from ..places import find_place
from ..render import alt
from ..words import date_in_words, word
from .parts import DATE_LABEL, MUTED, Cell, Pair, colour_of, grid, heading, on, told

if TYPE_CHECKING:
    from collections.abc import Iterable


def record_date(case_id: str) -> str:
    """Return when the record dates the adoption of a case, in words where it does not."""
    found = adoption_dates("record").get(case_id, Adoption())
    if found.date:
        return date_in_words(found.date)
    return written(found.first, found.last) if found.last else word("no_date_found")


def mechanisms_named(
    place_ids: Iterable[str], title: Pair | None = None, description: Pair | None = None
) -> alt.LayerChart:
    """Set places side by side: which mechanisms the article names for each.

    Parameters
    ----------
    place_ids : iterable of str
        Two or more places with cases, by id or name, for example ``["310000", "Shenzhen"]``;
        or a statistical region (``"eastern"``, ``"central"``, ``"western"``, ``"northeastern"``).
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        A row a mechanism, coloured by dimension, a column a place; in a filled cell the
        day of adoption in the outside record, for a region the places named. An empty cell
        means not named, never absent.

    Raises
    ------
    SelectionError
        If no place is given, or one has no case.
    UnknownPlaceError
        With the nearest names.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> len(kj.charts.mechanisms_named(["310000", "440300"]).to_dict()["layer"])
    2
    """
    cases = load_cases()
    regions = set(cases["region"].dropna())
    given = texts(place_ids, "place_ids")
    wanted = list(dict.fromkeys(one if one in regions else find_place(one).place_id for one in given))
    here = cases[cases["place_id"].isin(wanted) | cases["region"].isin(wanted)]
    without = [one for one in wanted if one not in regions and one not in set(here["place_id"])]
    if without or not wanted:
        raise SelectionError(
            f"No case is named for {', '.join(without) or 'nothing'}. load_cases() lists the places that have one."
        )
    names = dict(zip(here["place_id"], here[f"place_{resolve()}"], strict=True))
    present = [code for code in codes_of("mechanism") if code in set(here["mechanism"])]
    cells = []
    for code in present:
        rows = here[here["mechanism"] == code]
        colour = colour_of(rows["dimension"].iloc[0])
        for one in wanted:
            found = rows[(rows["region"] if one in regions else rows["place_id"]) == one]
            if one in regions:
                shown = pick((", ", "、")).join(found[f"place_{resolve()}"])
            else:
                shown = "".join(record_date(case) for case in found["case_id"])
            head = word(f"region_{one}") if one in regions else names[one]
            filled = "" if found.empty else colour
            cells.append(Cell(label("mechanism", code), head, shown or word("not_named"), filled))
    dimensions = dict.fromkeys(here["dimension"].dropna())
    legend = {colour_of(code): label("dimension", code).split(" (")[0] for code in dimensions}
    width = min(240 if regions & set(wanted) else 200, 480 // len(wanted))
    return grid(cells, width, legend=legend).properties(**heading("places", title, description))


def mechanisms_dated(
    mechanisms: Iterable[str], title: Pair | None = None, description: Pair | None = None
) -> alt.LayerChart:
    """Set mechanisms one under the other: when the record dates each case's adoption.

    Parameters
    ----------
    mechanisms : iterable of str
        Codes of mechanisms, for example ``["provincial_laboratory", "ip_finance"]``.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        A row a place under the name of its mechanism; a point, a bar where the source gives
        only a month or year, a triangle for "by then", or the word that no date was found.

    Raises
    ------
    UnknownNameError
        For an unknown mechanism.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.charts.mechanisms_dated(["provincial_laboratory"]).to_dict()["width"]
    520
    """
    wanted = list(dict.fromkeys(texts(mechanisms, "mechanisms")))
    known = codes_of("mechanism")
    for code in wanted:
        if code not in known:
            raise unknown("mechanism", code, known)
    if not wanted:
        raise SelectionError(f"Name at least one mechanism, for example {known[0]!r}.")
    rows: list[dict[str, str]] = []
    heads = []
    for number, code in enumerate(wanted):
        heads.append({"row": f"{number}|", "shown": label("mechanism", code)})
        for row in dated_rows(code):
            said = told(label("mechanism", code), row["row"], row["shown"])
            rows.append({**row, "row": f"{number}|{row['row']}", "said": said})
    domain = [row["row"] for number in range(len(wanted)) for row in [heads[number], *_of(rows, number)]]
    y = alt.Y(
        "row:N",
        sort=domain,
        title=None,
        scale=alt.Scale(domain=domain),
        axis=alt.Axis(
            ticks=False, domain=False, aria=False, labelExpr="split(datum.label, '|')[1]", labelLimit=260
        ),
    )
    axis = alt.Axis(labelExpr=DATE_LABEL, labelAngle=0, tickCount=6, labelOverlap="greedy", labelSeparation=8)

    def x(field: str) -> alt.X:
        return alt.X(field, title=None, axis=axis, scale=alt.Scale(padding=60))

    colour = alt.Color("colour:N", scale=None, legend=None)

    def of(kind: str) -> alt.Chart:
        return on([row for row in rows if row["kind"] == kind])

    def some(kind: str) -> bool:
        return any(row["kind"] == kind for row in rows)

    text = alt.Text("shown:N")
    names = on(heads).mark_text(align="left", fontSize=14, fontWeight="bold")
    layers = [names.encode(x=alt.XValue(0), y=y, text=text)]
    if some("none"):
        words = of("none").mark_text(align="left", fontSize=12.5, color=MUTED)
        layers.append(words.encode(x=alt.XValue(6), y=y, text=text, description=alt.Description("said:N")))
    if some("day"):
        points = of("day").mark_point(filled=True, size=110, opacity=1, aria=False)
        layers.append(points.encode(x=x("last:T"), y=y, color=colour))
    if some("bound"):
        points = of("bound").mark_point(shape="triangle-left", size=110, filled=False, aria=False)
        layers.append(points.encode(x=x("last:T"), y=y, color=colour))
    if some("span"):
        bar = of("span").mark_rule(strokeWidth=9, opacity=0.5, aria=False)
        layers.append(bar.encode(x=x("first:T"), x2=alt.X2("last:T"), y=y, color=colour))
        # A month on an axis of decades would not be seen as a bar.
        ring = of("span").mark_point(size=70, filled=False, fill="#FFFFFF", aria=False)
        layers.append(ring.encode(x=x("middle:T"), y=y, color=colour))
    for kind in ("day", "bound", "span"):
        if some(kind):
            # A white edge keeps the date legible where a line passes behind it.
            white: dict[str, Any] = {"stroke": "#FFFFFF", "strokeWidth": 4, "aria": False}
            for shade in (white, {}):
                written = of(kind).mark_text(align="left", dx=11, fontSize=12, **shade)
                layers.append(
                    written.encode(x=alt.X("last:T"), y=y, text=text, description=alt.Description("said:N"))
                )
    size = {"width": 520, "height": 25 * len(domain)}
    return alt.LayerChart(layer=layers).properties(
        **size, **heading("mechanisms", title, description, word("timeline_note"))
    )


def dated_rows(mechanism: str) -> list[dict[str, str]]:
    """Return a row for each case of a mechanism: its place, when the record dates it, and how exactly."""
    cases = load_cases()
    rows = []
    for case in cases[cases["mechanism"] == mechanism].itertuples():
        first, last, _ = adoption_dates("record").get(case.case_id, Adoption())
        rows.append(
            {
                "row": getattr(case, f"place_{resolve()}"),
                "first": first or last,
                "last": last,
                "middle": middle(first, last) if first and last else last,
                "shown": record_date(case.case_id),
                "kind": "none" if not last else "bound" if not first else "span" if first != last else "day",
                "colour": colour_of(case.dimension),
            }
        )
    return rows


def _of(rows: list[dict[str, str]], number: int) -> list[dict[str, str]]:
    return [row for row in rows if row["row"].startswith(f"{number}|")]


def middle(first: str, last: str) -> str:
    """Return the day half-way between two."""
    start = date.fromisoformat(first)
    return (start + (date.fromisoformat(last) - start) / 2).isoformat()
