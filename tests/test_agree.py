"""Agreement, against published worked examples."""

import math

import numpy as np
import pandas as pd
import pytest

import kejigai_data as kj
from kejigai_data import agree
from kejigai_data.agree import met

# Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability: four observers, twelve units.
OBSERVERS = {
    "a": "1 2 3 3 2 1 4 1 2 . . .",
    "b": "1 2 3 3 2 2 4 1 2 5 . 3",
    "c": ". 3 3 3 2 3 4 2 2 5 1 .",
    "d": "1 2 3 3 2 4 4 1 2 5 1 .",
}


def long(observers, variable):
    rows = [
        (name, unit, variable, value)
        for name, values in observers.items()
        for unit, value in enumerate(values.split())
        if value != "."
    ]
    return pd.DataFrame(rows, columns=["reading", "unit", "variable", "value"])


def test_alpha_of_krippendorffs_example():
    result = kj.agreement(long(OBSERVERS, "colour"), resamples=50).iloc[0]
    assert result["alpha"] == pytest.approx(0.743, abs=0.0005)
    assert result["units"] == 11
    assert result["alpha_low"] <= result["alpha"] <= result["alpha_high"]


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, "", " "])
@pytest.mark.parametrize("dtype", [object, "string", None])
def test_a_missing_value_is_no_answer(missing, dtype):
    """The same example as people send it: with a row for each cell, some of them empty."""
    cells = [
        (name, unit, "colour", missing if value == "." else value)
        for name, values in OBSERVERS.items()
        for unit, value in enumerate(values.split())
    ]
    frame = pd.DataFrame(cells, columns=["reading", "unit", "variable", "value"])
    frame = frame if dtype is None else frame.astype({"value": dtype})
    before = frame.copy()
    full = kj.agreement(long(OBSERVERS, "colour"), resamples=20)
    assert kj.agreement(frame, resamples=20).equals(full)
    assert kj.agreement(frame, resamples=5, by="code").equals(
        kj.agreement(long(OBSERVERS, "colour"), resamples=5, by="code")
    )
    assert kj.disagreements(frame).equals(kj.disagreements(long(OBSERVERS, "colour")))
    assert met(frame[frame["reading"].isin(["a", "b"])], "colour")["n"].sum() == 9
    assert frame.equals(before)


def test_a_reading_that_has_not_begun_has_its_column_and_a_variable_its_row():
    rows = [("A", 1, "stage", "pilot"), ("B", 1, "stage", None)]
    frame = pd.DataFrame(rows, columns=["reading", "unit", "variable", "value"])
    assert list(kj.disagreements(frame).columns) == ["unit", "variable", "A", "B"]
    nobody = kj.agreement(frame.assign(value=None), resamples=5, by="code")
    assert nobody[["variable", "units", "note"]].values.tolist() == [["stage", 0, "no unit has two readings"]]


def test_ids_with_a_gap_between_them_are_the_same_ids():
    sheets = {"a": {"case_id": [1.0, 2.0], "stage": ["pilot", "ended"]}, "b": {"case_id": [1, 2]}}
    sheets["b"]["stage"] = ["pilot", "planned"]
    readings = pd.concat([kj.as_readings(pd.DataFrame(sheet), name) for name, sheet in sheets.items()])
    assert kj.agreement(readings, resamples=5)["units"][0] == 2
    assert kj.disagreements(readings)["unit"].tolist() == ["2"]
    coded = pd.DataFrame({"case_id": ["h1", "h2"], "reading": [1.0, 2.0], "stage": ["pilot", "ended"]})
    assert kj.as_readings(coded)["reading"].tolist() == ["1", "2"]


def test_the_confusion_chart_says_what_is_wrong_with_counts():
    counts = pd.DataFrame({"reference": ["pilot", None], "own": ["pilot", "planned"], "n": [1, 2]})
    (cells,) = kj.charts.confusion(counts, "stage").to_dict()["datasets"].values()
    assert [cell["shown"] for cell in cells] == ["1"]
    repeated = counts.assign(reference="pilot", own="pilot")
    (cells,) = kj.charts.confusion(repeated, "stage").to_dict()["datasets"].values()
    assert [cell["shown"] for cell in cells] == ["3"]
    for odd in ([1, None], [1, "many"], [1, math.inf], [1, 1.5], [1, -3]):
        with pytest.raises(kj.SelectionError, match="n should hold whole numbers"):
            kj.charts.confusion(counts.assign(reference="pilot", n=odd), "stage")
    named = long({"n": "1 2", "a": "1 3"}, "stage")
    with pytest.raises(kj.SelectionError, match="may not be called 'n'"):
        kj.charts.confusion(named, "stage")
    readings = long({"x": "1 2", "y": "1 3"}, "stage")
    assert "reference" not in kj.charts.confusion(readings, "stage").to_dict()["description"]


def test_alpha_of_the_same_example_read_as_an_order():
    """The same source gives 0.815 for ordinal data."""
    codes = dict(zip("12345", ("proposed", "planned", "pilot", "in_operation", "ended"), strict=True))
    frame = long(OBSERVERS, "stage")
    result = kj.agreement(frame.assign(value=frame["value"].map(codes)), resamples=5).iloc[0]
    assert result["distance"] == "ordinal"
    assert result["alpha"] == pytest.approx(0.815, abs=0.0005)


def test_kappa_of_a_textbook_table():
    """Fleiss, Levin and Paik (2003), Table 18.1: 100 subjects, three categories, kappa 0.676."""
    cells = {
        ("p", "p"): 75,
        ("p", "n"): 1,
        ("p", "o"): 4,
        ("n", "p"): 5,
        ("n", "n"): 4,
        ("n", "o"): 1,
        ("o", "o"): 10,
    }
    pairs = [pair for pair, count in cells.items() for _ in range(count)]
    rows = [("a", i, "x", p[0]) for i, p in enumerate(pairs)] + [("b", i, "x", p[1]) for i, p in enumerate(pairs)]
    frame = pd.DataFrame(rows, columns=["reading", "unit", "variable", "value"])
    result = kj.agreement(frame, resamples=10).iloc[0]
    assert result["kappa"] == pytest.approx(0.676, abs=0.001)
    assert result["percent"] == pytest.approx(0.89)


def test_sets_are_compared_by_jaccard_distance():
    rows = [("a", 1, "factors", "technology;capital"), ("b", 1, "factors", "technology")]
    rows += [("a", 2, "factors", "labour"), ("b", 2, "factors", "labour")]
    frame = pd.DataFrame(rows, columns=["reading", "unit", "variable", "value"])
    result = kj.agreement(frame, resamples=10).iloc[0]
    assert result["distance"] == "jaccard"
    # By hand: observed 1/4; expected over the six pairs of the four values, 1/2 + 4 + 0 ... = 4.5/6.
    assert result["alpha"] == pytest.approx(1 - 0.25 / (4.5 / 6))


def test_alpha_without_variation_is_undefined_and_said_so():
    frame = long({"a": "1 1 1", "b": "1 1 1"}, "x")
    result = kj.agreement(frame).iloc[0]
    assert math.isnan(result["alpha"])
    assert math.isnan(result["kappa"])
    assert "no variation" in result["note"]
    assert result["percent"] == 1


def test_the_order_of_ordinal_codes_counts():
    near = long({"a": "planned pilot in_operation", "b": "pilot pilot in_operation"}, "stage")
    far = long({"a": "proposed pilot in_operation", "b": "in_operation pilot in_operation"}, "stage")
    assert kj.agreement(near, resamples=5)["distance"][0] == "ordinal"
    assert kj.agreement(near, resamples=5)["alpha"][0] > kj.agreement(far, resamples=5)["alpha"][0]


def test_the_order_of_members_does_not_matter():
    rows = [("a", 1, "factors", "technology;capital"), ("b", 1, "factors", "capital;technology")]
    rows += [("a", 2, "factors", "labour"), ("b", 2, "factors", "labour")]
    frame = pd.DataFrame(rows, columns=["reading", "unit", "variable", "value"])
    assert kj.agreement(frame, resamples=5)["percent"][0] == 1
    assert kj.disagreements(frame).empty


def test_disagreements_show_what_each_reading_rests_on():
    sheet = pd.DataFrame({"case_id": ["h1", "h2"], "stage": ["pilot", "ended"], "locator": ["p. 1", "p. 2"]})
    other = sheet.assign(stage=["planned", "ended"], comment=["only announced", None])
    both = pd.concat([kj.as_readings(sheet.assign(comment=None), "li"), kj.as_readings(other, "han")])
    (row,) = kj.disagreements(both).to_dict("records")
    assert (row["li"], row["han"]) == ("pilot", "planned")
    assert (row["li_locator"], row["han_comment"]) == ("p. 1", "only announced")


def test_status_agrees_less_than_value():
    value = kj.agreement(kj.own_readings(), resamples=5).set_index("variable")["percent"]
    status = kj.agreement(kj.own_readings(of="status"), resamples=5).set_index("variable")["percent"]
    assert status["form"] < value["form"]


def test_interval_is_seeded():
    frame = long(OBSERVERS, "colour")
    assert kj.agreement(frame, resamples=50).equals(kj.agreement(frame, resamples=50))


def test_one_reading_or_a_repeated_row_is_refused():
    frame = long({"a": "1 2", "b": "1 2"}, "x")
    with pytest.raises(kj.SelectionError, match="two readings"):
        kj.agreement(frame[frame["reading"] == "a"])
    with pytest.raises(kj.SelectionError, match="repeat"):
        kj.agreement(pd.concat([frame, frame]))
    with pytest.raises(kj.UnknownNameError, match="x"):
        kj.agreement(frame, variable="y")


def test_the_sheet_for_human_coders_is_ready():
    import os

    from kejigai_data.loading import FOLDER

    sheet = pd.read_csv(os.path.join(FOLDER, "audit", "human_sample.csv"))
    cases = kj.load_cases()
    assert 0.15 < sheet["unit"].nunique() / len(cases) < 0.25
    assert set(sheet["unit"]) <= set(cases["case_id"])
    assert sheet[["reading", "value", "status"]].isna().all().all()
    filled = pd.concat(
        [sheet.assign(reading=name, value=sheet["permitted"].str.split("|").str[0]) for name in "pq"]
    )
    assert (kj.agreement(filled, resamples=5)["percent"] == 1).all()


def test_a_sheet_of_human_coders_may_be_half_filled():
    from kejigai_data.loading import FOLDER

    sheet = pd.read_csv(f"{FOLDER}/audit/human_sample.csv")
    filled = pd.concat([sheet.assign(reading=name) for name in "pq"], ignore_index=True)
    filled["value"] = filled["value"].astype(object)
    filled.loc[filled["variable"] == "stage", "value"] = "pilot"
    result = kj.agreement(filled, resamples=5).set_index("variable")
    assert result.loc["stage", "percent"] == 1
    assert result.loc["action", "note"] == "no unit has two readings"


def test_own_readings_found_the_same_cases():
    found = kj.unitising()
    assert found["both"] + found["only_a"] == len(kj.load_cases())
    assert 0 <= found["f1"] <= 1


def test_disagreements_of_own_readings_are_few_and_named():
    listed = kj.disagreements(kj.own_readings())
    assert set(listed.columns) == {"unit", "variable", "a", "b", "a_locator", "b_locator"}
    assert listed[["a_locator", "b_locator"]].notna().all(axis=None)
    assert (listed["a"] != listed["b"]).all()
    units = set(kj.own_readings()["unit"])
    assert set(listed["unit"]) < units


def test_a_status_among_ordered_codes_is_measured_as_nominal_and_said_so():
    rows = [
        ("a", 1, "pilot"),
        ("b", 1, "pilot"),
        ("a", 2, "(silent)"),
        ("b", 2, "planned"),
        ("a", 3, "ended"),
        ("b", 3, "ended"),
    ]
    frame = pd.DataFrame(rows, columns=["reading", "unit", "value"]).assign(variable="stage")
    result = kj.agreement(frame, resamples=5).iloc[0]
    assert result["distance"] == "nominal"
    assert result["note"] == "measured as nominal: (silent) has no place in the order"
    assert result["alpha"] < 1


@pytest.mark.parametrize("column", ["reading", "unit", "variable"])
def test_rows_without_a_name_are_named_and_count_for_nobody(column):
    frame = long(OBSERVERS, "colour")
    frame.loc[3, column] = None
    with pytest.raises(kj.SelectionError, match=f"1 rows have no {column}"):
        kj.agreement(frame)


def test_one_answer_in_two_spellings_is_one_answer():
    rows = [("a", 1, 1), ("b", "1", "1"), ("a", 2, 2.0), ("b", 2, "2"), ("a", 3, "x;y;x"), ("b", 3, "y;x")]
    frame = pd.DataFrame(rows, columns=["reading", "unit", "value"], dtype=object).assign(variable="n")
    result = kj.agreement(frame, resamples=5).iloc[0]
    assert [result["units"], result["percent"], result["kappa"], result["alpha"]] == [3, 1, 1, 1]


def test_a_reading_whose_name_would_be_taken_for_a_column_is_refused():
    frame = long({"a": "1 2", "a_locator": "1 3"}, "x").assign(locator="p")
    with pytest.raises(kj.SelectionError, match="may not be called 'a_locator'"):
        kj.disagreements(frame)


def test_the_confusion_chart_takes_two_readings_as_they_are():
    readings = pd.concat(
        [
            kj.as_readings(pd.DataFrame({"case_id": ["1", "2"], "stage": stages}), name)
            for name, stages in (("Li Lei", ["pilot", "planned"]), ("Han Meimei", ["pilot", "pilot"]))
        ]
    )
    spec = kj.charts.confusion(readings, "stage").to_dict()
    assert spec["title"]["subtitle"] == "Stage: rows Li Lei, columns Han Meimei"
    (cells,) = spec["datasets"].values()
    assert sorted(cell["shown"] for cell in cells) == ["1", "1", "·", "·"]
    with pytest.raises(kj.SelectionError, match="Two readings are wanted, and there are 4"):
        kj.charts.confusion(long(OBSERVERS, "stage"), "stage")
    with pytest.raises(kj.UnknownNameError, match="variable"):
        kj.charts.confusion(readings, "action")


def test_spaces_order_and_an_empty_text_make_no_disagreement():
    rows = [("a", 1, "factors", "technology; capital"), ("b", 1, "factors", "capital；technology")]
    rows += [("a", 2, "factors", " data "), ("b", 2, "factors", "data")]
    rows += [("a", 3, "factors", ""), ("b", 3, "factors", "data")]
    result = kj.agreement(pd.DataFrame(rows, columns=["reading", "unit", "variable", "value"]), resamples=5).iloc[
        0
    ]
    assert (result["units"], result["percent"]) == (2, 1.0)
    empty = kj.as_readings(pd.DataFrame({"case_id": ["h1"], "stage": [""], "stage_status": [""]}), "a")
    assert empty["value"].isna().all()


@pytest.mark.parametrize("distance", ["nominal", "ordinal", "jaccard"])
def test_a_resample_is_measured_as_the_library_measures_it(distance):
    import krippendorff

    random = np.random.default_rng(1)
    domain = ["a", "b", "a;b", "a;b;c", "c"]
    apart = agree._jaccard(domain)
    for readers in (2, 3, 4):
        codes = random.integers(-1, 5, (30, readers))
        codes = np.vstack([codes, np.tile(np.arange(5)[:, None], readers)])
        times = np.bincount(random.integers(0, 35, 35), minlength=35)
        times[-5:] += 1
        taken = np.repeat(codes, times, axis=0)
        counts = (taken[:, :, None] == np.arange(5)).sum(axis=1)
        counts = counts[counts.sum(axis=1) > 1]
        met = agree.met_in_units(np.where((codes >= 0).sum(axis=1, keepdims=True) > 1, codes, -1))
        level = (lambda v1, v2, **_: apart[v1, v2]) if distance == "jaccard" else distance
        theirs = krippendorff.alpha(value_counts=counts, value_domain=list(range(5)), level_of_measurement=level)
        ours = agree.resampled_alpha(met, times, distance, apart if distance == "jaccard" else None)
        assert ours == pytest.approx(theirs, abs=1e-12)


def test_a_variable_of_names_takes_no_longer_than_one_of_codes(monkeypatch):
    """The library sets up a table of units by names by names: of thousands it would fill the memory."""
    names = [f"body {number}" for number in range(300)]
    rows = [(who, unit, "issuer", name) for who in "ab" for unit, name in enumerate(names)]
    rows[-1] = ("b", 299, "issuer", "body 0")
    frame = pd.DataFrame(rows, columns=["reading", "unit", "variable", "value"])
    asked = []
    monkeypatch.setattr("krippendorff.alpha", lambda **given: asked.append(given))
    result = kj.agreement(frame, resamples=20).iloc[0]
    assert asked == []
    assert result["percent"] == pytest.approx(299 / 300)
    assert result["alpha_low"] <= result["alpha"] <= result["alpha_high"] == 1
