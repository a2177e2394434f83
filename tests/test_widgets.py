"""Every option of every widget, without a browser."""

import json
import re

import pytest
import vl_convert

import kejigai_data as kj
from kejigai_data import widgets

MAKERS = {
    "compare_routes": widgets.compare_routes,
    "evidence_browser": widgets.evidence_browser,
    "timeline": widgets.timeline,
    "compare_places": widgets.compare_places,
    "compare_mechanisms": widgets.compare_mechanisms,
    "named_on_the_map": widgets.named_on_the_map,
    "argument_browser": widgets.argument_browser,
    "later_browser": widgets.later_browser,
    "simulated_selection": widgets.simulated_selection,
}


def shown(result, checked):
    return json.dumps(result.to_dict(validate=checked)) if hasattr(result, "to_dict") else repr(result)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", list(MAKERS))
def test_every_option_draws(name, lang):
    kj.use(lang)
    comparison = MAKERS[name]()
    seen = set()
    for control in comparison.controls.values():
        start = control.value
        for _, value in control.options:
            control.value = (value,) if isinstance(start, tuple) else value
            # A Chinese chart differs in words; the schema is asked in one language.
            seen.add(shown(comparison.result, checked=lang == "en"))
        control.value = start
    assert len(seen) > 5


def test_every_pair_of_routes_is_drawn_without_a_gap():
    comparison = widgets.compare_routes()
    for _, first in comparison.controls["first"].options:
        for _, second in comparison.controls["second"].options:
            comparison.controls["first"].value = first
            comparison.controls["second"].value = second
            spec = comparison.result.to_dict(validate=False)
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
    about = {row[table.headings.index("about")] for row in table.rows}
    assert len(about) == 3, about


def test_tables_escape_and_say_what_was_left_off():
    frame = kj.load_cases().head(3).copy()
    frame.loc[frame.index[0], "title_en"] = "<script>alert(1)</script>"
    html = kj.table(frame, ["title"], rows=2)._repr_html_()
    assert "<script>" not in html
    assert "2 of 3 rows" in html
    assert 'scope="col"' in html


@pytest.mark.parametrize(("lang", "said"), [("en", "Shanghai Municipality"), ("zh", "[A/OL]")])
def test_the_sources_of_a_table_fold_out_below_it(lang, said):
    kj.use(lang)
    html = widgets.evidence_table("c001", layer="record")._repr_html_()
    table, _, below = html.partition('<details class="cited">')
    assert {f"s{n:03}" for n in (3, 6, 9)} <= set(re.findall(r"<li[^>]*>(s\d{3}):", below))
    assert set(re.findall(r"<li[^>]*>(s\d{3}):", below)) <= set(re.findall(r"\bs\d{3}\b", table))
    assert said in re.sub("<[^>]+>", "", below)
    addresses = re.findall(r'<a href="([^"]+)"', below)
    assert addresses
    assert all(address.startswith(("http://", "https://")) for address in addresses)
    several = kj.load_cases().head(1).assign(source_ids="s003; s006")
    assert re.findall(r"<li[^>]*>(s\d{3}):", kj.table(several, ["source_ids"])._repr_html_()) == ["s003", "s006"]
    own = kj.load_cases().head(2).assign(source_id=["my own", "<b>"])
    assert "<details" not in kj.table(own, ["source_id"])._repr_html_()


def test_a_day_is_not_broken_in_a_column_of_longer_texts():
    html = widgets.evidence_table("c005", layer="record")._repr_html_()
    styles = {text: style for style, text in re.findall(r'<td style="([^"]*)">([^<]*)</td>', html)}
    assert "nowrap" in styles["2016-07-29"]
    assert "nowrap" not in next(styles[text] for text in styles if len(text) > 60)


@pytest.mark.parametrize("make", [widgets.compare_places, widgets.evidence_browser])
def test_as_one_widget_the_output_follows_the_controls(make):
    comparison = make()
    below = comparison.as_widget().children[1]
    first = below.outputs[0]["data"]
    control = next(iter(comparison.controls.values()))
    control.value = control.options[-1][1]
    second = below.outputs[0]["data"]
    assert first.keys() == second.keys()
    assert second != first
    assert second["text/plain"]


def test_every_scope_and_layer_of_the_timeline_shows_its_events_and_no_others():
    comparison = widgets.timeline()
    for _, scope in comparison.controls["scope"].options:
        for _, layer in comparison.controls["layer"].options:
            comparison.controls["scope"].value = scope
            comparison.controls["layer"].value = layer
            events = kj.chronicle(scope or None, layer=layer or None)
            if events.empty:
                assert "not absence" in repr(comparison.result)
                continue
            spec = comparison.result.to_dict(validate=False)
            named = spec.get("datasets", {})
            data = [layer_.get("data", spec.get("data", {})) for layer_ in spec["layer"]]
            drawn = [row for d in data for row in d.get("values") or named[d["name"]] if "first" in row]
            spans = sum(bool(r["first"] and r["last"] and r["first"] != r["last"]) for r in drawn) // 3
            # A span has its bar, the white below its sign, and the sign.
            assert len(drawn) - 2 * spans == len(events)


def test_timeline_of_two_places_holds_those_places_and_their_cities():
    comparison = widgets.timeline("legal", ["440000"])
    assert set(kj.chronicle("legal", ["440000"])["place"]) >= {"Guangzhou", "Shenzhen", "Zhuhai"}
    assert "Guangdong" in repr(comparison.box)
    assert "Guangzhou" in shown(comparison.result, checked=False)
    assert "Chongqing" not in shown(comparison.result, checked=False)


def test_what_is_said_in_place_of_a_table_is_a_paragraph():
    """As the caption of an empty table it stood two letters a line."""
    kj.use("zh")
    shown = kj.widgets.timeline(scope="legal", layer="followup").result._repr_html_()
    assert shown == "<p>所选范围内没有带日期的记录；这不等于没有发生。</p>"
