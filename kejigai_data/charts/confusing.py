"""The confusion matrix of the coding laboratory: which code was given for which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..checks import a_frame, a_text
from ..codebook import codes_of, variable_label
from ..errors import SelectionError, unknown
from ..laboratory import code_label, permitted
from ..render import alt
from ..words import word
from .parts import Cell, Pair, grid, heading, wrapped

if TYPE_CHECKING:
    import pandas as pd

RIGHT, WRONG = "#0072B2", "#D55E00"


def confusion(
    counts: pd.DataFrame, variable: str, title: Pair | None = None, description: Pair | None = None
) -> alt.LayerChart:
    """Draw how often each code of the reference was given which code.

    Parameters
    ----------
    counts : pandas.DataFrame
        ``reference``, ``own`` (codes) and ``n``, as `kejigai_data.laboratory.confusion` gives them.
    variable : str
        The variable that the codes belong to.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        A row a code of the reference, a column a code given; blue where they agree.

    Raises
    ------
    SelectionError
        If there is nothing to count.
    UnknownNameError
        For an unknown variable or a missing column.

    Examples
    --------
    >>> import pandas as pd, kejigai_data as kj
    >>> counts = pd.DataFrame({"reference": ["pilot"], "own": ["planned"], "n": [2]})
    >>> kj.charts.confusion(counts, "stage").to_dict()["height"]
    68
    """
    frame = a_frame(counts, ["reference", "own", "n"], what="counts")
    if not codes_of(a_text(variable, "variable")):
        raise unknown(
            "coded variable", variable, ["dimension", "action", "stage", "initiative", "form", "channel"]
        )
    if frame.empty:
        raise SelectionError("Nothing is counted: code some texts first.")
    given = {(str(r.reference), str(r.own)): int(r.n) for r in frame.itertuples()}
    used = {code for pair in given for code in pair}
    codes = [code for code in permitted(variable) if code in used]
    names = {code: code_label(variable, code) for code in codes}
    width = max(62, min(130, 620 // len(codes)))
    cells = []
    for right in codes:
        for own in codes:
            number = given.get((right, own), 0)
            colour = (RIGHT if right == own else WRONG) if number else ""
            cells.append(
                Cell(
                    names[right],
                    "\n".join(wrapped(names[own], width // 8, width // 16)),
                    str(number or "·"),
                    colour,
                )
            )
    shown = heading(
        "confusion", title, description, word("confusion_note").format(variable=variable_label(variable))
    )
    return grid(cells, width, 200).properties(**shown)
