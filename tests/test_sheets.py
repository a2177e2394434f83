"""Coding sheets: what is written to be filled, and whatever coders send back."""

import csv
import datetime
import io
import os
import re
import stat
import zipfile

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.utils import get_column_letter

import kejigai_data as kj
from kejigai_data import sheet_books, sheet_cells, sheet_files, sheet_reading, sheets
from kejigai_data.loading import read_rows, records
from kejigai_data.sheet_cells import bracketed, folded
from kejigai_data.words import word

CASE_LEVEL = [v["variable"] for v in records("variables") if v["level"] == "case"]
CODED = [v["variable"] for v in records("variables") if v["kind"] == "code"]
HEAD = ["case_id", "place_id", "title_zh", "adopted", "stage", "factors", "comment"]
CLEAN = ["n1", "440300", "深圳：一项改革", "2021-07", "pilot", "technology;capital", ""]


def labels(variable, lang):
    return [c[f"label_{lang}"] for c in records("codes") if c["variable"] == variable]


def text_file(folder, rows, name="sheet.csv", encoding="utf-8", mark=","):
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=mark if len(mark) == 1 else ",").writerows(rows)
    path = folder / name
    path.write_bytes(buffer.getvalue().encode(encoding))
    return path


def book_file(folder, rows, name="sheet.xlsx", change=None):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if change:
        change(book)
    path = folder / name
    book.save(path)
    return path


def row_of(**cells):
    return [cells.get(name, value) for name, value in zip(HEAD, CLEAN, strict=True)]


def listed(sheet):
    """Return the changes as (row, column, before, after, reason)."""
    frame = sheet.changes[["row", "column", "before", "after", "reason"]].astype(object)
    return [tuple(row) for row in frame.where(frame.notna(), None).itertuples(index=False)]


# Writing


@pytest.fixture(scope="module", params=["en", "zh"])
def written(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("sheets") / f"编码 {request.param}.xlsx"
    assert kj.coding_sheet(path, request.param) == [str(path)]
    return request.param, path


def form(written):
    lang, path = written
    return lang, openpyxl.load_workbook(path)[word("sheet_coding", lang)]


def test_headings_are_words_in_order(written):
    lang, sheet = form(written)
    shown = [cell.value for cell in sheet[1]]
    own = ("case_id", "reading", "place_id", f"title_{lang}", f"summary_{lang}", "source", "locator", "adopted")
    variables = [v[f"label_{lang}"] for v in records("variables") if v["level"] == "case"]
    assert shown == [*(word(f"sheet_{name}", lang) for name in own), *variables, word("sheet_comment", lang)]
    assert shown[2] == {"en": "Place", "zh": "地方"}[lang]
    assert all(cell.comment and len(cell.comment.text) > 8 for cell in sheet[1])


def test_the_heading_is_locked_and_the_cells_are_open_text(written):
    _, sheet = form(written)
    assert sheet.protection.sheet
    assert not sheet.protection.password
    assert not sheet.protection.formatColumns
    assert not sheet.protection.autoFilter
    assert sheet.freeze_panes == "A2"
    assert all(cell.protection.locked for cell in sheet[1])
    for row in (2, sheets.ROWS + 1):
        assert not any(cell.protection.locked for cell in sheet[row])
        assert {cell.number_format for cell in sheet[row]} == {"@"}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_lists_hold_every_label_and_the_words_for_no_value(lang, tmp_path):
    every = [v["variable"] for v in records("variables")]
    path = tmp_path / "all.xlsx"
    kj.coding_sheet(path, lang, every)
    book = openpyxl.load_workbook(path)
    sheet = book[word("sheet_coding", lang)]
    assert book["lists"].sheet_state == "hidden"
    heading = {cell.column_letter: cell.value for cell in sheet[1]}
    found = {}
    for choice in sheet.data_validations.dataValidation:
        letter, last = re.fullmatch(r"([A-Z]+)2:[A-Z]+(\d+)", str(choice.sqref)).groups()
        assert int(last) == sheets.ROWS + 1
        name = next(v["variable"] for v in records("variables") if v[f"label_{lang}"] == heading[letter])
        where = choice.formula1.replace("$", "").removeprefix("lists!")
        found[name] = [cell.value for (cell,) in book["lists"][where]]
        several = next(v["multiple"] for v in records("variables") if v["variable"] == name) == "true"
        assert bool(choice.showErrorMessage) is not several
        assert (";" in choice.prompt) is several
        assert len(choice.prompt) <= 255
        assert len(choice.error) <= 225
    statuses = [bracketed(one, lang) for one in sheet_cells.STATUSES]
    assert found == {name: [*labels(name, lang), *statuses] for name in CODED}


def test_there_is_a_guide_and_a_page_for_each_variable(written):
    lang, path = written
    book = openpyxl.load_workbook(path)
    variables = [v[f"label_{lang}"] for v in records("variables") if v["level"] == "case"]
    own = [word("sheet_guide", lang), word("sheet_coding", lang)]
    assert book.sheetnames == [*own, *variables, "lists"]
    for name, title in zip(CASE_LEVEL, variables, strict=True):
        text = "\n".join(str(cell.value) for row in book[title] for cell in row if cell.value)
        for code in records("codes"):
            if code["variable"] == name:
                assert f"{code[f'label_{lang}']} ({code['code']})" in text
                assert code[f"definition_{lang}"] in text
        assert "`" not in text
        assert "<!--" not in text
        assert book[title]["B4"].alignment.wrap_text
    guide = "\n".join(str(cell.value) for row in book[own[0]] for cell in row if cell.value)
    assert "{" not in guide
    assert bracketed("silent", lang) in guide


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_csv_has_headings_and_a_list_of_codes(lang, tmp_path):
    files = kj.coding_sheet(str(tmp_path / "表.csv"), lang, ["stage", "factors", "issuer"])
    assert [os.path.basename(file) for file in files] == ["表.csv", "表_codes.csv"]
    for file in files:
        with open(file, "rb") as opened:
            assert opened.read(3) == b"\xef\xbb\xbf"
    with open(files[1], encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["label"] for r in rows if r["variable"] == "stage"] == labels("stage", lang)
    assert [r["code"] for r in rows if not r["variable"]] == [f"({one})" for one in sheet_cells.STATUSES]
    sheet = kj.read_coding_sheet(files[0])
    assert len(sheet.cases) == 0
    assert "issuer" in sheet.cases.columns


def test_work_is_never_overwritten(tmp_path):
    path = tmp_path / "mine.xlsx"
    path.write_bytes(b"hours of work")
    with pytest.raises(kj.SelectionError, match=r"mine\.xlsx"):
        kj.coding_sheet(path)
    assert path.read_bytes() == b"hours of work"
    (tmp_path / "b_codes.csv").write_bytes(b"notes")
    with pytest.raises(kj.SelectionError, match=r"b_codes\.csv"):
        kj.coding_sheet(tmp_path / "b.csv")
    assert sorted(os.listdir(tmp_path)) == ["b_codes.csv", "mine.xlsx"]


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    real, calls = os.replace, []

    def full(source, target):
        calls.append(target)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(sheets.os, "replace", full)
    with pytest.raises(kj.DataError, match="No space left"):
        kj.coding_sheet(tmp_path / "a.csv")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("call", "error", "hint"),
    [
        (lambda: kj.coding_sheet("x.ods"), kj.SelectionError, ".xlsx or .csv"),
        (lambda: kj.coding_sheet(3), kj.SelectionError, "path"),
        (lambda: kj.coding_sheet("a\0.csv"), kj.SelectionError, "path"),
        (lambda: kj.coding_sheet("x.csv", "de"), kj.LanguageError, "zh"),
        (lambda: kj.coding_sheet("x.csv", variables=["stag"]), kj.UnknownNameError, "'stage'"),
        (lambda: kj.coding_sheet("x.csv", variables=3), kj.SelectionError, "variables"),
        (lambda: kj.coding_sheet("/no/such/folder/x.csv"), kj.DataError, "folder"),
        (lambda: kj.read_coding_sheet("/no/such.csv"), kj.DataError, "No such file"),
        (lambda: kj.read_coding_sheet(None), kj.SelectionError, "path"),
        (lambda: kj.read_coding_sheet(""), kj.SelectionError, "path"),
        (lambda: kj.read_coding_sheet("a\0"), kj.SelectionError, "path"),
        (lambda: kj.read_coding_sheet("x.csv", "de"), kj.LanguageError, "zh"),
        (lambda: kj.read_coding_sheet("/dev/zero"), kj.DataError, "ordinary file"),
        (lambda: kj.read_coding_sheet("x" * 5000), kj.DataError, "cannot be read"),
    ],
)
def test_bad_requests_get_our_own_errors(call, error, hint):
    with pytest.raises(error, match=re.escape(hint)):
        call()


def test_without_openpyxl_the_extra_is_named(tmp_path, monkeypatch):
    path = book_file(tmp_path, [HEAD, CLEAN])
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    for call in (lambda: kj.coding_sheet(tmp_path / "x.xlsx"), lambda: kj.read_coding_sheet(path)):
        with pytest.raises(kj.MissingExtra, match="research"):
            call()
    assert os.listdir(tmp_path) == ["sheet.xlsx"]


# Reading what is as it should be


def test_an_empty_sheet_has_no_rows_and_no_changes(written):
    _, path = written
    sheet = kj.read_coding_sheet(path)
    assert isinstance(sheet, sheet_reading.CodingSheet)
    assert sheet.cases.shape == (0, 9 + 2 * len(CASE_LEVEL))
    assert listed(sheet) == []
    assert str(sheet.changes["row"].dtype) == "Int64"


def test_round_trip_of_a_filled_workbook(written, tmp_path):
    lang, path = written
    book = openpyxl.load_workbook(path)
    sheet = book[word("sheet_coding", lang)]
    at = {cell.value: cell.column for cell in sheet[1]}
    shown = {v["variable"]: v[f"label_{lang}"] for v in records("variables")}
    for row, place in enumerate(["深圳", "440300", "Shanxi"], start=2):
        sheet.cell(row, 1, f"n{row}")
        sheet.cell(row, 3, place)
        for name in CASE_LEVEL:
            sheet.cell(row, at[shown[name]], labels(name, lang)[0])
    sheet.cell(4, at[shown["stage"]], bracketed("silent", lang))
    sheet.cell(4, at[shown["factors"]], ";".join(reversed(labels("factors", lang))))
    copy = tmp_path / "filled.xlsx"
    book.save(copy)
    cases = kj.read_coding_sheet(copy).cases
    assert cases["place_id"].tolist() == ["440300", "440300", "Shanxi"]
    first = {v: next(c["code"] for c in records("codes") if c["variable"] == v) for v in CASE_LEVEL}
    assert {v: cases.loc[0, v] for v in CASE_LEVEL} == first
    assert {cases.loc[0, f"{v}_status"] for v in CASE_LEVEL} == {"stated"}
    assert cases["stage"].isna().tolist() == [False, False, True]
    assert cases.loc[2, "stage_status"] == "silent"
    assert cases.loc[2, "factors"] == "technology;labour;capital;data"
    problems = kj.validate(cases)
    # Filled without regard to one another, the variables break other rules too.
    places = problems[problems["rule"] == "place"]
    assert places["value"].tolist() == ["Shanxi"]
    assert all(code in places["suggestion"].iloc[0] for code in ("140000", "610000"))
    codes = tmp_path / "codes.csv"
    cases.to_csv(codes, index=False)
    again = kj.read_coding_sheet(codes)
    assert again.cases.equals(cases)
    assert listed(again) == []


@pytest.mark.parametrize(
    ("group", "below", "columns"),
    [
        ("来源", ["文件名", "页码"], ["文件名", "locator"]),
        ("日期", ["采纳日期", "公布日期"], ["adopted", "公布日期"]),
    ],
)
def test_a_heading_over_several_columns_is_no_heading_of_one(tmp_path, group, below, columns):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["案例编号", "地方", group, None, "进展阶段"],
        [None, None, *below, None],
        ["n1", "湖南", "2021年7月", "3", "试点"],
    ):
        sheet.append(row)
    sheet.merge_cells("C1:D1")
    sheet.merge_cells("A1:A2")
    path = tmp_path / "grouped.xlsx"
    book.save(path)
    read = kj.read_coding_sheet(path)
    assert read.cases["case_id"].tolist() == ["n1"]
    assert set(columns) <= set(read.cases.columns)
    assert "source" not in read.cases.columns
    assert "merged_header" in set(read.changes["reason"])


def test_places_of_every_province_are_known_by_name_and_doubtful_ones_stay(tmp_path):
    typed = [
        "石家庄",
        "济南市",
        "湖南长沙市",
        "广东省深圳市",
        "西安",
        "延边州",
        "大理白族自治州",
        "朝阳",
        "海淀区",
        "Jinan",
    ]
    rows = ["case_id,place_id,stage", *(f"n{n},{place},pilot" for n, place in enumerate(typed))]
    path = tmp_path / "places.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    cases = kj.read_coding_sheet(path).cases
    known = ["130100", "370100", "430100", "440300", "610100", "222400", "532900"]
    assert cases["place_id"].tolist() == [*known, "朝阳", "海淀区", "Jinan"]
    assert kj.validate(cases)["value"].tolist() == ["朝阳", "海淀区", "Jinan"]
    both = kj.merge(cases.head(7), kj.load_cases()).tail(7)
    assert both["place_zh"].tolist()[:2] == ["石家庄", "济南"]
    assert both["region"].tolist()[:2] == ["eastern", "eastern"]


def test_a_hidden_sheet_with_coding_is_not_read_and_said_so(tmp_path):
    path = book_file(tmp_path, [HEAD, CLEAN])
    book = openpyxl.load_workbook(path)
    other = book.copy_worksheet(book.active)
    other.title, other.sheet_state = "旧稿", "hidden"
    book.save(path)
    read = kj.read_coding_sheet(path)
    assert len(read.cases) == 1
    told = read.changes[read.changes["reason"] == "sheet"]
    assert told["before"].tolist() == ["旧稿"]


@pytest.mark.parametrize("write", [text_file, book_file])
def test_a_clean_file_has_no_changes(write, tmp_path):
    sheet = kj.read_coding_sheet(write(tmp_path, [HEAD, CLEAN, row_of(case_id="n2", stage="(silent)")]))
    assert listed(sheet) == []
    assert sheet.cases.columns.tolist() == [*HEAD[:-1], "stage_status", "factors_status", "comment"]
    assert {str(kind) for kind in sheet.cases.dtypes} == {"string"}
    assert sheet.cases["stage_status"].tolist() == ["stated", "silent"]
    assert sheet.cases["stage"].isna().tolist() == [False, True]
    assert sheet.cases["comment"].isna().all()


def test_our_own_cases_are_read_back(tmp_path):
    cases = kj.load_cases(status=True)
    wide = cases.drop(columns=[c for c in cases if c.startswith(("adopted", "n_"))])
    path = tmp_path / "cases.csv"
    wide.to_csv(path, index=False)
    read = kj.read_coding_sheet(path)
    for name in [*CASE_LEVEL, "place_id", "title_zh", *(f"{v}_status" for v in CASE_LEVEL)]:
        assert read.cases[name].fillna("").tolist() == cases[name].astype("string").fillna("").tolist(), name
    assert listed(read) == []
    assert read.cases["region"].dropna().isin(["eastern", "central", "western", "northeastern"]).all()


# Every mess, and what is said of it

MESSES = {
    "full-width code": ("stage", "ｐｉｌｏｔ", "pilot", ["width"]),
    "full-width date": ("adopted", "２０２１－０７", "2021-07", ["width"]),
    "full-width id": ("case_id", "Ｎ１", "N1", ["width"]),
    "space": ("stage", " pilot\u00a0", "pilot", ["space"]),
    "ideographic space": ("case_id", "\u3000n1\ufeff", "n1", ["space"]),
    "space in a title": ("title_zh", " 深圳：Ａ ", "深圳：Ａ", ["space"]),
    "Chinese label": ("stage", "试点", "pilot", ["label"]),
    "English label in another case": ("stage", "IN OPERATION", "in_operation", ["label"]),
    "hyphen": ("stage", "in-operation", "in_operation", ["label"]),
    "label with space at the edge": ("stage", "试点 ", "pilot", ["space", "label"]),
    "set with an enumeration comma": ("factors", "技术、资本", "technology;capital", ["separator", "label"]),
    "set with full-width semicolon": ("factors", "technology；data", "technology;data", ["separator"]),
    "set with comma": ("factors", "Technology, Capital", "technology;capital", ["separator", "label"]),
    "set with full-width comma": ("factors", "技术，数据", "technology;data", ["separator", "label"]),
    "set in another order": ("factors", "data;technology;data", "technology;data", ["order"]),
    "place name": ("place_id", "深圳市", "440300", ["place"]),
    "English place": ("place_id", "Shenzhen", "440300", ["place"]),
    "number as place": ("place_id", "110000.0", "110000", ["number"]),
    "number as id": ("case_id", "1.0", "1", ["number"]),
    "Chinese month": ("adopted", "2021年7月", "2021-07", ["date"]),
    "Chinese day": ("adopted", "2021年7月17日", "2021-07-17", ["date"]),
    "day with strokes": ("adopted", "2021/7/17", "2021-07-17", ["date"]),
    "day with points": ("adopted", "2021.7.17", "2021-07-17", ["date"]),
    "day without zeros": ("adopted", "2021-7-1", "2021-07-01", ["date"]),
    "month with stroke": ("adopted", "2021/7", "2021-07", ["date"]),
    "span": ("adopted", "2021年7月至2022年3月", "2021-07/2022-03", ["date"]),
    "span in one year": ("adopted", "2021年7月～9月", "2021-07/2021-09", ["width", "date"]),
    "year": ("adopted", "2021年", "2021", ["date"]),
    "date with midnight": ("adopted", "2021-07-17 00:00:00", "2021-07-17", ["date"]),
    "serial": ("adopted", "44394", "2021-07-17", ["serial"]),
    "as typed: Shanxi": ("place_id", "Shanxi", "Shanxi", []),
    "as typed: no such place": ("place_id", " 某地", " 某地", []),
    "as typed: label": ("stage", "快了 ", "快了 ", []),
    "as typed: part of a set": ("factors", "技术、人才", "技术、人才", []),
    "as typed: status in a set": ("factors", "技术;（沉默）", "技术;（沉默）", []),
    "as typed: two codes for one": ("stage", "试点;已实施", "试点;已实施", []),
    "as typed: year and point": ("adopted", "2021.7", "2021.7", []),
    "as typed: end of the year": ("adopted", "2021年底", "2021年底", []),
    "as typed: of late": ("adopted", "近年来", "近年来", []),
    "as typed: no such month": ("adopted", "2021年13月", "2021年13月", []),
    "as typed: day and month": ("adopted", "07/08/2021", "07/08/2021", []),
    "as typed: backwards": ("adopted", "2022年至2021年", "2022年至2021年", []),
    "as typed: formula": ("title_zh", "=1+1", "=1+1", []),
    "as typed: DDE": ("comment", "@SUM(1)", "@SUM(1)", []),
    "EDTF bound": ("adopted", "../2022", "../2022", []),
    "EDTF span": ("adopted", "2021/2022", "2021/2022", []),
}


@pytest.mark.parametrize("write", [text_file, book_file])
@pytest.mark.parametrize("mess", MESSES)
def test_cell(mess, write, tmp_path):
    column, typed, after, reasons = MESSES[mess]
    path = write(tmp_path, [HEAD, row_of(**{column: typed})])
    if write is book_file:
        book = openpyxl.load_workbook(path)
        cell = book.active.cell(2, HEAD.index(column) + 1)
        cell.number_format, cell.data_type = "@", "s"
        book.save(path)
    sheet = kj.read_coding_sheet(path)
    assert sheet.cases.loc[0, column] == after
    assert sheet.changes["reason"].tolist() == reasons
    if reasons:
        assert sheet.changes["row"].tolist() == [2] * len(reasons)
        assert sheet.changes["column"].tolist() == [column] * len(reasons)
        assert sheet.changes["before"].iloc[0] == typed
        assert sheet.changes["after"].iloc[-1] == after
    rest = [name for name in HEAD if name not in (column, "comment")]
    expected = [value for name, value in zip(HEAD, CLEAN, strict=True) if name in rest]
    assert sheet.cases[rest].iloc[0].tolist() == expected


@pytest.mark.parametrize("status", sheet_cells.STATUSES)
@pytest.mark.parametrize("variable", ["stage", "factors", "issuer"])
def test_status_words(status, variable, tmp_path):
    also = [text for lang in ("en", "zh") for text in word(f"sheet_also_{status}", lang).split(";")]
    words = [status, word(status, "zh"), word(status, "en"), *also]
    typed = [f"({text})" for text in words] + [f"（{text}）" for text in words]
    sheet = kj.read_coding_sheet(text_file(tmp_path, [["case_id", variable], *(["n", text] for text in typed)]))
    assert sheet.cases[variable].isna().all()
    assert set(sheet.cases[f"{variable}_status"]) == {status}
    last = sheet.changes.groupby("row")["after"].last()
    assert set(last) == {f"({status})"}
    assert set(last.index) == {row for row, text in enumerate(typed, start=2) if text != f"({status})"}


def test_a_status_without_brackets_counts_for_codes_only(tmp_path):
    sheet = kj.read_coding_sheet(text_file(tmp_path, [["stage", "issuer"], ["不适用", "不适用"]]))
    assert sheet.cases["stage_status"].tolist() == ["not_applicable"]
    assert sheet.cases["issuer"].tolist() == ["不适用"]


def test_a_status_column_is_read_and_the_bracket_goes_first(tmp_path):
    rows = [["case_id", "stage", "stage_status"], ["1", "pilot", "inferred"], ["2", "(silent)", "ambiguous"]]
    rows += [["3", "", "沉默"], ["4", "pilot", ""]]
    sheet = kj.read_coding_sheet(text_file(tmp_path, rows))
    assert sheet.cases["stage_status"].tolist() == ["inferred", "silent", "silent", "stated"]
    assert listed(sheet) == [
        (3, "stage_status", "ambiguous", "silent", "status"),
        (4, "stage_status", "沉默", "silent", "label"),
    ]


ENCODED = [("utf-8", 0), ("utf-8-sig", 0), ("utf-16", 1), ("gb18030", 1), ("gbk", 1)]


@pytest.mark.parametrize(("encoding", "count"), ENCODED)
def test_encodings(encoding, count, tmp_path):
    rows = [["编号", "地方", "进展阶段"], ["n1", "深圳", "pilot"]]
    sheet = kj.read_coding_sheet(text_file(tmp_path, rows, encoding=encoding))
    assert sheet.cases["place_id"].tolist() == ["440300"]
    assert [change[4] for change in listed(sheet)] == ["encoding"] * count + ["header", "place"]
    if count:
        assert sheet.changes["row"].isna()[0]


@pytest.mark.parametrize(("name", "mark"), [("a.csv", ";"), ("a.csv", "\t"), ("a.tsv", ","), ("a.txt", ";")])
def test_other_delimiters(name, mark, tmp_path):
    sheet = kj.read_coding_sheet(text_file(tmp_path, [HEAD, CLEAN], name, mark=mark))
    assert sheet.cases["factors"].tolist() == ["technology;capital"]
    usual = {"a.csv": ",", "a.tsv": "\t", "a.txt": "\t"}[name]
    assert listed(sheet) == [(None, None, usual, mark, "delimiter")]


def test_excel_unicode_text(tmp_path):
    sheet = kj.read_coding_sheet(text_file(tmp_path, [HEAD, CLEAN], "a.txt", "utf-16", "\t"))
    assert listed(sheet) == [(None, None, None, "UTF-16", "encoding")]


def test_full_width_commas(tmp_path):
    whole, only = tmp_path / "whole.csv", tmp_path / "only.csv"
    whole.write_text("case_id，stage，factors\nn1，pilot，data\n", encoding="utf-8")
    only.write_text("case_id，stage，factors\nn1,pilot,data\nn2,ended,data\n", encoding="utf-8")
    assert listed(kj.read_coding_sheet(whole)) == [(None, None, ",", "，", "delimiter")]
    sheet = kj.read_coding_sheet(only)
    assert sheet.cases["stage"].tolist() == ["pilot", "ended"]
    assert listed(sheet) == [(1, None, "case_id，stage，factors", "case_id,stage,factors", "delimiter")]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_headings_as_labels_need_no_remark_and_others_are_listed(lang, tmp_path):
    shown = [v[f"label_{lang}"] for v in records("variables")]
    sheet = kj.read_coding_sheet(text_file(tmp_path, [shown, ["x"] * len(shown)]))
    assert [c for c in sheet.cases if not c.endswith("_status")] == [v["variable"] for v in records("variables")]
    assert listed(sheet) == []
    odd = [" STAGE", "Place ID", "创新 要素 *", "自定 "]
    sheet = kj.read_coding_sheet(text_file(tmp_path, [odd, ["pilot", "440300", "data", " Ａ "]], "odd.csv"))
    assert sheet.cases.columns.tolist() == [
        "place_id",
        "stage",
        "factors",
        "stage_status",
        "factors_status",
        "自定",
    ]
    assert sheet.cases["自定"].tolist() == [" Ａ "]
    assert [(c[0], c[2], c[3], c[4]) for c in listed(sheet)] == [
        (1, "Place ID", "place_id", "header"),
        (1, " STAGE", "stage", "header"),
        (1, "创新 要素 *", "factors", "header"),
        (1, "自定 ", "自定", "unknown_header"),
    ]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('编号,地方,进展阶段\nh1,湖南,试点\nh2,湖南,"a"b\n', r"row 3 \(line 3\)"),
        ('编号,地方,进展阶段\nh1,"湖\n南",试点\nh2,湖南,"a"b\nh3,湖南,试点\n', r"row 3 \(line 4\)"),
        ('编号,地方,进展阶段\nh1,湖南,试点\nh2,湖南,"ab\n', r"row 3 \(line 3\)"),
        ("编号,地方,进展阶段\nh1,湖南,试点\nh2,湖\0南,试点\n", r"row 3 \(line 3\)"),
    ],
)
def test_a_broken_line_is_named_by_its_number(tmp_path, text, where):
    path = tmp_path / "broken.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(kj.DataError, match=where):
        kj.read_coding_sheet(path)


def test_title_rows_blank_rows_and_blank_columns(tmp_path):
    pad = [["", *row, ""] for row in (HEAD, CLEAN, [""] * 7, [" "] * 7, row_of(case_id="n2"), [""] * 7)]
    sheet = kj.read_coding_sheet(text_file(tmp_path, [[], ["某省改革案例表"], *pad]))
    assert sheet.cases["case_id"].tolist() == ["n1", "n2"]
    assert listed(sheet) == [
        (None, None, "A", None, "blank_column"),
        (None, None, "I", None, "blank_column"),
        (1, None, "1", None, "blank_row"),
        (2, None, "某省改革案例表", None, "title_row"),
        (5, None, "5–6", None, "blank_row"),
        (8, None, "8", None, "blank_row"),
    ]


def test_a_workbook_that_begins_further_down_and_to_the_right(tmp_path):
    rows = [[], [], *[[None, *row] for row in (HEAD, CLEAN)]]
    sheet = kj.read_coding_sheet(book_file(tmp_path, rows))
    assert sheet.cases["stage"].tolist() == ["pilot"]
    assert [change[4] for change in listed(sheet)] == ["blank_column", "blank_row"]


def test_headings_over_merged_cells_on_three_rows(tmp_path):
    def merge(book):
        for where in ("A2:A4", "B2:B4", "C2:E2", "C3:D3"):
            book.active.merge_cells(where)

    rows = [["案例汇总"], ["编号", "地方", "编码结果"], [None, None, "过程", None, "内容"]]
    rows += [[None, None, "进展阶段", "发起方", "创新要素"], ["n1", "440300", "pilot", "both", "data"]]
    sheet = kj.read_coding_sheet(book_file(tmp_path, rows, change=merge))
    assert sheet.cases[["case_id", "stage", "initiative", "factors"]].iloc[0].tolist() == [
        "n1",
        "pilot",
        "both",
        "data",
    ]
    assert [(c[0], c[2], c[4]) for c in listed(sheet)] == [
        (1, "案例汇总", "title_row"),
        (2, "编号 | 地方 | 编码结果", "merged_header"),
        (3, "过程 | 内容", "merged_header"),
        (4, "编号", "header"),
    ]


def test_merged_cells_of_the_body_are_named_and_not_filled(tmp_path):
    rows = [HEAD, CLEAN, row_of(case_id="n2", place_id=None), row_of(case_id="n3", place_id=None)]
    sheet = kj.read_coding_sheet(book_file(tmp_path, rows, change=lambda book: book.active.merge_cells("B2:B4")))
    assert sheet.cases["place_id"].isna().tolist() == [False, True, True]
    assert listed(sheet) == [(2, None, "B2:B4", None, "merged")]


def test_a_column_without_a_heading_is_kept(tmp_path):
    sheet = kj.read_coding_sheet(text_file(tmp_path, [["", "stage", "factors"], ["0", "pilot", "data"]]))
    assert sheet.cases["unnamed_A"].tolist() == ["0"]
    assert listed(sheet) == [(1, "unnamed_A", None, "unnamed_A", "unnamed")]


DATES = [
    (datetime.date(2021, 7, 17), "yyyy-mm-dd", "2021-07-17"),
    (datetime.datetime(2021, 7, 17, 10, 30), "yyyy/m/d h:mm", "2021-07-17"),
    (datetime.date(2021, 7, 1), 'yyyy"年"m"月"', "2021-07"),
    (datetime.date(2021, 7, 1), "mmm-yy", "2021-07"),
    (datetime.date(2021, 1, 1), "yyyy", "2021"),
    (datetime.date(2021, 7, 1), 'e"年"m"月"', "2021-07"),
    (datetime.date(2021, 7, 1), '[$-804]bbbb"年"m"月"', "2021-07"),
    (datetime.date(2021, 7, 17), "[$-804]e/m/d", "2021-07-17"),
    (datetime.date(2021, 1, 1), 'e"年"', "2021"),
    (datetime.date(2021, 7, 17), "[$-804]yyyy年m月d日;@", "2021-07-17"),
]


@pytest.mark.parametrize("from_1904", [False, True])
@pytest.mark.parametrize(("value", "shown", "after"), DATES)
def test_a_date_cell_is_as_exact_as_it_was_shown(value, shown, after, from_1904, tmp_path):
    def style(book):
        book.active["D2"].number_format = shown
        if from_1904:
            book.epoch = openpyxl.utils.datetime.MAC_EPOCH

    sheet = kj.read_coding_sheet(book_file(tmp_path, [HEAD, row_of(adopted=value)], change=style))
    assert sheet.cases["adopted"].tolist() == [after]
    assert [(c[0], c[1], c[3], c[4]) for c in listed(sheet)] == [(2, "adopted", after, "date")]


@pytest.mark.parametrize("typed", ["４４０３０５", " 440305 ", "440305.0", "\u3000440305"])
def test_the_code_of_a_county_is_read_as_any_code_is(tmp_path, typed):
    path = tmp_path / "one.csv"
    path.write_text(f"case_id,place_id,stage\nn1,{typed},pilot\n", encoding="utf-8")
    read = kj.read_coding_sheet(path)
    assert read.cases["place_id"].tolist() == ["440305"]
    assert read.changes["column"].tolist() == ["place_id"]
    assert not kj.validate(read.cases)["column"].isin(["place_id"]).any()


@pytest.mark.parametrize(("kind", "after"), [(57, "2021-07"), (31, "2021-07-17")])
def test_dates_in_the_formats_of_a_chinese_system(kind, after, tmp_path):
    def style(book):
        book.active["D2"].number_format = "0.00"

    path = book_file(tmp_path, [HEAD, row_of(adopted=44394)], change=style)
    changed(path, "xl/styles.xml", lambda text: text.replace(b'numFmtId="2"', b'numFmtId="%d"' % kind))
    assert kj.read_coding_sheet(path).cases["adopted"].tolist() == [after]


@pytest.mark.parametrize(("from_1904", "number"), [(False, 44394), (True, 42932)])
def test_serial_numbers_in_both_systems(from_1904, number, tmp_path):
    def system(book):
        book.epoch = openpyxl.utils.datetime.MAC_EPOCH if from_1904 else book.epoch

    sheet = kj.read_coding_sheet(book_file(tmp_path, [HEAD, row_of(adopted=number)], change=system))
    assert listed(sheet) == [(2, "adopted", str(number), "2021-07-17", "serial")]


NUMBERS = [("case_id", 1, "1"), ("case_id", 7.0, "7"), ("place_id", 110000, "110000"), ("adopted", 2021, "2021")]
NUMBERS += [
    ("adopted", 2021.7, "2021.7"),
    ("stage", True, "TRUE"),
    ("comment", 1.5, "1.5"),
    ("adopted", 202107, "202107"),
]


@pytest.mark.parametrize(("column", "value", "after"), NUMBERS)
def test_numbers_in_a_workbook(column, value, after, tmp_path):
    sheet = kj.read_coding_sheet(book_file(tmp_path, [HEAD, row_of(**{column: value})]))
    assert sheet.cases.loc[0, column] == after


def test_excel_made_a_date_of_something_else(tmp_path):
    path = book_file(tmp_path, [[*HEAD, "locator"], [*CLEAN, datetime.date(2026, 2, 1)]])
    assert listed(kj.read_coding_sheet(path)) == [(2, "locator", "2026-02-01 00:00:00", "2026-02-01", "date_cell")]


def test_a_formula_without_result_is_empty_and_listed(tmp_path):
    sheet = kj.read_coding_sheet(book_file(tmp_path, [HEAD, row_of(case_id='="n"&1')]))
    assert sheet.cases["case_id"].isna().all()
    assert listed(sheet) == [(2, "case_id", '="n"&1', None, "formula")]


def test_the_sheet_with_the_coding_is_found(tmp_path):
    def more(book):
        book.active.title = "第一次"
        other = book.create_sheet("coding")
        for row in (["stage", "factors"], ["ended", "data"]):
            other.append(row)
        book.create_sheet("笔记").append(["随便写写"])

    sheet = kj.read_coding_sheet(book_file(tmp_path, [HEAD, CLEAN], change=more))
    assert sheet.cases["stage"].tolist() == ["ended"]
    assert listed(sheet) == [(None, None, "第一次", None, "sheet")]


def test_a_long_blank_stretch_ends_the_reading(tmp_path, monkeypatch):
    monkeypatch.setattr(sheet_books, "MAX_BLANK", 20)
    path = book_file(tmp_path, [HEAD, CLEAN, *[[]] * 30, row_of(case_id="n2")])
    sheet = kj.read_coding_sheet(path)
    assert sheet.cases["case_id"].tolist() == ["n1"]
    assert listed(sheet) == [(23, None, None, None, "blank_end")]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_change_is_said_in_a_sentence(lang, tmp_path):
    keys = [row[0] for row in read_rows(os.path.join(kj.loading.FOLDER, "words.csv"))[1]]
    reasons = {key.removeprefix("sheet_reason_") for key in keys if key.startswith("sheet_reason_")}
    package = os.path.dirname(kj.__file__)
    code = ""
    for name in ("sheet_files", "sheet_books", "sheet_cells", "sheet_reading"):
        with open(os.path.join(package, f"{name}.py"), encoding="utf-8") as file:
            code += file.read()
    assert all(f'"{reason}"' in code for reason in reasons)
    sheet = kj.read_coding_sheet(text_file(tmp_path, [HEAD, row_of(stage="试点 ", place_id="深圳")]), lang)
    assert sheet.changes["message"].tolist() == [
        word(f"sheet_reason_{r}", lang) for r in ("place", "space", "label")
    ]


def test_no_spelling_means_two_things():
    for variable in CODED:
        spellings = {}
        for code in records("codes"):
            if code["variable"] == variable:
                for name in ("code", "label_zh", "label_en"):
                    assert spellings.setdefault(folded(code[name]), code["code"]) == code["code"]
        assert not set(spellings) & set(sheet_cells._statuses())
    headings = {}
    for column in (*sheet_reading.BEFORE, *sheet_reading.AFTER):
        for lang in ("en", "zh"):
            for text in (word(f"sheet_{column}", lang), *word(f"sheet_also_{column}", lang).split(";")):
                assert headings.setdefault(folded(text), column) == column
    for v in records("variables"):
        assert sheet_reading._known()[sheet_reading._fold(v["label_zh"])] == v["variable"]
        assert sheet_reading._known()[sheet_reading._fold(v["label_en"])] == v["variable"]


# Files that cannot be read


def changed(path, member, change):
    """Write one part of a workbook anew."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[member] = change(parts[member])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def refused(path, *hints):
    before = path.read_bytes()
    with pytest.raises(kj.DataError) as caught:
        kj.read_coding_sheet(path)
    assert path.name in str(caught.value)
    for hint in hints:
        assert hint in str(caught.value), str(caught.value)
    assert path.read_bytes() == before


def test_two_headings_for_one_column_are_named_with_their_places(tmp_path):
    refused(
        text_file(tmp_path, [["stage", "factors", "进展阶段"], ["pilot"] * 3]), "A1 ('stage')", "C1 ('进展阶段')"
    )
    rows = [["title"], ["自定", "stage", "factors", "自定"], ["1"] * 4]
    refused(book_file(tmp_path, rows), "A2 ('自定')", "D2")


@pytest.mark.parametrize("write", [text_file, book_file])
def test_no_headings(write, tmp_path):
    refused(write(tmp_path, [["a", "b"], ["1", "2"]]), "case_id", "mechanism", "coding_sheet()")


def test_a_comma_that_shifts_a_row(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("case_id,stage,comment\nn1,pilot,one, two\n", encoding="utf-8")
    refused(path, "row 2", "4 cells", "3")


BYTES = {
    "empty.csv": (b"", "empty"),
    "blank.csv": (b" \n\n ", "empty"),
    "nul.csv": (b"case_id,stage\nn1,pi\0lot\n", "row 2"),
    "quote.csv": (b'case_id,stage\nn1,"pilot\nn2,ended\n', "row 2"),
    "after.csv": (b'case_id,stage\nn1,"pilot"x\n', "row 2"),
    "latin.csv": (b"case_id,stage\nn1,\xff\xff\n", "byte 17"),
    "cut.csv": ("案例编号,进展阶段\nn1,试点".encode()[:-1], "byte"),
    "mark.csv": (b"\xef\xbb\xbfcase_id,stage\nn1,\xb9\xe3\n", "byte"),
    "half.csv": (b"\xff\xfea\0b", "utf-16"),
    "old.xls": (sheet_files.OLE + b"\0" * 600, "save it as .xlsx"),
    "locked.xlsx": (sheet_files.OLE + b"\0" * 600, "password"),
    "text.xlsx": (b"case_id,stage\n", "not an Excel workbook"),
    "packed.csv": (b"PK\x03\x04abc", ".xlsx"),
    "cut.xlsx": (b"PK\x03\x04abc", "cannot be read"),
    "sheet.ods": (b"case_id,stage\n", ".xlsx, .xlsm"),
}


@pytest.mark.parametrize("name", BYTES)
def test_damaged(name, tmp_path):
    content, hint = BYTES[name]
    path = tmp_path / name
    path.write_bytes(content)
    refused(path, hint)


def test_a_folder_and_a_pipe(tmp_path):
    with pytest.raises(kj.DataError, match="folder"):
        kj.read_coding_sheet(tmp_path)
    os.mkfifo(tmp_path / "pipe.csv")
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe.csv").st_mode)
    with pytest.raises(kj.DataError, match="ordinary file"):
        kj.read_coding_sheet(tmp_path / "pipe.csv")


PARTS = ["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"]
PARTS += ["xl/worksheets/sheet1.xml", "xl/styles.xml"]
SPOILT = {
    "cut": lambda text: text[: len(text) // 2],
    "gone": lambda text: b"",
    "rubbish": lambda text: b"\x89PNG" + text,
}


@pytest.mark.parametrize("spoil", SPOILT)
@pytest.mark.parametrize("part", PARTS)
def test_damaged_parts(part, spoil, tmp_path):
    path = book_file(tmp_path, [HEAD, CLEAN])
    changed(path, part, SPOILT[spoil])
    try:
        kj.read_coding_sheet(path)
    except kj.DataError as error:
        assert "sheet.xlsx" in str(error)  # noqa: PT017
    else:
        assert part == "_rels/.rels"


ENTITY = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]>'
HIDDEN = {
    "plain": lambda text: ENTITY + text,
    "after a comment": lambda text: b"<!--" + b"x" * 2_000_000 + b"-->" + ENTITY + text,
    "utf-16": lambda text: ('<?xml version="1.0" encoding="utf-16"?>' + (ENTITY + text).decode()).encode("utf-16"),
    "ebcdic": lambda text: b'<?xml version="1.0" encoding="cp037"?>' + ENTITY.decode().encode("cp037") + text,
}


@pytest.mark.parametrize("way", HIDDEN)
def test_entities_are_refused_before_parsing(way, tmp_path):
    path = book_file(tmp_path, [HEAD, CLEAN])
    changed(path, "xl/worksheets/sheet1.xml", HIDDEN[way])
    refused(path, "odd encoding" if way == "ebcdic" else "declares entities")


def test_a_zip_bomb_is_refused(tmp_path):
    path = book_file(tmp_path, [HEAD, CLEAN])
    changed(path, "xl/worksheets/sheet1.xml", lambda text: text + b" " * (sheet_books.MAX_UNPACKED + 1))
    refused(path, "too large")
    path = book_file(tmp_path, [HEAD, CLEAN])
    changed(path, "xl/styles.xml", lambda text: text + b" " * (sheet_books.MAX_PART + 1))
    refused(path, "xl/styles.xml")


def test_a_size_that_lies_is_no_way_round(tmp_path):
    path = book_file(tmp_path, [HEAD, CLEAN])
    changed(path, "xl/styles.xml", lambda text: text + b" " * (sheet_books.MAX_PART + 1))
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/styles.xml").file_size.to_bytes(4, "little")
    data = path.read_bytes()
    assert data.count(size) == 2
    path.write_bytes(data.replace(size, b"\x10\0\0\0"))
    refused(path, "cannot be read")


def test_too_many_parts_and_tags(tmp_path, monkeypatch):
    path = book_file(tmp_path, [HEAD, CLEAN])
    for name, value, hint in (
        ("MAX_MEMBERS", 3, "parts"),
        ("MAX_TAGS", 20, "too large"),
        ("MAX_SHEETS", 0, "sheets"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(sheet_books, name, value)
            refused(path, hint)


def test_one_endless_row(tmp_path):
    path = book_file(tmp_path, [HEAD, CLEAN])
    changed(
        path, "xl/worksheets/sheet1.xml", lambda text: text.replace(b"</row>", b"<c/>" * 1_100_000 + b"</row>", 1)
    )
    refused(path, "a row of")


def test_a_dimension_that_lies_costs_nothing(tmp_path):
    path = book_file(tmp_path, [HEAD, CLEAN])
    changed(
        path,
        "xl/worksheets/sheet1.xml",
        lambda text: re.sub(b'ref="[^"]*"', b'ref="A1:XFD1048576"', text, count=1),
    )
    assert listed(kj.read_coding_sheet(path)) == []


def test_limits_name_the_place(tmp_path, monkeypatch):
    wide = text_file(tmp_path, [[*HEAD, *(f"x{n}" for n in range(600))]], "wide.csv")
    refused(wide, "row 1", "607 columns")
    padded = text_file(tmp_path, [[*HEAD, *[""] * 16_000], CLEAN], "padded.csv")
    assert len(kj.read_coding_sheet(padded).cases) == 1
    refused(text_file(tmp_path, [HEAD, row_of(comment="x" * 1_000_001)], "cell.csv"), "row 2", "field larger")
    refused(text_file(tmp_path, [HEAD, ["x" * 999_999] * 7], "line.csv"), "row 2", "characters in one row")
    refused(book_file(tmp_path, [HEAD, *[["n"] * 501]]), "row 2", "501 columns")
    for name, value, hint in (("MAX_ROWS", 1, "row 2"), ("MAX_CELLS", 10, "row 2"), ("MAX_BYTES", 20, "larger")):
        with monkeypatch.context() as patched:
            patched.setattr(sheet_files, name, value)
            refused(text_file(tmp_path, [HEAD, CLEAN]), hint)


def test_far_rows_and_columns(tmp_path):
    def far(text):
        return text.replace(b'<row r="2"', b'<row r="1048576"').replace(b'r="A2"', b'r="A1048576"')

    path = book_file(tmp_path, [HEAD, CLEAN])
    changed(path, "xl/worksheets/sheet1.xml", far)
    assert [change[4] for change in listed(kj.read_coding_sheet(path))] == ["blank_end"]


def test_notes_and_protection_do_not_hinder(tmp_path):
    def more(book):
        book.active["A1"].comment = Comment("a note", "someone")
        book.active.protection.sheet = True
        book.active.column_dimensions[get_column_letter(3)].hidden = True

    assert listed(kj.read_coding_sheet(book_file(tmp_path, [HEAD, CLEAN], "a.xlsm", more))) == []


def test_the_limit_of_csv_cells_is_left_as_it_was(tmp_path):
    before = csv.field_size_limit()
    kj.read_coding_sheet(text_file(tmp_path, [HEAD, CLEAN]))
    assert csv.field_size_limit() == before


@pytest.mark.parametrize("turned", [False, True])
def test_headings_that_stand_again_are_no_case(turned, tmp_path):
    heads = ["case_id,place_id,stage", "编号,地方,进展阶段"]
    first, second = heads[::-1] if turned else heads
    path = tmp_path / "a.csv"
    path.write_text(f"{first}\n{second}\nn1,深圳,试点\n{first}\nn2,广州,试点\n", encoding="utf-8")
    sheet = kj.read_coding_sheet(path)
    assert sheet.cases["case_id"].tolist() == ["n1", "n2"]
    left = sheet.changes[sheet.changes["message"].str.contains("repeats the headings")]
    assert left["row"].tolist() == [2, 4]


def test_each_status_is_read_in_both_languages(tmp_path):
    path = tmp_path / "a.csv"
    rows = "编号,地方,进展阶段,stage_status\nn1,深圳,试点,依规则推定\nn2,广州,试点,Stated\n"
    path.write_text(rows, encoding="utf-8")
    assert kj.read_coding_sheet(path).cases["stage_status"].tolist() == ["inferred", "stated"]


def test_a_sheet_without_variables_is_refused(tmp_path):
    with pytest.raises(kj.SelectionError, match="variables names none"):
        kj.coding_sheet(tmp_path / "a.csv", variables=[])


def test_headings_with_something_in_brackets_are_known_and_unknown_ones_listed(tmp_path):
    path = tmp_path / "h.csv"
    path.write_text(
        '"编号\n(ID)",地方（必填）,进展阶段,进展阶段状态,进展阶段（说明）,改革机制/措施\nn1,深圳,试点,依规则推定,x,y\n',
        "utf-8",
    )
    sheet = kj.read_coding_sheet(path)
    assert sheet.cases.loc[0, ["case_id", "place_id", "stage", "stage_status"]].tolist() == [
        "n1", "440300", "pilot", "inferred"
    ]  # fmt: skip
    listed = sheet.changes[sheet.changes["reason"].isin(["header", "unknown_header"])]
    assert dict(zip(listed["before"], listed["reason"], strict=True)) == {
        "编号\n(ID)": "header",
        "地方（必填）": "header",
        "进展阶段状态": "header",
        "进展阶段（说明）": "unknown_header",
        "改革机制/措施": "unknown_header",
    }


def test_an_error_of_encoding_names_the_byte(tmp_path):
    text = "编号,地方\nn1,深圳".encode("gb18030")
    for data, at in ((text[:-1], len(text) - 2), (b"\xef\xbb\xbfa\xb5\xda", 4)):
        (tmp_path / "x.csv").write_bytes(data)
        with pytest.raises(kj.DataError, match=f"byte {at} is not"):
            kj.read_coding_sheet(tmp_path / "x.csv")


def test_spaces_beyond_the_headings_are_no_cells(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text("编号,地方,进展阶段\nn1,深圳,试点, \nn2,深圳,试点,\u3000\n", encoding="utf-8")
    sheet = kj.read_coding_sheet(path)
    assert sheet.cases["stage"].tolist() == ["pilot", "pilot"]
    assert "blank_column" in set(sheet.changes["reason"])
