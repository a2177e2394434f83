"""Every option of every widget, without a browser."""

import json

import pytest
import vl_convert

import kejigai_data as kj
from kejigai_data import widgets

MAKERS = {"compare_routes": widgets.compare_routes, "evidence_browser": widgets.evidence_browser}


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", list(MAKERS))
def test_every_option_draws(name, lang):
    kj.use(lang)
    comparison = MAKERS[name]()
    seen = set()
    for control in comparison.controls.values():
        start = control.value
        for _, value in control.options:
            control.value = value
            seen.add(
                repr(comparison.result) if name == "evidence_browser" else json.dumps(comparison.result.to_dict())
            )
        control.value = start
    assert len(seen) > 5


def test_every_pair_of_routes_is_drawn_without_a_gap():
    comparison = widgets.compare_routes()
    for _, first in comparison.controls["first"].options:
        for _, second in comparison.controls["second"].options:
            comparison.controls["first"].value = first
            comparison.controls["second"].value = second
            spec = comparison.result.to_dict()
            named = [rows for rows in spec["datasets"].values() if any(r["row"].endswith("|") for r in rows)]
            assert sum(r["row"].endswith("|") for r in named[0]) == len({first, second})
    spec.pop("$schema")
    assert "<svg" in vl_convert.vegalite_to_svg(json.dumps(spec), vl_version="6.4")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_controls_have_labels_and_a_sentence(lang):
    kj.use(lang)
    for maker in MAKERS.values():
        comparison = maker()
        for control in comparison.controls.values():
            assert control.description
        assert repr(comparison.box).endswith(".")
        assert "Dropdown(" not in repr(comparison.box)


def test_a_change_redraws_once_and_updates_the_same_output():
    class Handle:
        def __init__(self):
            self.updates = []

        def update(self, shown):
            self.updates.append(shown)

    comparison = widgets.compare_routes("c003", "c002")
    comparison._handle = Handle()
    before = comparison.result.to_dict()
    comparison.controls["second"].value = "c001"
    assert len(comparison._handle.updates) == 1
    shown = comparison._handle.updates[0]._repr_mimebundle_()
    assert shown == comparison.result._repr_mimebundle_()
    assert comparison.result.to_dict() != before


def test_the_browser_says_when_nothing_is_recorded(monkeypatch):
    empty = kj.show_evidence("c030").iloc[:0]
    monkeypatch.setattr(widgets, "show_evidence", lambda case, layer: empty)
    table = widgets.evidence_table("c030", layer="record")
    assert "Nothing is recorded" in repr(table)


def test_evidence_tells_versions_of_one_regulation_apart():
    table = widgets.evidence_table("c005", layer="record")
    about = {row[1] for row in table.rows}
    assert len(about) == 3, about


def test_tables_escape_and_say_what_was_left_off():
    frame = kj.load_cases().head(3).copy()
    frame.loc[frame.index[0], "title_en"] = "<script>alert(1)</script>"
    html = kj.table(frame, ["title"], rows=2)._repr_html_()
    assert "<script>" not in html
    assert "2 of 3 rows" in html
    assert 'scope="col"' in html
