"""The spread of a reform among units at risk: what the dates leave open, and an estimate."""

from __future__ import annotations

from typing import Any

from ..adopting import COLUMNS
from ..engines import collected, opened
from ..errors import SelectionError
from ..render import alt
from ..spreading import adoption_curve, at_risk
from ..words import word
from .parts import Pair, heading, on

BAND, CURVE = "#9FC5E0", "#9C3A00"


def spread(pairs: Any, title: Pair | None = None, description: Pair | None = None) -> alt.LayerChart:
    """Draw how many units at risk had adopted: at least, at most, and as estimated.

    Parameters
    ----------
    pairs : frame of any engine
        What `adoption` returns.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        A band from the units that had certainly adopted to those that may have; a line for the
        estimate of `adoption_curve`, sloped where the data do not say when it rises.

    Raises
    ------
    SelectionError
        If `pairs` is not what `adoption` returns, or holds no dated adoption.

    Examples
    --------
    >>> import pandas as pd, kejigai_data as kj
    >>> coded = pd.DataFrame({
    ...     "place_id": ["370100", "370200", "370300"],
    ...     "adopted_earliest": ["2020-03-01", "2021-01-01", "2022-12-31"],
    ...     "adopted_latest": ["2020-03-01", "2021-12-31", None],
    ... })
    >>> pairs = kj.adoption(coded, at_risk=["370100", "370200", "370300", "370400"])
    >>> kj.charts.spread(pairs).to_dict()["width"]
    600
    """
    # Collected once: the bounds and the estimate would each run the query of a lazy frame.
    small = collected(opened(pairs, COLUMNS, "pairs")).to_native()
    rows = at_risk(small)
    ends = [(_iso(row["earliest"]), _iso(row["latest"]), int(row["units"]), row["fate"]) for row in rows]
    if not any(fate == "adopted" for *_, fate in ends):
        raise SelectionError("No adoption is dated: there is nothing to draw. Code more units.")
    total = sum(units for _, _, units, _ in ends)
    days = sorted({day for first, last, _, _ in ends for day in (first, last) if day})
    steps: list[dict[str, Any]] = [
        {
            "day": day,
            "least": sum(units for _, last, units, fate in ends if fate == "adopted" and last <= day),
            "most": sum(units for first, _, units, _ in ends if first <= day),
        }
        for day in [_before(days), *days, _after(days)]
    ]
    line = _curve(small, total, steps[0]["day"], days[-1])
    x_axis = alt.Axis(format="%Y", labelAngle=0, tickCount="year")
    x = alt.X("day:T", title=None, axis=x_axis)
    count = alt.Axis(tickMinStep=1, grid=True)
    y = alt.Scale(domain=[0, total], nice=False)
    keys = {"band": word("spread_band"), "curve": word("spread_curve")}
    colour = alt.Color(
        "key:N",
        scale=alt.Scale(domain=list(keys.values()), range=[BAND, CURVE]),
        legend=alt.Legend(symbolType="square", symbolOpacity=1, labelLimit=400),
    )
    band = on([{**step, "key": keys["band"]} for step in steps]).mark_area(
        interpolate="step-after", opacity=1, aria=False
    )
    curve = on([{**point, "key": keys["curve"]} for point in line]).mark_line(strokeWidth=2.5, aria=False)
    layers = [
        band.encode(x=x, y=alt.Y("least:Q", title=None, axis=count, scale=y), y2=alt.Y2("most:Q"), color=colour),
        curve.encode(x=x, y=alt.Y("units:Q", scale=y), order=alt.Order("step:Q"), color=colour),
    ]
    note = word("spread_note").format(total=total)
    shown = heading("spread", title, description, note)
    return alt.LayerChart(layer=layers).properties(width=600, height=280, **shown)


def _curve(pairs: Any, total: int, begin: str, end: str) -> list[dict[str, Any]]:
    points: list[tuple[str, float]] = [(begin, 0.0)]
    for row in adoption_curve(pairs).itertuples():
        start = _iso(row[1]) or begin
        points += [(start, points[-1][1]), (_iso(row.to), float(row.known) * total)]
    points.append((end, points[-1][1]))
    return [{"day": day, "units": round(units, 3), "step": step} for step, (day, units) in enumerate(points)]


def _iso(day: Any) -> str:
    """Return a day as ISO text, empty where it is missing."""
    import pandas as pd

    return "" if pd.isna(day) else str(day)[:10]


def _before(days: list[str]) -> str:
    return f"{days[0][:4]}-01-01" if days[0][5:] != "01-01" else f"{int(days[0][:4]) - 1}-07-01"


def _after(days: list[str]) -> str:
    # Room behind the last day, from which nothing is known any more.
    return f"{int(days[-1][:4]) + 1}-0{1 if days[-1][5:] < '07' else 7}-01"
