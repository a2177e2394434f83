"""The confusion matrix: which code was given for which, by a student or by a second coder."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ..agree import NEEDED, met
from ..checks import a_frame, a_text, counted
from ..codebook import codes_of, variable_label
from ..errors import SelectionError, unknown
from ..laboratory import code_label, permitted
from ..language import pick, resolve
from ..render import alt
from ..sheet_cells import bracketed
from ..words import word
from .parts import Cell, Pair, grid, heading, wrapped

if TYPE_CHECKING:
    import pandas as pd

RIGHT, WRONG = "#0072B2", "#D55E00"


def confusion(
    counts: pd.DataFrame, variable: str, title: Pair | None = None, description: Pair | None = None
) -> alt.LayerChart:
    """Draw which code met which: in a reference and an own answer, or in two readings.

    Parameters
    ----------
    counts : pandas.DataFrame
        Two readings, in the form that `kejigai_data.agreement` takes; or ``reference``, ``own``
        (codes) and ``n``, as `kejigai_data.laboratory.confusion` gives them.
    variable : str
        The variable that the codes belong to.
    title, description : tuple of str, optional
        ``(en, zh)`` in place of the usual ones.

    Returns
    -------
    altair.LayerChart
        A row a code of the reference or of the reading named first, a column a code of the other;
        blue where they agree. Sets, statuses and what is no code have rows of their own, after the
        codes.

    Raises
    ------
    SelectionError
        If there is nothing to count, or the readings are not two.
    UnknownNameError
        For an unknown variable or a missing column.

    Examples
    --------
    >>> import pandas as pd, kejigai_data as kj
    >>> counts = pd.DataFrame({"reference": ["pilot"], "own": ["planned"], "n": [2]})
    >>> kj.charts.confusion(counts, "stage").to_dict()["height"]
    68
    """
    frame, note = a_frame(counts, what="counts"), word("confusion_note")
    if set(NEEDED) <= set(frame.columns):
        frame = met(frame, variable)
        note = word("confusion_of_readings").format(
            variable="{variable}", rows=frame.columns[0], columns=frame.columns[1]
        )
        frame = frame.set_axis(["reference", "own", "n"], axis=1)
        about = "confusion_of_readings_description"
        description = description or (word(about, "en"), word(about, "zh"))
    a_frame(frame, ["reference", "own", "n"], what="counts")
    if not codes_of(a_text(variable, "variable")):
        raise unknown(
            "coded variable", variable, ["dimension", "action", "stage", "initiative", "form", "channel"]
        )
    # What is missing is no answer.
    frame = frame.dropna(subset=["reference", "own"])
    if frame.empty:
        raise SelectionError("Nothing is counted: code some texts first.")
    given: Counter[tuple[str, str]] = Counter()
    for row in frame.itertuples():
        given[str(row.reference), str(row.own)] += counted(row.n, "counts: n")
    used = {code for pair in given for code in pair}
    codes = [code for code in permitted(variable) if code in used]
    codes += sorted(used.difference(codes))
    names = {code: _name(variable, code) for code in codes}
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
    shown = heading("confusion", title, description, note.format(variable=variable_label(variable)))
    return grid(cells, width, 200).properties(**shown)


def _name(variable: str, code: str) -> str:
    """Return the words for a code, a set of codes or a status; what is none of these stands as it is."""
    parts = code.split(";")
    if all(part in permitted(variable) for part in parts):
        return pick((", ", "、")).join(code_label(variable, part) for part in parts)
    return bracketed(code[1:-1], resolve()) if code.startswith("(") else code
