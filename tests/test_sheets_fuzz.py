"""Any file at all, handed over as a coding sheet: a result or our own error, soon, and the file as it was.

KEJIGAI_FUZZ=100000 pytest -m slow tests/test_sheets_fuzz.py runs that many files instead of a few hundred.
"""

import csv
import io
import os
import re
import time
import zipfile
import zlib
from xml.sax.saxutils import escape

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kejigai_data as kj
from kejigai_data import sheet_files
from kejigai_data.loading import records
from kejigai_data.sheet_reading import CodingSheet

MANY = int(os.environ.get("KEJIGAI_FUZZ", "5000"))
SECONDS = 60
SPEED = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]

VARIABLES = [v["variable"] for v in records("variables")]
LABELS = [c[key] for c in records("codes") for key in ("code", "label_zh", "label_en")]
ROWS = [
    ["案例编号", "地方", "标题（中文）", "采纳日期", *VARIABLES, "备注"],
    ["n1", "深圳", "深圳：一项改革", "2021年7月", *["（沉默）"] * 22, "=1+1"],
    ["ｎ2", "Shanxi", "题目", "44394", *["技术、资本；数据"] * 22, "a\nb"],
]


def a_csv():
    buffer = io.StringIO()
    csv.writer(buffer).writerows(ROWS)
    return buffer.getvalue()


def a_book():
    import datetime

    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append(row)
    book.active["D4"] = datetime.date(2021, 7, 1)
    book.active["A4"] = "=A2&1"
    book.active.merge_cells("B3:B4")
    book.create_sheet("其他").append(["stage", "factors"])
    buffer = io.BytesIO()
    book.save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def with_shared_strings(parts):
    """Return the parts with the texts of the first sheet in a part of their own, as Excel itself writes them."""
    texts = []

    def shared(match):
        texts.append(match[2])
        return b'<c%s t="s"><v>%d</v></c>' % (match[1], len(texts) - 1)

    first, kinds, links = "xl/worksheets/sheet1.xml", "[Content_Types].xml", "xl/_rels/workbook.xml.rels"
    inline = rb'<c((?: [rs]="[^"]*")*) t="inlineStr"><is><t[^>]*>([^<]*)</t></is></c>'
    sheet = re.sub(inline, shared, parts[first])
    assert len(texts) > 50
    listed = b"".join(b"<si><t>%s</t></si>" % text for text in texts)
    office = "http://schemas.openxmlformats.org"
    table = f'<sst xmlns="{office}/spreadsheetml/2006/main">'.encode() + listed + b"</sst>"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'.encode()
    link = f'<Relationship Id="rId99" Type="{office}/officeDocument/2006/relationships/sharedStrings" '
    link += 'Target="sharedStrings.xml"/></Relationships>'
    return parts | {
        first: sheet,
        "xl/sharedStrings.xml": table,
        kinds: parts[kinds].replace(b"</Types>", override),
        links: parts[links].replace(b"</Relationships>", link.encode()),
    }


def packed(parts):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


CSV, PARTS = a_csv(), with_shared_strings(a_book())
BOOK = packed(PARTS)
ENCODINGS = ("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030", "gbk", "big5", "utf-32", "utf-7")
ENDINGS = (*sheet_files.ENDINGS, ".xls", ".ods", "")


@st.composite
def spoilt(draw, content):
    """Return the bytes with a few things done to them."""
    data = bytearray(content)
    mild = ["flip", "put", "splice", "repeat", "drop"]
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        match draw(st.sampled_from([*mild, *mild, *mild, "cut", "behead", "nul"])):
            case "cut":
                del data[at:]
            case "behead":
                del data[:at]
            case "flip" if data:
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "nul":
                data[at:at] = b"\0" * draw(st.integers(1, 9))
            case "put":
                data[at:at] = draw(st.one_of(st.binary(max_size=9), st.sampled_from(TOKENS)))
            case "splice":
                start = draw(st.integers(0, max(len(data) - 1, 0)))
                data[at:at] = data[start : start + draw(st.integers(0, 200))]
            case "repeat":
                data[at:at] = bytes(data[at : at + 50]) * draw(st.integers(1, 60))
            case "drop":
                del data[at : at + draw(st.integers(1, 200))]
    return bytes(data)


TOKENS = [b'"', b"\n", b"\r", b",", b"\t", b"\xef\xbb\xbf", b"\xff\xfe", b"PK\x03\x04", b"<!DOCTYPE x>", b"</row>"]
TOKENS += [
    b"<c/>",
    b'<row r="99999999">',
    b't="s"',
    b"<v>999999999999</v>",
    b"<v>nan</v>",
    b"<v>1e400</v>",
    b"&#0;",
]
TOKENS += [
    b'r="ZZZ9999999"',
    b's="77"',
    b"<f>",
    b"</v>",
    "，".encode(),
    "；".encode(),
    b"-",
    b"]]>",
    b"<is><t>x</t></is>",
]
VALUES = [
    "",
    "s",
    "b",
    "d",
    "e",
    "n",
    "str",
    "inlineStr",
    "0",
    "-1",
    "1E9",
    "XFD1048576",
    "A1:XFD9",
    "A0",
    "true",
    "57",
]
odd_text = st.one_of(
    st.text(max_size=12),
    st.sampled_from(LABELS),
    st.sampled_from(
        [
            "",
            " ",
            "\u3000",
            "２０２１年７月",
            "44394",
            "1e400",
            "2021年7月至",
            "(silent)",
            "（沉默",
            "=1",
            "\u0301" * 40,
        ]
    ),
    st.builds(lambda year, month: f"{year}年{month}月", st.integers(0, 9999), st.integers(0, 99)),
)


@st.composite
def tables(draw):
    """Return a table with some headings that are ours, in any encoding with any delimiter."""
    heads = draw(
        st.lists(st.one_of(*[st.sampled_from(ROWS[0])] * 3, st.text(max_size=8)), max_size=9, unique=True)
    )
    rows = draw(st.lists(st.lists(odd_text, max_size=7), max_size=6))
    at = draw(st.integers(0, len(rows)))
    rows[at:at] = [heads]
    mark = draw(st.sampled_from(",,;\t，|"))
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=mark, quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])))
    writer.writerows(rows)
    return buffer.getvalue().encode(draw(st.sampled_from(ENCODINGS)), "replace")


@st.composite
def rewritten(draw):
    """Return the CSV file with some of its characters replaced, in an encoding that can be read."""
    text = CSV
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(text)))
        new = draw(st.one_of(odd_text, st.sampled_from([",", ";", "\n", "\r", '"', "\t", "，", "\n\n", ",,"])))
        text = text[:at] + new + text[at + draw(st.integers(0, 6)) :]
    return text.encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"])), "replace")


@st.composite
def books_with_odd_values(draw):
    """Return a workbook of well-formed parts in which some attributes and texts have odd values."""
    name = draw(st.sampled_from([*["xl/worksheets/sheet1.xml"] * 4, *sorted(PARTS)]))
    text = PARTS[name].decode()
    for _ in range(draw(st.integers(1, 4))):
        places = [match.span(1) for match in re.finditer(r'(?:="|>)([^<>"]*)["<]', text)]
        first, last = draw(st.sampled_from(places))
        value = draw(st.one_of(odd_text, st.sampled_from(VALUES), st.integers().map(str), st.floats().map(str)))
        text = text[:first] + escape(value, {'"': "&quot;"}) + text[last:]
    return packed(PARTS | {name: text.encode("utf-8", "replace")})


@st.composite
def books_with_spoilt_parts(draw):
    """Return a workbook whose zip is sound and whose parts are not."""
    parts = dict(PARTS)
    for name in draw(st.lists(st.sampled_from(sorted(PARTS)), min_size=1, max_size=2, unique=True)):
        if draw(st.integers(0, 9)):
            parts[name] = draw(spoilt(PARTS[name]))
        else:
            del parts[name]
    return packed(parts)


@st.composite
def huge(draw):
    """Return a file of one thing many times over, as text or packed small."""
    thing = draw(
        st.sampled_from(["x", "，", "\u0301", "、", "ﷺ", '"', "\n", ",", " \u200b", "技术;", "(", "2021年"])
    )
    count = draw(st.sampled_from([1_000, 200_000, 1_100_000]))
    if draw(st.booleans()):
        return f"case_id,stage,factors,adopted,地方\nn1,{','.join([thing * count] * 2)}\n".encode()
    inside = draw(st.sampled_from([b"<c/>", b"<row/>", b"<x>", b" ", b'<c r="XFD9"><v>1</v></c>', b"<!--a-->"]))
    part = draw(st.sampled_from(["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"]))
    at = PARTS[part].rfind(draw(st.sampled_from([b"</", b"</row>", b"</si>"])))
    return packed(PARTS | {part: PARTS[part][:at] + inside * count + PARTS[part][at:]})


STRATEGIES = {
    "bytes": st.binary(max_size=2000),
    "csv": spoilt(CSV.encode()),
    "csv in GB18030": spoilt(CSV.encode("gb18030")),
    "csv in UTF-16": spoilt(CSV.encode("utf-16")),
    "tables": tables(),
    "zip": spoilt(BOOK),
    "parts": books_with_spoilt_parts(),
    "rewritten": rewritten(),
    "values": books_with_odd_values(),
}


def outcome(data, ending, path):
    """Read the bytes; anything but a result or our own error is a failure of the test."""
    path = path.with_suffix(ending)
    path.write_bytes(data)
    began = time.monotonic()
    try:
        sheet = kj.read_coding_sheet(path)
    except kj.KejigaiError as error:
        assert str(error)  # noqa: PT017
    else:
        assert isinstance(sheet, CodingSheet)
        assert {str(kind) for kind in sheet.cases.dtypes} <= {"string"}
        assert sheet.changes[["reason", "message"]].notna().all(axis=None)
    assert time.monotonic() - began < SECONDS
    assert path.read_bytes() == data
    path.unlink()


def test_the_files_that_are_spoilt_are_sound(tmp_path):
    (tmp_path / "a.csv").write_text(CSV, encoding="utf-8")
    (tmp_path / "a.xlsx").write_bytes(BOOK)
    sheets = [kj.read_coding_sheet(tmp_path / name).cases for name in ("a.csv", "a.xlsx")]
    assert [sheet["place_id"].tolist()[:2] for sheet in sheets] == [["440300", "Shanxi"]] * 2


def fuzz(strategy, count, path):
    packed_kind = strategy in ("zip", "parts", "values")
    likely = st.sampled_from((".xlsx", ".xlsm")) if packed_kind else st.sampled_from((".csv", ".tsv", ".txt"))

    @settings(max_examples=count, deadline=None, suppress_health_check=SPEED, database=None)
    @given(STRATEGIES[strategy], st.one_of(likely, likely, likely, st.sampled_from(ENDINGS)))
    def any_file(data, ending):
        outcome(data, ending, path)

    any_file()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_any_file(strategy, tmp_path):
    fuzz(strategy, 50, tmp_path / "sheet")


@pytest.mark.slow
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_any_of_many_files(strategy, tmp_path):
    fuzz(strategy, -(-MANY // len(STRATEGIES)), tmp_path / "sheet")


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=SPEED, database=None)
@given(data=huge())
def test_huge_things(data, tmp_path_factory):
    outcome(data, ".xlsx" if data[:2] == b"PK" else ".csv", tmp_path_factory.mktemp("huge") / "sheet")


@pytest.mark.parametrize("size", [10**6, 10**8])
def test_deflated_nothing_is_small_in_memory(size, tmp_path):
    """A part that unpacks to a thousand times its size is refused, or read in little memory."""
    psutil = pytest.importorskip("psutil")
    before = psutil.Process().memory_info().rss
    filling = packed(PARTS | {"xl/worksheets/sheet1.xml": b"<worksheet>" + b" " * size})
    assert len(filling) < size / 50 + len(zlib.compress(BOOK)) * 2
    outcome(filling, ".xlsx", tmp_path / "sheet")
    assert psutil.Process().memory_info().rss - before < 500_000_000
