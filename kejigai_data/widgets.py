"""The comparison widgets of the lessons: menus around the charts and tables of the package."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import charts
from .cases import load_cases
from .charts.chance import ASKED, OFFERED, offered
from .checks import one_of, texts
from .codebook import codes_of, label, variable_label
from .comparison import Comparison, Options, dropdown, several
from .events import NATIONAL, WIDER, chronicle, scopes
from .evidence import check_case, disagreements_first, show_evidence
from .followups import item_name, load_followups
from .language import resolve
from .loading import load_places, records
from .tabular import Table, table
from .words import word

LONGEST = {"en": 96, "zh": 40}

__all__ = [
    "Comparison",
    "argument_browser",
    "compare_mechanisms",
    "compare_places",
    "compare_routes",
    "evidence_browser",
    "evidence_table",
    "later_browser",
    "later_table",
    "named_on_the_map",
    "simulated_selection",
    "timeline",
]


def _case_options(dimension: str | None = None) -> Options:
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
        "first": dropdown("first_place", options, first),
        "second": dropdown("second_place", options, second),
    }

    def draw(first: str, second: str) -> Any:
        return charts.route_timeline(list(dict.fromkeys([first, second])))

    return Comparison(draw, controls)


def _cut(name: str) -> str:
    """Shorten a long name in its middle: its end often tells one version from another."""
    longest = LONGEST[resolve()]
    if len(name) <= longest:
        return name
    head, tail = name[: longest * 2 // 3], name[-(longest // 3) :]
    if resolve() == "en":
        head, tail = head.rsplit(" ", 1)[0], tail.split(" ", 1)[-1]
    return f"{head} … {tail}" if resolve() == "en" else f"{head}…{tail}"


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
        What `kejigai_data.show_evidence` finds, in words: rows in disagreement first, long
        names cut, in Chinese without the English names.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> len(kj.widgets.evidence_table("c001").rows) > 20
    True
    """
    one_of(layer, ("", "article", "record"), "layer")
    frame = show_evidence(case, layer=layer or None)
    columns = ["about", "variable", "value", "status", "source_id", "locator", "conflict"]
    columns = columns if layer else ["layer", *columns]
    title = check_case(case)[f"title_{resolve()}"]
    if frame.empty:
        return Table([], [], f"{title}. {word('no_rows')}")
    if resolve() == "zh":
        frame = frame[frame["variable"] != variable_label("name_en")]
    about = [_cut(text) for text in frame["about"]]
    return table(disagreements_first(frame.assign(about=about)), columns, rows=len(frame), caption=title)


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
        "case": dropdown("choose_case", _case_options(), case),
        "layer": dropdown("choose_layer", layers, layer),
    }
    return Comparison(evidence_table, controls)


def _code_options(variable: str) -> Options:
    return [(label(variable, code), code) for code in codes_of(variable)]


def _scope_options() -> Options:
    named = {code: name for name, code in _code_options("dimension")}
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
    controls: dict[str, Any] = {
        "scope": dropdown("choose_scope", options, scope),
        "places": several("choose_places", choice, chosen),
        "layer": dropdown("choose_layer", layers, layer),
    }

    def draw(scope: str, places: tuple[str, ...], layer: str) -> Any:
        events = chronicle(scope or None, places or None, layer or None)
        return Table([], [], word("nothing_dated")) if events.empty else charts.timeline(events)

    return Comparison(draw, controls)


def _place_options() -> Options:
    cases = load_cases().drop_duplicates("place_id")
    return list(zip(cases[f"place_{resolve()}"], cases["place_id"], strict=True))


def compare_places(first: str = "310000", second: str = "110000") -> Comparison:
    """Compare which mechanisms the article names for two places, or for a place and its region.

    Parameters
    ----------
    first, second : str
        Places with cases (``place_id``), clusters among them, or statistical regions
        (``"eastern"``, …) to begin with.

    Returns
    -------
    Comparison
        Shown by a notebook when it is the last value of a cell.

    Raises
    ------
    SelectionError
        If a place has no case, or there is no such region.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> sorted(kj.widgets.compare_places().controls)
    ['first', 'second']
    """
    regions = dict.fromkeys(load_cases()["region"].dropna())
    options = [*_place_options(), *((word(f"region_{region}"), region) for region in regions)]
    for place in (first, second):
        one_of(place, [value for _, value in options], "place with a case")
    controls = {
        "first": dropdown("first_place", options, first),
        "second": dropdown("second_place", options, second),
    }

    def draw(first: str, second: str) -> Any:
        return charts.mechanisms_named(list(dict.fromkeys([first, second])))

    return Comparison(draw, controls)


def compare_mechanisms(
    first: str = "party_decision_body", second: str = "dual_headed_leading_group"
) -> Comparison:
    """Compare when the record dates the adoption of two mechanisms, place by place.

    Parameters
    ----------
    first, second : str
        Codes of mechanisms to begin with.

    Returns
    -------
    Comparison
        Shown by a notebook when it is the last value of a cell.

    Raises
    ------
    SelectionError
        For an unknown mechanism.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> len(kj.widgets.compare_mechanisms().controls["first"].options)
    28
    """
    options = _code_options("mechanism")
    for code in (first, second):
        one_of(code, [value for _, value in options], "mechanism")
    controls = {
        "first": dropdown("choose_mechanism", options, first),
        "second": dropdown("second_mechanism", options, second),
    }

    def draw(first: str, second: str) -> Any:
        return charts.mechanisms_dated(list(dict.fromkeys([first, second])))

    return Comparison(draw, controls)


def named_on_the_map(dimension: str = "") -> Comparison:
    """Show on the tile map which units the article names, for one dimension or all.

    Parameters
    ----------
    dimension : str
        The dimension to begin with; all when empty.

    Returns
    -------
    Comparison
        Shown by a notebook when it is the last value of a cell.

    Raises
    ------
    SelectionError
        For an unknown dimension.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> len(kj.widgets.named_on_the_map().controls["dimension"].options)
    6
    """
    options = [(word("everything"), ""), *_code_options("dimension")]
    one_of(dimension, [value for _, value in options], "dimension")

    def draw(dimension: str) -> Any:
        cases = load_cases()
        return charts.tile_map(cases[cases["dimension"] == dimension] if dimension else cases)

    return Comparison(draw, {"dimension": dropdown("choose_dimension", options, dimension)})


def argument_browser(code: str = "task_1") -> Comparison:
    """Walk through the argument of the article's outlook, item by item.

    Parameters
    ----------
    code : str
        The problem, trend, idea, task or measure to begin with.

    Returns
    -------
    Comparison
        The argument map with the chosen item and its neighbours marked.

    Raises
    ------
    SelectionError
        If the outlook has no such item.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> len(kj.widgets.argument_browser().controls["code"].options)
    29
    """
    kinds = ("problem", "trend", "idea", "task", "measure")
    options = [(item_name(a), a["code"]) for a in records("agenda") if a["kind"] in kinds]
    one_of(code, [value for _, value in options], "item of the outlook")
    return Comparison(charts.argument_map, {"code": dropdown("choose_item", options, code)})


def later_table(code: str) -> Table:
    """Return what came after beside one task or measure, in the permitted sentences.

    Parameters
    ----------
    code : str
        A task or measure of ``load("agenda")``.

    Returns
    -------
    Table
        A row a later development: the relation, the sentence, the basis, the source.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> len(kj.widgets.later_table("task_1").rows) > 1
    True
    """
    later = load_followups()
    one_of(code, list(dict.fromkeys(later["code"])), "task or measure")
    rows = later[later["code"] == code]
    columns = ["relation", "sentence", "basis", "source_id"]
    return table(rows, columns, rows=len(rows), caption=rows["item"].iloc[0])


def later_browser(code: str = "task_1") -> Comparison:
    """Choose a task or measure and read what came after, with the relation stated.

    Parameters
    ----------
    code : str
        The task or measure to begin with.

    Returns
    -------
    Comparison
        Shown by a notebook when it is the last value of a cell.

    Raises
    ------
    SelectionError
        If nothing stands beside the item.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> len(kj.widgets.later_browser().controls["code"].options)
    20
    """
    later = load_followups().drop_duplicates("code")
    options = list(zip(later["item"], later["code"], strict=True))
    one_of(code, [value for _, value in options], "task or measure")
    return Comparison(later_table, {"code": dropdown("choose_item", options, code)})


def simulated_selection(named: int = 3, lists: int = 10, author: int = 1) -> Comparison:
    """Let every unit adopt and an invented author name a few, and see what a reader would see.

    Parameters
    ----------
    named : int
        Places named in a list, to begin with (1 to 10).
    lists : int
        How many lists, to begin with (1 to 20).
    author : int
        Which invented author, to begin with (1 to 12).

    Returns
    -------
    Comparison
        Shown by a notebook when it is the last value of a cell.

    Raises
    ------
    SelectionError
        For a number that is not offered.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> sorted(kj.widgets.simulated_selection().controls)
    ['author', 'lists', 'named']
    """
    controls = {}
    for name, value in offered(named, lists, author).items():
        options = [(str(number), str(number)) for number in OFFERED[name]]
        controls[name] = dropdown(ASKED[name], options, str(value))

    def draw(named: str, lists: str, author: str) -> Any:
        return charts.chance_map(int(named), int(lists), int(author))

    return Comparison(draw, controls)
