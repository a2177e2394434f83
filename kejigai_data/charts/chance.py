"""Charts of what chance alone shows: naming at random, and a permuted difference."""

from __future__ import annotations

import json
import string
from typing import Any

from ..chance import permuted_difference, provincial_units, simulate_naming
from ..checks import one_of
from ..language import pick, resolve
from ..loading import records
from ..render import alt
from ..words import word
from .naming import squares, tiles
from .parts import BLANK, Pair, heading, menu, on

# What the menus offer; the words of each menu.
OFFERED = {"named": range(1, 11), "lists": range(1, 21), "author": range(1, 13)}
ASKED = {"named": "how_many_named", "lists": "how_many_lists", "author": "which_author"}


def offered(named: int, lists: int, author: int) -> dict[str, int]:
    """Return what the three menus begin with, by their names.

    Raises
    ------
    SelectionError
        If a number is not offered.
    """
    chosen = {"named": named, "lists": lists, "author": author}
    for name, value in chosen.items():
        one_of(str(value), map(str, OFFERED[name]), name)
    return chosen


def chance_map(named: int = 3, lists: int = 10, seed: int = 1) -> alt.LayerChart:
    """Draw the tile map of a country in which every unit adopted and an author named a few.

    Parameters
    ----------
    named : int
        Places named in a list.
    lists : int
        How many lists the author writes.
    seed : int
        Another seed, another author.

    Returns
    -------
    altair.LayerChart
        What `tile_map` draws; the title counts the units that adopted and were never named.

    Raises
    ------
    SelectionError
        If a number is not a positive whole one, or `named` is above 31.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.charts.chance_map(3, 10, 1).to_dict()["width"]
    660
    """
    drawn = simulate_naming(named, lists, seed)
    units = provincial_units()
    unseen = len(units) - drawn["place_id"].nunique()
    words = {"all": len(units), "unseen": unseen}
    title = tuple(word("chance_title", lang).format(**words) for lang in ("en", "zh"))
    about = tuple(word("chance_description", lang) for lang in ("en", "zh"))
    return tiles(drawn, (title[0], title[1]), (about[0], about[1]), "named_by_chance", "chance_note")


def choose_chance(named: int = 3, lists: int = 10, author: int = 1) -> alt.LayerChart:
    """Draw the same map with menus in the chart: places named in a list, lists, and authors.

    Parameters
    ----------
    named, lists, author : int
        To begin with: 1 to 10 places in a list, 1 to 20 lists, one of 12 invented authors.

    Returns
    -------
    altair.LayerChart
        As `chance_map`, with three menus that need no kernel; the title counts anew.

    Raises
    ------
    SelectionError
        For a number that is not offered.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> [one["name"] for one in kj.charts.choose_chance().to_dict()["params"]]
    ['named', 'lists', 'author', 'drawn']
    """
    chosen = offered(named, lists, author)
    units = provincial_units()
    signs = string.ascii_lowercase[: len(OFFERED["lists"])]
    never = string.ascii_lowercase[len(signs)]
    drawn: dict[str, str] = {}
    for who in OFFERED["author"]:
        for many in OFFERED["named"]:
            frame = simulate_naming(many, len(signs), who).drop_duplicates("place_id")
            first = {unit: signs[int(n) - 1] for unit, n in zip(frame["place_id"], frame["list"], strict=True)}
            drawn[f"{who}-{many}"] = "".join(first.get(unit, never) for unit in units)
    menus = [menu(n, ASKED[n], {i: str(i) for i in OFFERED[n]}, value) for n, value in chosen.items()]
    # A letter for each unit: the first list that names it.
    letters = alt.param(name="drawn", expr=f"{json.dumps(drawn)}[author + '-' + named]")
    seen = f"datum.unit >= 0 && indexof('{signs}{never}', substring(drawn, datum.unit, datum.unit + 1)) < lists"
    states = {word(state): colour for state, colour in (("named_by_chance", "#1B4F72"), ("not_named", BLANK))}
    yes, no = (json.dumps(state, ensure_ascii=False) for state in states)
    chart = on(_units(units)).transform_calculate(what=f"{seen} ? {yes} : {no}")
    chart = chart.transform_calculate(said=f"datum.name + '{pick((': ', '：'))}' + datum.what")
    unseen = f"length(replace(drawn, regexp('[' + slice('{signs}', 0, lists) + ']', 'g'), ''))"
    before, after = (
        json.dumps(part, ensure_ascii=False)
        for part in word("chance_title").replace("{all}", str(len(units))).split("{unseen}")
    )
    title = alt.Title(alt.ExprRef(f"{before} + {unseen} + {after}"), subtitle=word("chance_note"))
    made = squares(chart, states, word("named_by_chance")).add_params(*menus, letters)
    return made.properties(title=title, description=word("chance_description"))


def _units(drawn: list[str]) -> list[dict[str, Any]]:
    """Return the squares of the map; `unit` is the place in the list drawn from, -1 for those outside it."""
    name = "short_zh" if resolve() == "zh" else "name_en"
    tiles = [place for place in records("places") if place["tile_row"]]
    return [
        {
            "name": place[name],
            "unit": drawn.index(place["place_id"]) if place["place_id"] in drawn else -1,
            "tile_row": int(place["tile_row"]),
            "tile_col": int(place["tile_col"]),
        }
        for place in tiles
    ]


def permutation(
    indicator: str = "rd_intensity",
    year: int = 2021,
    draws: int = 2000,
    seed: int = 1,
    title: Pair | None = None,
    description: Pair | None = None,
) -> alt.LayerChart:
    """Set the difference between named and other units beside what chance would give.

    Parameters
    ----------
    indicator, year, draws, seed
        As `kejigai_data.chance.permuted_difference` takes them.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        Bars: how often the label "named", dealt out at random, gave each difference of means;
        a line at the observed difference.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.charts.permutation(draws=200).to_dict()["width"]
    560
    """
    found = [float(value) for value in permuted_difference(indicator, year, draws, seed)["difference"]]
    observed, chance = found[0], found[1:]
    low, high = min(found), max(found)
    step = (high - low) / 40 or 1.0
    counts: dict[int, int] = {}
    for value in chance:
        counts[int((value - low) / step)] = counts.get(int((value - low) / step), 0) + 1
    bars = [{"from": low + n * step, "to": low + (n + 1) * step, "n": k} for n, k in sorted(counts.items())]
    line = [{"at": observed, "shown": f"{word('observed')} {observed:.2f}"}]
    x = alt.X("from:Q", title=word("difference_axis"), axis=alt.Axis(tickCount=8))
    drawn = (
        on(bars)
        .mark_bar(color="#AAB7C4", stroke="#FFFFFF", aria=False)
        .encode(x=x, x2=alt.X2("to:Q"), y=alt.Y("n:Q", axis=None), y2=alt.Y2Value(220))
    )
    rule = on(line).encode(x=alt.X("at:Q"))
    layers = [
        drawn,
        rule.mark_rule(color="#1B4F72", strokeWidth=2.5, aria=False),
        rule.mark_text(align="right", dx=-8, fontSize=14).encode(y=alt.YValue(14), text=alt.Text("shown:N")),
    ]
    chart = alt.LayerChart(layer=layers)
    return chart.properties(width=560, height=220, **heading("permutation", title, description))
