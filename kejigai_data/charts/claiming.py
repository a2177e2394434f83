"""Charts of what the article claims, and what the record can say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..codebook import label
from ..errors import SelectionError
from ..loading import records
from ..words import word
from .parts import Cell, Pair, colour_of, grid, heading

if TYPE_CHECKING:
    from ..render import alt


def verdicts(section: str, title: Pair | None = None, description: Pair | None = None) -> alt.LayerChart:
    """Count the claims of a section of the article by kind and by the record's verdict.

    Parameters
    ----------
    section : str
        A section of the article, for example ``"1.3"``.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        A grid: a row a kind of claim, a column a verdict, the number of claims in the cell.

    Raises
    ------
    SelectionError
        If the section holds no claim.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.charts.verdicts("1.3").to_dict()["width"]
    480
    """
    claims = [c for c in records("claims") if c["locator"].split("/")[0] == section]
    if not claims:
        sections = dict.fromkeys(c["locator"].split("/")[0] for c in records("claims"))
        raise SelectionError(f"No claim in section {section!r}. Sections with claims: {', '.join(sections)}.")
    kinds = list(dict.fromkeys(c["type"] for c in claims))
    cells = []
    for kind in kinds:
        for verdict in ("supported", "not_supported", "untestable"):
            number = sum(c["type"] == kind and c["verdict"] == verdict for c in claims)
            colour = colour_of(SECTIONS.get(section, "")) if number else ""
            cells.append(Cell(word(f"claim_{kind}"), label("verdict", verdict), str(number), colour))
    return grid(cells, 160, 240).properties(**heading("verdicts", title, description))


SECTIONS = {
    "1.1": "legal",
    "1.2": "organisational",
    "1.3": "functional",
    "1.4": "force_building",
    "1.5": "factor_allocation",
}
