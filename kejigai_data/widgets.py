"""Comparison widgets: thin controls around a plain function.

The controls are shown, then the result as an ordinary output with a display_id, so that a
saved notebook keeps it and a test can compare it; each change redraws that output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import charts
from .cases import load_cases
from .checks import one_of, texts
from .errors import missing_extra
from .events import NATIONAL, WIDER, chronicle, scopes
from .evidence import check_case, show_evidence
from .language import resolve
from .loading import load_places, records
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
        shown = "; ".join(f"{child.description} = {_chosen(child)}" for child in self.children)
        return f"{word('controls')}: {shown}."

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        # ipywidgets would cut the sentence after 110 characters.
        return {**super()._repr_mimebundle_(**options), "text/plain": repr(self)}


def _chosen(control: Any) -> str:
    label = control.label
    return label if isinstance(label, str) else ", ".join(label) or word("everything")


class Comparison:
    """Controls and what they draw.

    Attributes
    ----------
    controls : dict of str to ipywidgets.Dropdown or ipywidgets.SelectMultiple
        By the name of the argument they set.
    result : object
        What is drawn for the current choice.
    """

    def __init__(self, draw: Callable[..., Any], controls: Mapping[str, Any]) -> None:
        self._draw = draw
        self._handle: Any = None
        self.controls = dict(controls)
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


def _scope_options() -> list[tuple[str, str]]:
    label = f"label_{resolve()}"
    named = {c["code"]: c[label] for c in records("codes") if c["variable"] == "dimension"}
    named |= {"not_applicable": word("none_short"), NATIONAL: word("national"), WIDER: word("wider")}
    return [(word("everything"), ""), *((named[scope], scope) for scope in scopes())]


def timeline(scope: str = "organisational", places: Iterable[str] = (), layer: str = "record") -> Comparison:
    """Show when things happened, for any dimension, places and layer.

    Parameters
    ----------
    scope : str
        What `kejigai_data.chronicle` takes, or ``""`` for everything.
    places : iterable of str
        Places to begin with (``place_id``); all when empty.
    layer : {"", "article", "record", "followup"}
        The layer to begin with; all when empty.

    Returns
    -------
    Comparison
        Shown by a notebook when it is the last value of a cell. Where nothing is dated
        for a choice the result is a sentence that says so.

    Raises
    ------
    SelectionError
        For an unknown scope, place or layer.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> sorted(kj.widgets.timeline().controls)
    ['layer', 'places', 'scope']
    """
    options = _scope_options()
    one_of(scope, [value for _, value in options], "scope")
    layers = [(word("all_layers"), "")] + [(word(name), name) for name in ("article", "record", "followup")]
    one_of(layer, [value for _, value in layers], "layer")
    known = load_places()
    with_events = set(chronicle()["place_id"])
    names = zip(known[f"{'short_zh' if resolve() == 'zh' else 'name_en'}"], known["place_id"], strict=True)
    choice = [(name, place) for name, place in names if place in with_events]
    chosen = tuple(texts(places, "places"))
    for place in chosen:
        one_of(place, [value for _, value in choice], "place")
    several = ipywidgets.SelectMultiple(
        description=word("choose_places"),
        options=choice,
        value=chosen,
        rows=5,
        layout=ipywidgets.Layout(width="min(24em, 96%)"),
        style={"description_width": "5em"},
    )
    controls: dict[str, Any] = {
        "scope": _dropdown("choose_scope", options, scope),
        "places": several,
        "layer": _dropdown("choose_layer", layers, layer),
    }

    def draw(scope: str, places: tuple[str, ...], layer: str) -> Any:
        events = chronicle(scope or None, places or None, layer or None)
        return Table([], [], word("nothing_dated")) if events.empty else charts.timeline(events)

    return Comparison(draw, controls)
