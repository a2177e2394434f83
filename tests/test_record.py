"""The outside record: chronicle, corroboration, later developments, verdicts, second checks."""

import re

import pytest

import kejigai_data as kj
from kejigai_data.digest import coded


@pytest.fixture(autouse=True)
def english():
    kj.use("en")


def test_every_dated_event_is_in_the_chronicle_once():
    events = kj.load_events()
    dated = events[events["date"].notna()]
    told = kj.chronicle()
    assert told["event_id"].is_unique
    assert set(told["event_id"]) <= set(dated["event_id"])
    wanted = set(
        dated["layer"] + dated["instrument_id"].fillna("") + dated["case_id"].fillna("") + dated["event_type"]
    )
    rows = events.set_index("event_id").loc[told["event_id"]]
    assert (
        set(rows["layer"] + rows["instrument_id"].fillna("") + rows["case_id"].fillna("") + rows["event_type"])
        == wanted
    )


def test_chronicle_names_every_source_of_a_happening():
    told = kj.chronicle(layer="record")
    sources = {s for cell in told["source_ids"] for s in cell.split(";")}
    events = kj.load_events()
    dated = events[events["date"].notna() & (events["layer"] == "record")]
    assert sources == set(dated["source_id"])


def test_chronicle_parts_make_the_whole():
    from kejigai_data.events import scopes

    assert sum(len(kj.chronicle(scope)) for scope in scopes()) == len(kj.chronicle())
    assert sum(len(kj.chronicle(layer=layer)) for layer in ("article", "record", "followup")) == len(
        kj.chronicle()
    )


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_event_of_the_chronicle_has_a_title(lang):
    told = kj.chronicle(lang=lang)
    assert told["title"].notna().all()
    if lang == "zh":
        assert told["title"].str.contains("[\u4e00-\u9fff]").all()


def test_the_national_frame_reaches_from_1985_to_2025():
    national = kj.chronicle("national", layer="record")
    years = national["latest"].dt.year
    assert years.min() == 1985
    assert years.max() >= 2024
    documents = kj.load("codings").query("variable == 'name_zh' and layer == 'record'")
    names = "\n".join(documents.loc[documents["case_id"].isna(), "value"])
    for wanted in (
        "中共中央关于科学技术体制改革的决定",
        "全面深化改革若干重大问题",
        "系统推进全面创新改革试验",
        "科学技术进步法",
    ):
        assert wanted in names, wanted
    law = national[national["title"].str.contains("S&T Progress Law")]
    assert set(law.loc[law["event_type"] == "revised", "date"]) == {"2007-12-29", "2021-12-24"}


def test_corroboration_follows_from_events_and_disagreements():
    found = kj.load_corroboration().set_index("case_id")
    assert found.index.tolist() == kj.load_cases()["case_id"].tolist()
    assert set(found["corroboration"]) <= {"corroborated", "partly", "contradicted", "not_found"}
    events = kj.load("events").query("layer == 'record' and date.notna()")
    dated = set(events["case_id"].dropna())
    assert set(found.index[found["corroboration"] != "not_found"]) == dated
    conflicts = kj.load("conflicts")
    owner = {
        **kj.load("codings").set_index("coding_id")["case_id"],
        **kj.load("events").set_index("event_id")["case_id"],
    }
    ends = ["left_coding", "right_coding", "left_event", "right_event"]
    against = conflicts[conflicts["bearing"] == "contradicts"]
    cases = {owner[e] for end in ends for e in against[end].dropna()}
    assert cases
    assert set(found.index[found["corroboration"] == "contradicted"]) == cases & dated
    assert (found.loc[sorted(cases & dated), "sentence"].str.len() > 40).all()


def test_no_case_is_borne_out_by_later_bounds_alone():
    """That a thing was there a year after the article said so adds nothing to what the article says."""
    found = kj.load_corroboration().set_index("case_id")["corroboration"]
    main = kj.load("instruments").dropna(subset="case_id").groupby("case_id")["instrument_id"].first()
    events = kj.load_events().query("layer == 'record' and date.notna()")
    for case in found.index[found == "corroborated"]:
        dates = events[events["instrument_id"] == main[case]]
        assert (dates["latest"] < "2023").any(), case


def test_each_sentence_of_corroboration_is_there_in_both_languages():
    for lang, script in (("en", "[a-z]"), ("zh", "[\u4e00-\u9fff]")):
        sentences = kj.load_corroboration(lang)["sentence"]
        assert sentences.str.contains(script).all()
        assert sentences.str.contains("[.。)）；;”]$").all()


def test_a_conflict_that_bears_on_the_article_has_an_article_end():
    layer = {
        **kj.load("codings").set_index("coding_id")["layer"],
        **kj.load("events").set_index("event_id")["layer"],
    }
    for row in kj.load("conflicts").to_dict("records"):
        ends = [
            row[e] for e in ("left_coding", "right_coding", "left_event", "right_event") if isinstance(row[e], str)
        ]
        layers = {layer[e] for e in ends}
        if row["bearing"] != "none":
            assert layers == {"article", "record"}, row["conflict_id"]


def test_every_claim_has_a_verdict_with_its_reason():
    claims = kj.load("claims")
    assert set(claims["verdict"]) == {"supported", "not_supported", "untestable"}
    tested = claims[claims["verdict"] != "untestable"]
    assert tested["source_ids"].notna().all()
    known = set(kj.load("sources")["source_id"])
    assert {s for cell in tested["source_ids"] for s in cell.split(";")} <= known - {"s001", "s002"}
    # A first or an only can be tested, at least by a search.
    firsts = claims[claims["type"].isin(["first", "only"]) & (claims["verdict"] == "untestable")]
    assert (firsts["search_id"].notna() | firsts["reason_en"].str.len().gt(60)).all()


def test_every_task_and_measure_has_what_came_after_or_a_search():
    agenda = kj.load("agenda").query("kind in ['task', 'measure']")
    later = kj.load_followups()
    assert set(later["code"]) == set(agenda["code"])
    assert len(agenda) == 20
    none = later["relation"] == "none_found"
    assert later.loc[none, "search_id"].notna().all()
    assert later.loc[~none, ["source_id", "locator", "date", "place", "what", "basis"]].notna().all().all()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_each_relation_has_one_form_of_sentence(lang):
    later = kj.load_followups(lang)
    strong = later["relation"].isin(["continues", "cites_task"])
    followed = later["sentence"].str.contains("followed by|”之后，")
    assert (followed == strong).all()
    assert not later["sentence"].str.contains("../", regex=False).any()
    assert not later["sentence"].str.contains("because|due to|thanks to|因文章|由于文章|得益于").any()


def test_what_came_after_is_dated_after_the_article():
    events = kj.load("events").set_index("event_id")
    later = kj.load("followups")
    latest = events.loc[later["event_id"].dropna(), "latest"]
    assert (latest >= "2022-10-01").all()


def test_prose_never_makes_the_article_a_cause(top):
    wrong = re.compile(
        r"(because of|thanks to|due to) the (article|review)|(因|由于)(该|本|这篇)?文章的?(建议|提出|发表)"
    )
    prose = [*top.glob("*.md"), *top.glob("notebooks/*/*.ipynb"), *top.glob("kejigai_data/codebook/*/*.md")]
    for path in prose:
        assert not wrong.search(path.read_text(encoding="utf-8")), path


def test_a_fifth_of_the_outside_codings_was_checked_a_second_time():
    checks = kj.load("verifications")
    codings = kj.load("codings").query("layer in ['record', 'followup'] and value.notna()")
    events = kj.load("events").query("layer in ['record', 'followup'] and date.notna()")
    outside = set(codings["coding_id"]) | set(events["event_id"])
    corrected = set(kj.load("corrections")["row_id"])
    assert set(checks["row_id"]) <= outside | corrected | set(kj.load("retired_ids")["retired_id"])
    assert len(set(checks["row_id"]) & outside) >= 0.18 * len(outside)
    differs = set(checks.loc[checks["result"] == "differs", "row_id"])
    assert differs <= corrected


def test_layers_are_separable_by_one_argument():
    article, record = kj.load_cases(), kj.load_cases("record")
    assert article["mechanism"].notna().all()
    assert record["adopted_latest"].notna().sum() > 30
    for case in ("c001", "c032"):
        assert set(kj.show_evidence(case, layer="record")["layer"]) == {"record"}
    assert set(coded("article")) == set(article["case_id"])
