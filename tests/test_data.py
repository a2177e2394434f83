"""Integrity of the tables: keys, vocabularies, sources, dates, and the article itself."""

import json
import re
from collections import Counter
from difflib import SequenceMatcher

import pytest

import kejigai_data as kj
from kejigai_data.loading import FOLDER, catalogue, records

DATES = [("events", "date"), ("sources", "issued"), ("sources", "accessed"), ("place_members", "from_date")]


def test_own_tables_have_no_problem():
    problems = kj.validate()
    assert problems.empty, problems.head(20).to_string()


def test_frictionless_judges_structure_and_keys_valid():
    from frictionless import Package

    report = Package(f"{FOLDER}/datapackage.json").validate()
    assert report.valid, report.flatten(["path", "rowNumber", "fieldName", "message"])[:10]
    assert len(report.tasks) == len(catalogue())


def test_edtf_library_reads_every_date():
    import edtf

    texts = {row[column] for table, column in DATES for row in records(table)} - {""}
    assert len(texts) > 500
    for text in sorted(texts):
        edtf.parse_edtf(text)


def test_every_case_has_every_variable_once_in_the_article_layer():
    wanted = {v["variable"] for v in records("variables") if v["level"] == "case"}
    seen = Counter(
        (c["case_id"], c["variable"])
        for c in records("codings")
        if c["layer"] == "article" and not c["instrument_id"]
    )
    cases = {c["case_id"] for c in records("cases")}
    assert set(seen) == {(case, variable) for case in cases for variable in wanted}
    assert set(seen.values()) == {1}


def test_a_case_is_one_place_and_one_mechanism():
    frame = kj.load_cases()
    assert not frame.duplicated(["place_id", "mechanism"]).any()


def test_every_case_has_an_instrument_with_a_name():
    named = {c["case_id"] for c in records("codings") if c["variable"] == "name_zh" and c["layer"] == "article"}
    assert named - {""} == {c["case_id"] for c in records("cases")}


def test_legal_cases_have_a_record_layer():
    legal = kj.load_cases().query("dimension == 'legal'")["case_id"]
    steps = {"adopted", "approved", "promulgated", "in_force", "drafted"}
    for case in legal:
        found = {e["event_type"] for e in records("events") if e["case_id"] == case and e["layer"] == "record"}
        assert steps <= found, (case, steps - found)


def test_layers_do_not_share_sources():
    article = {
        s for t in ("codings", "events") for s in {r["source_id"] for r in records(t) if r["layer"] == "article"}
    }
    assert article == {"s002"}


def test_mechanisms_say_which_event_is_adoption():
    events = {c["code"] for c in records("codes") if c["variable"] == "event_type"}
    for code in records("codes"):
        assert (code["adoption_event"] in events) == (code["variable"] == "mechanism"), code["code"]


@pytest.mark.parametrize("table", ["codes", "variables", "agenda", "cases", "glossary", "rules"])
def test_chinese_and_english_are_both_filled(table):
    pairs = {name[:-3] for name in records(table)[0] if name.endswith("_zh")}
    for row in records(table):
        for name in pairs - {"term"}:
            if f"{name}_en" in row:
                assert row[f"{name}_zh"].strip(), (table, row)
                assert row[f"{name}_en"].strip(), (table, row)
                assert re.search("[\u4e00-\u9fff]", row[f"{name}_zh"]), (table, row[f"{name}_zh"])


def test_a_definition_never_repeats_its_label():
    for table in ("codes", "variables"):
        for row in records(table):
            for lang in ("zh", "en"):
                label, definition = row[f"label_{lang}"], row[f"definition_{lang}"]
                assert definition.strip(" .。").casefold() != label.casefold(), row
                assert len(definition) > len(label) * 0.8, row


def test_no_two_labels_of_a_variable_are_nearly_the_same():
    groups = {}
    for code in records("codes"):
        groups.setdefault(code["variable"], []).append(code["label_en"].casefold())
    for variable, labels in groups.items():
        for i, left in enumerate(labels):
            for right in labels[i + 1 :]:
                assert SequenceMatcher(None, left, right).ratio() < 0.93, (variable, left, right)


def test_places_hold_34_provincial_units_each_on_its_own_tile():
    places = kj.load_places()
    tiles = places[places["tile_row"].notna()]
    assert len(tiles) == 34
    assert not tiles.duplicated(["tile_row", "tile_col"]).any()
    assert set(tiles["level"]) == {
        "municipality",
        "province",
        "autonomous_region",
        "special_administrative_region",
    }


def test_hefei_and_zhuhai_are_ordinary_prefecture_level_cities():
    level = kj.load_places().set_index("place_id")["level"]
    assert {level["340100"], level["440400"]} == {"prefecture_level_city"}
    assert {
        level[p] for p in ("440100", "440300", "320100", "210100", "330100", "330200", "350200", "420100")
    } == {"sub_provincial_city"}


def test_regions_are_empty_where_the_statistics_do_not_reach():
    region = kj.load_places().set_index("place_id")["region"]
    assert region[["710000", "810000", "820000"]].isna().all()
    assert region[[p["place_id"] for p in records("places") if p["gb2260"].endswith("0000")]].notna().sum() == 31


def test_sources_of_web_pages_name_their_address_and_when_read():
    for source in records("sources"):
        if source["source_id"] not in ("s001", "s002", "kejigai_data"):
            assert source["accessed"], source
            assert source["url"].startswith("http") or source["note"], source


def test_indicators_add_up_to_the_national_figures():
    figures = kj.load_indicators()
    assert len(figures) == 4 * 31 * 12
    spending = figures[figures["indicator"] == "rd_expenditure"].groupby("year")["value"].sum()
    for check in kj.load("indicator_checks").query("indicator == 'rd_expenditure'").itertuples():
        assert abs(spending[check.year] - check.sum_of_places) < 0.06
        assert abs(check.sum_of_places - check.national_value) <= 0.31
    blank = figures[figures["value"].isna()]
    assert set(blank["place_id"]) == {"540000"}
    assert set(blank["status"]) == {"blank_in_source"}


def test_every_passage_became_something_or_says_why():
    kinds = {"case", "mention", "agenda", "claim", "event", "none"}
    for passage in records("passages"):
        became = set(passage["became"].split(";"))
        assert became <= kinds, passage
        assert became, passage
        assert ("none" in became) == bool(passage["reason"]), passage


def test_what_a_passage_became_is_there():
    found = {
        "case": {c["locator"].split(";")[0] for c in records("codings") if c["variable"] == "mechanism"},
        "mention": {m["locator"] for m in records("mentions")},
        "agenda": {part for a in records("agenda") for part in a["locator"].split(";")},
        "claim": {c["locator"] for c in records("claims")},
        "event": {e["locator"] for e in records("events") if e["layer"] == "article"},
    }
    for passage in records("passages"):
        for kind in passage["became"].split(";"):
            assert kind == "none" or passage["locator"] in found[kind], passage


def test_agenda_has_the_articles_skeleton():
    counts = Counter(a["kind"] for a in records("agenda"))
    assert (counts["experience"], counts["problem"], counts["trend"], counts["idea"]) == (3, 3, 3, 3)
    assert (counts["task"], counts["measure"]) == (5, 15)
    assert len([a for a in records("agenda") if a["code"] in {f"thesis_{i}" for i in range(1, 6)}]) == 5


def test_each_difference_between_readings_is_settled_by_a_rule():
    rules = {r["rule_id"]: r["kind"] for r in records("rules")}
    for difference in records("differences"):
        assert rules[difference["rule"]] == "settle", difference
        assert difference["reason"], difference


def test_differences_are_exactly_those_of_the_readings():
    values = {}
    for r in records("readings"):
        if r["variable"] not in ("unit", "name_zh"):
            key = (r["place_id"], r["mechanism"], r["instrument_no"], r["variable"])
            values.setdefault(key, {})[r["reading"]] = (r["value"], r["status"])
    differing = {key for key, got in values.items() if got.get("a") != got.get("b")}
    kept = {
        (d["place_id"], d["mechanism"], d["instrument_no"], d["variable"])
        for d in records("differences")
        if d["variable"] != "name_zh"
    }
    assert differing == kept


def test_a_conflict_has_two_ends():
    for conflict in records("conflicts"):
        ends = [conflict[e] for e in ("left_coding", "right_coding", "left_event", "right_event") if conflict[e]]
        assert len(ends) == 2, conflict


def test_table_files_are_utf8_with_lf(top):
    for path in (top / "kejigai_data" / "data").rglob("*.*"):
        content = path.read_bytes()
        content.decode("utf-8")
        assert b"\r" not in content, path
        assert not content.startswith(b"\xef\xbb\xbf"), path


# Against the article itself


def test_own_copy_matches_every_passage(article_path):
    assert kj.Article.read(article_path).missing == []


def test_splitting_the_article_gives_the_passages(article_path):
    from kejigai_data._build.passages import sentences
    from kejigai_data.article import fingerprint, normalised

    text = article_path.read_text(encoding="utf-8")
    split = [(locator, fingerprint(normalised(s)[0])) for locator, s in sentences(text)]
    assert split == [(p["locator"], p["sha256"]) for p in records("passages")]


def test_every_place_name_in_the_article_is_a_mention(article_path):
    from kejigai_data._build.passages import sentences

    known = Counter((m["locator"], m["place_id"]) for m in records("mentions"))
    for locator, sentence in sentences(article_path.read_text(encoding="utf-8")):
        for place in records("places"):
            if place["level"] == "country":
                continue
            occurrences = sentence.count(place["short_zh"])
            assert known[locator, place["place_id"]] == occurrences, (locator, place["short_zh"])


def test_anchors_and_mentions_point_at_the_right_words(article_path):
    article = kj.Article.read(article_path)
    names = {p["place_id"]: p["short_zh"] for p in records("places")}
    for mention in records("mentions"):
        first, last = article._span(mention["locator"], int(mention["start"]), int(mention["length"]))
        assert article._text[first:last] == names[mention["place_id"]]
    for case in records("cases"):
        assert any("【" in h.text for h in article.highlight(case["case_id"])), case["case_id"]


def without_marks(text):
    """Drop punctuation, in which copies differ."""
    return re.sub(r"[\s,;:.，；：。、]+", "", text)


def test_no_sentence_of_the_article_is_in_the_repository(article_path, top):
    import subprocess

    size = 20
    text = re.sub(r"\s+", "", article_path.read_text(encoding="utf-8"))
    text = without_marks(re.sub(r"《[^》]*》", "◇", text[text.find("深入扎实推动") :]))
    grams = {text[i : i + size] for i in range(len(text) - size + 1)}
    listing = ["git", "-c", "core.quotepath=off", "ls-files"]
    files = subprocess.run(listing, cwd=top, capture_output=True, encoding="utf-8", check=True).stdout.split("\n")
    for name in filter(None, files):
        path = top / name
        if path.suffix in {".py", ".md", ".csv", ".json", ".ipynb", ".toml", ".yml", ".cff"} and path.exists():
            content = path.read_text(encoding="utf-8")
            if path.suffix in {".ipynb", ".json"}:
                content = json.dumps(json.loads(content), ensure_ascii=False).replace("\\n", "")
            content = without_marks(content)
            runs = (content[i : i + size] for i in range(len(content) - size + 1))
            hit = next((run for run in runs if run in grams), None)
            assert hit is None, f"{name} holds a run of the article's own words: {hit}"


def worked_cases(page):
    """Yield (unit, value, status) of each worked case of a codebook page."""
    statuses = {"stated", "inferred", "ambiguous", "silent", "not_applicable", "not_found", "stated_absent"}
    codes = {c["code"] for c in records("codes") if c["variable"] == page.stem}
    text = page.read_text(encoding="utf-8")
    for line in re.split("## Worked cases|## 判例", text)[-1].split("\n"):
        head = re.match(r"- `(c\d{3})`(?:/`(i\d{3})`)?", line)
        tokens = re.findall(r"`([a-z0-9_;]+)`", line)
        status = next((t for t in tokens if t in statuses), "")
        if head and status:
            value = next((t for t in tokens if set(t.split(";")) <= codes), "")
            yield head[2] or head[1], value, status


def test_worked_cases_of_the_codebook_agree_with_the_data(top):
    coded = {}
    for c in records("codings"):
        for unit in {c["case_id"] if not c["instrument_id"] else "", c["instrument_id"]} - {""}:
            coded.setdefault((unit, c["variable"]), set()).add((c["value"], c["status"]))
    checked = 0
    for page in sorted((top / "kejigai_data" / "codebook").glob("*/*.md")):
        if any(c["variable"] == page.stem for c in records("codes")):
            for unit, value, status in worked_cases(page):
                have = coded.get((unit, page.stem), set())
                assert any(v in (value, "") and s == status for v, s in have), (page, unit, value, status, have)
                checked += 1
    assert checked > 60


def test_no_working_key_is_left_in_a_remark():
    """Remarks and locators name rows by their ids; a key of the collection means nothing to a reader."""
    key = re.compile(r"(?<![A-Za-z0-9_.])[a-z]{1,2}\d?_[a-z0-9_]+")
    known = {c["code"] for c in records("codes")} | {v["variable"] for v in records("variables")}
    for table in ("codings", "events", "followups", "conflicts", "searches", "claims", "bodies", "parties"):
        for row in records(table):
            for name in ("comment", "locator", "basis_en", "note_en", "reason_en", "for_what"):
                loose = set(key.findall(row.get(name) or "")) - known
                assert not loose, (table, name, row[name])


def test_prefectures_stand_below_their_province_and_no_short_name_means_two():
    divisions = kj.load("divisions")
    assert len(divisions) == 333
    assert (divisions["place_id"].str[:2] + "0000" == divisions["parent"]).all()
    short = divisions["aliases"].dropna().str.split(";").explode()
    assert not short.duplicated().any()
    places = kj.load_places()
    names = dict(zip(places["place_id"], places["name_zh"], strict=True))
    both = divisions[divisions["place_id"].isin(set(names))]
    assert len(both) == 42
    assert (both["name_zh"] == both["place_id"].map(names)).all()
    for name, place in zip(divisions["name_zh"], divisions["place_id"], strict=True):
        assert kj.find_place(name).place_id == place


def test_places_in_sources_are_told_in_one_language():
    from kejigai_data.words import locator

    told = {c["locator"] for name in ("codings", "events", "parties") for c in records(name) if c["locator"]}
    # GDP, G60 and the like stand in Chinese texts too.
    left = [text for text in told if re.search(r"[a-z]{2,}", locator(text, "zh"))]
    assert left == []
    assert (
        locator("para 3 to 4; title and para 1; Articles 9, 11, 12", "zh")
        == "第3至4段; 标题与第1段; 第9、11、12条"
    )
