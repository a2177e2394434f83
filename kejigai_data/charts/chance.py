"""Charts of what chance alone shows: naming at random, and a permuted difference."""

from __future__ import annotations

from ..chance import permuted_difference, provincial_units, simulate_naming
from ..render import alt
from ..words import word
from .naming import tiles
from .parts import Pair, heading, on


def chance_map(named: int = 3, lists: int = 10, seed: int = 1) -> alt.Chart:
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
    altair.Chart
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
        .encode(x=x, x2="to:Q", y=alt.Y("n:Q", axis=None), y2=alt.value(220))
    )
    rule = on(line).encode(x="at:Q")
    layers = [
        drawn,
        rule.mark_rule(color="#1B4F72", strokeWidth=2.5, aria=False),
        rule.mark_text(align="right", dx=-8, fontSize=14).encode(y=alt.value(14), text="shown:N"),
    ]
    chart = alt.LayerChart(layer=layers)
    return chart.properties(width=560, height=220, **heading("permutation", title, description))
