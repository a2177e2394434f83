"""Comparison widgets: thin controls around a plain function.

The controls are shown, then the result as an ordinary output with a display_id, so that a
saved notebook keeps it and a test can compare it; each change redraws that output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import charts
from .cases import load_cases
from .checks import one_of
from .errors import missing_extra
from .evidence import check_case, show_evidence
from .language import resolve
from .render import Drawn
from .tabular import Table, table
from .words import word

try:
    import ipywidgets
    from IPython.display import display
except ImportError:
    raise missing_extra("The comparison widgets", "lab") from None


class Controls(ipywidgets.HBox):
    """A row of labelled controls whose text form is a sentence."""

    def __repr__(self) -> str:
        shown = "; ".join(f"{child.description} = {child.label}" for child in self.children)
        return f"{word('controls')}: {shown}."

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        # ipywidgets would cut the sentence after 110 characters.
        return {**super()._repr_mimebundle_(**options), "text/plain": repr(self)}


class Comparison:
    """Controls and what they draw.

    Attributes
    ----------
    controls : dict of str to ipywidgets.Dropdown
        By the name of the argument they set.
    result : object
        What is drawn for the current choice.
    """

    def __init__(self, draw: Callable[..., Any], controls: dict[str, ipywidgets.Dropdown]) -> None:
        self._draw = draw
        self._handle: Any = None
        self.controls = controls
        self.box = Controls(list(controls.values()), layout=ipywidgets.Layout(flex_flow="row wrap"))
        self.result = self._make()
        for control in controls.values():
            control.observe(self._redraw, names="value")

    def _make(self) -> Any:
        return self._draw(**{name: control.value for name, control in self.controls.items()})

    def _redraw(self, _: object) -> None:
        self.result = self._make()
        if self._handle is not None:
            self._handle.update(_shown(self.result))

    def _ipython_display_(self) -> None:
        display(self.box)
        self._handle = display(_shown(self.result), display_id=True)


def _shown(result: Any) -> Any:
    return Drawn(result) if hasattr(result, "to_dict") else result


def _dropdown(key: str, options: list[tuple[str, str]], value: str) -> ipywidgets.Dropdown:
    width = ipywidgets.Layout(width="min(40em, 96%)")
    style = {"description_width": "5em"}
    return ipywidgets.Dropdown(description=word(key), options=options, value=value, layout=width, style=style)


def _case_options(dimension: str | None = None) -> list[tuple[str, str]]:
    cases = load_cases()
    if dimension:
        cases = cases[cases["dimension"] == dimension]
    titles = cases[f"title_{resolve()}"]
    return [(f"{title} ({case})", case) for case, title in zip(cases["case_id"], titles, strict=True)]


def compare_routes(first: str = "c003", second: str = "c002") -> Comparison:
    """Compare the routes of two legal cases from draft to force.

    Parameters
    ----------
    first, second : str
        Cases to begin with; a city regulation and an SEZ regulation of one province.

    Returns
    -------
    Comparison
        Shown by a notebook when it is the last value of a cell.

    Raises
    ------
    UnknownCaseError
        With the nearest identifiers.
    SelectionError
        If a case is not a legal one.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> sorted(kj.widgets.compare_routes().controls)
    ['first', 'second']
    """
    options = _case_options("legal")
    for case in (first, second):
        check_case(case)
        one_of(case, [value for _, value in options], "legal case")
    controls = {
        "first": _dropdown("first_place", options, first),
        "second": _dropdown("second_place", options, second),
    }

    def draw(first: str, second: str) -> Any:
        return charts.route_timeline(list(dict.fromkeys([first, second])))

    return Comparison(draw, controls)


def evidence_table(case: str, layer: str = "") -> Table:
    """Return the evidence of a case as a table.

    Parameters
    ----------
    case : str
        A ``case_id``.
    layer : {"", "article", "record"}
        One layer, or both.

    Returns
    -------
    Table
        What `kejigai_data.show_evidence` finds, in words.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> len(kj.widgets.evidence_table("c001").rows) > 20
    True
    """
    one_of(layer, ("", "article", "record"), "layer")
    frame = show_evidence(case, layer=layer or None)
    columns = ["layer", "about", "variable", "value", "status", "source_id", "locator", "conflict"]
    title = check_case(case)[f"title_{resolve()}"]
    if frame.empty:
        return Table([], [], f"{title}. {word('no_rows')}")
    return table(frame, columns, rows=len(frame), caption=title)


def evidence_browser(case: str = "c001", layer: str = "") -> Comparison:
    """Open any case down to its sources.

    Parameters
    ----------
    case : str
        The case to begin with.
    layer : {"", "article", "record"}
        The layer to begin with; both when empty.

    Returns
    -------
    Comparison
        Shown by a notebook when it is the last value of a cell.

    Raises
    ------
    UnknownCaseError
        With the nearest identifiers.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> len(kj.widgets.evidence_browser("c001").controls["case"].options)
    60
    """
    check_case(case)
    one_of(layer, ("", "article", "record"), "layer")
    layers = [(word("all_layers"), ""), (word("article"), "article"), (word("record"), "record")]
    controls = {
        "case": _dropdown("choose_case", _case_options(), case),
        "layer": _dropdown("choose_layer", layers, layer),
    }
    return Comparison(evidence_table, controls)
