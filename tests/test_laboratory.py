"""The coding laboratory: invented texts, answers that survive, and results that can be checked by hand."""

import csv
import os

import pandas as pd
import pytest

import kejigai_data as kj
from kejigai_data import laboratory
from kejigai_data.laboratory import UNDECIDABLE, VARIABLES, AnswerFile
from kejigai_data.loading import records


def fill(path, part="test", wrong=()):
    """Answer a part as the reference does, but for the texts in `wrong`."""
    answers = AnswerFile(str(path))
    for vignette in laboratory.vignettes(part):
        for name in laboratory.asked(vignette["vignette_id"]):
            row = laboratory.reference()[vignette["vignette_id"], name]
            right = row.get("value") or ("case" if row["is_case"] == "true" else "not_a_case")
            if vignette["vignette_id"] in wrong:
                options = laboratory.permitted(name) if name in VARIABLES else ["case", "not_a_case"]
                right = next(code for code in options if code != right)
            answers.record(part, vignette["vignette_id"], name, right)
    return answers


def test_the_sets_have_their_sizes():
    sets = pd.Series([row["set"] for row in records("vignettes")]).value_counts().to_dict()
    assert sets == {"example": 6, "training": 12, "unitising": 6, "test": 16, "repeat": 8}


def test_the_texts_are_invented():
    places = kj.load_places()
    real = {
        name
        for name in [*places["short_zh"].dropna(), *places["name_zh"].dropna()]
        if len(name) > 1 and name not in ("中国", "全国")
    }
    for row in records("vignettes"):
        found = [name for name in real if name in row["title_zh"] + row["text_zh"]]
        assert not found, (row["vignette_id"], found)
        english = [n for n in places["name_en"] if f" {n} " in row["text_en"]]
        assert not english, (row["vignette_id"], english)


def test_every_code_occurs_and_undecidable_ones_too():
    used = {}
    for row in records("vignette_codings"):
        used.setdefault(row["variable"], set()).add(row["value"])
        assert row["value"] in laboratory.permitted(row["variable"])
    assert set(used) == set(VARIABLES)
    for variable in VARIABLES:
        assert set(laboratory.permitted(variable)) == used[variable], variable


def test_the_reference_was_read_twice_and_its_agreement_is_what_a_hand_count_gives():
    rows = [row for row in records("vignette_codings") if row["variable"] == "stage"]
    same = sum(row["reading_a"] == row["reading_b"] for row in rows) / len(rows)
    table = laboratory.reference_agreement(resamples=20).set_index("variable")
    assert table.loc["stage", "percent"] == pytest.approx(same)
    assert {row[r] for row in rows for r in ("reading_a", "reading_b")} <= {*laboratory.permitted("stage")}


def test_answers_are_on_disk_at_once_and_go_on_where_they_were_left(tmp_path):
    path = tmp_path / "学生 一.csv"
    desk = laboratory.start(str(path), "training")
    desk.menus["dimension"].value = "legal"
    with open(path, encoding="utf-8-sig", newline="") as file:
        assert [row["value"] for row in csv.DictReader(file)] == ["legal"]
    again = laboratory.start(str(path), "training")
    assert again.menus["dimension"].value == "legal"
    assert again.at == 0
    for name, menu in again.menus.items():
        menu.value = laboratory.permitted(name)[0]
    assert laboratory.start(str(path), "training").at == 1


def test_a_file_held_open_by_another_program_loses_nothing(tmp_path, monkeypatch):
    path = tmp_path / "own.csv"
    fill(path, "training")
    answers = AnswerFile(str(path))
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(PermissionError("held")))
        assert answers.record("training", "v07", "stage", UNDECIDABLE) is False
    assert AnswerFile(str(path)).value("training", "v07", "stage") == UNDECIDABLE
    assert AnswerFile(str(path)).record("training", "v07", "stage", "ended") is True
    assert not os.path.exists(answers.pending)
    assert AnswerFile(str(path)).value("training", "v07", "stage") == "ended"


def test_a_crash_while_writing_leaves_the_last_state(tmp_path, monkeypatch):
    path = tmp_path / "own.csv"
    answers = fill(path, "training")
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(kj.DataError, match="No space left"):
            answers.record("training", "v08", "stage", "ended")
    assert path.read_bytes() == before
    answers.record("training", "v08", "form", "plan")
    assert AnswerFile(str(path)).value("training", "v08", "stage") == "ended"


def test_half_a_pending_file_does_not_spoil_the_good_one(tmp_path):
    path = tmp_path / "own.csv"
    answers = fill(path, "training")
    with open(answers.pending, "w", encoding="utf-8") as file:
        file.write(path.read_text("utf-8-sig")[:137])
    assert AnswerFile(str(path)).value("training", "v18", "stage") == answers.value("training", "v18", "stage")


def test_what_a_spreadsheet_saved_again_is_read(tmp_path):
    path = tmp_path / "own.csv"
    answers = fill(path, "training")
    text = path.read_text("utf-8-sig").replace(",", ";")
    path.write_text(text, encoding="utf-8")
    assert AnswerFile(str(path)).frame().equals(answers.frame())


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", "学生,成绩\n".encode("gbk"), b"\x00\x01"])
def test_another_file_is_not_touched(tmp_path, content):
    path = tmp_path / "marks.csv"
    path.write_bytes(content)
    with pytest.raises(kj.DataError):
        laboratory.start(str(path))
    assert path.read_bytes() == content


def test_wrong_paths_and_parts_are_named():
    with pytest.raises(kj.SelectionError, match="csv"):
        laboratory.start("answers.txt")
    with pytest.raises(kj.SelectionError, match="training"):
        laboratory.vignettes("exam")


def test_no_part_gives_its_reference_away_but_training_and_examples(tmp_path):
    kj.use("en")
    for part in ("test", "unitising", "again"):
        desk = laboratory.start(str(tmp_path / f"{part}.csv"), part)
        for menu in desk.menus.values():
            menu.value = menu.options[1][1]
        assert desk.feedback.value == ""
    desk = laboratory.start(str(tmp_path / "training.csv"), "training")
    assert desk.feedback.value == ""
    desk.menus["stage"].value = "ended"
    assert desk.feedback.value.count("<li>") == 1
    examples = laboratory.start(str(tmp_path / "examples.csv"), "examples")
    assert examples.feedback.value.count("<li>") == 6


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_text_can_be_shown_and_every_option_chosen(tmp_path, lang):
    kj.use(lang)
    for part in laboratory.PARTS:
        desk = laboratory.start(str(tmp_path / f"{part}.csv"), part)
        for number in range(len(laboratory.vignettes(part))):
            desk.show(number)
            assert "Tangyu" in desk.text.value or "棠屿" in desk.text.value
            for name, menu in desk.menus.items():
                assert menu.description
                menu.value = menu.options[-1][1]
                heading = "Decision steps" if lang == "en" else "判定步骤"
                assert heading in desk.page.value, name
        desk.show(99)
        assert desk.onward.disabled


def test_the_next_part_follows_when_one_is_done(tmp_path):
    path = tmp_path / "own.csv"
    assert laboratory.start(str(path))._part == "examples"
    for part, following in (("training", "unitising"), ("unitising", "test")):
        fill(path, part)
        assert laboratory.start(str(path))._part == following
    fill(path, "test")
    with pytest.raises(kj.KejigaiError, match="6 days"):
        laboratory.start(str(path))
    assert laboratory.start(str(path), "again")._part == "again"
    path.write_text(path.read_text("utf-8-sig").replace(",20", ",19"), encoding="utf-8")
    assert laboratory.start(str(path))._part == "again"


def test_results_are_those_of_a_hand_count(tmp_path):
    path = tmp_path / "own.csv"
    fill(path, wrong=("v25", "v30"))
    table = laboratory.accuracy(str(path), resamples=20).set_index("variable")
    assert (table["units"] == 24).all()
    assert table["percent"].tolist() == pytest.approx([22 / 24] * 6)
    listed = laboratory.against_reference(str(path))
    assert len(listed) == 12
    assert set(listed["vignette_id"]) == {"v25", "v30"}
    assert listed["reason"].notna().all()
    counts = laboratory.confusion(str(path), "stage")
    assert int(counts["n"].sum()) == 24
    assert int(counts.loc[counts["reference"] != counts["own"], "n"].sum()) == 2
    assert kj.charts.confusion(counts, "stage").to_dict()["height"] > 0


def test_students_are_compared_with_one_another(tmp_path):
    paths = [str(tmp_path / name) for name in ("一.csv", "b.csv", "c.csv")]
    for path, wrong in zip(paths, ((), ("v25",), ("v25", "v26")), strict=True):
        fill(path, wrong=wrong)
    table = laboratory.reliability(paths, resamples=20).set_index("variable")
    # v25: b and c agree, a differs; v26: a and b agree, c differs: 68 of 72 pairs.
    assert table["percent"].tolist() == pytest.approx([68 / 72] * 6)
    with pytest.raises(kj.SelectionError, match="two students"):
        laboratory.reliability(paths[:1])


def test_stability_needs_the_second_week(tmp_path):
    path = tmp_path / "own.csv"
    fill(path)
    with pytest.raises(kj.SelectionError, match="again"):
        laboratory.stability(str(path))
    fill(path, "again", wrong=("v41",))
    assert laboratory.stability(str(path), resamples=20)["percent"].tolist() == pytest.approx([7 / 8] * 6)


def test_an_empty_file_says_what_to_do(tmp_path):
    for call in (laboratory.accuracy, laboratory.against_reference):
        with pytest.raises(kj.SelectionError, match="start") as caught:
            call(str(tmp_path / "none.csv"))
        assert len(caught.value._render_traceback_()) == 1
