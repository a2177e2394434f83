"""The export, read back by programs that are not ours."""

import contextlib
import csv
import json
import os

import pandas as pd
import pytest

import kejigai_data as kj
from kejigai_data import exporting
from kejigai_data.loading import catalogue, records


@pytest.fixture(scope="module", params=["en", "zh"])
def made(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / f"数据 {request.param}"
    kj.export(str(folder), lang=request.param)
    return request.param, folder


def tables():
    return [name for name in catalogue() if name not in exporting.LEFT_OUT]


def test_every_table_is_there_in_every_format(made):
    _, folder = made
    for name in [*tables(), "cases_wide"]:
        for kind in ("csv", "parquet", "dta"):
            assert (folder / f"{name}.{kind}").exists(), (name, kind)
    assert (folder / "kejigai_data.xlsx").exists()
    assert (folder / "sources.bib").read_text("utf-8").count("\n@") == len(records("citations")) - 1


def test_csv_begins_with_a_bom_and_holds_codes_as_they_are(made):
    _, folder = made
    assert (folder / "places.csv").read_bytes()[:3] == b"\xef\xbb\xbf"
    with open(folder / "places.csv", encoding="utf-8-sig", newline="") as file:
        assert "110000" in {row["place_id"] for row in csv.DictReader(file)}
    for name in tables():
        with open(folder / f"{name}.csv", encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        assert len(rows) == len(records(name)) + 1
        assert not [cell for row in rows[1:] for cell in row if cell[:1] in ("=", "+", "@", "\t")]


def test_the_data_package_is_valid_to_frictionless(made):
    from frictionless import Package

    _, folder = made
    package = Package(str(folder / "datapackage.json"))
    assert len(package.resources) == len(tables()) + 2
    assert package.get_resource("cases_wide").read_rows()[0]["case_id"] == "c001"
    report = package.validate()
    assert report.valid, report.flatten(["type", "note"])[:5]
    events = package.get_resource("events").schema
    assert events.primary_key == ["event_id"]
    assert {key["reference"]["resource"] for key in events.foreign_keys} >= {"cases", "sources"}
    assert events.get_field("earliest").type == "date"


def test_wide_cases_keep_their_codes_and_stand_in_words_beside(made):
    lang, folder = made
    codes, words = (
        pd.read_csv(folder / f"{name}.csv", dtype=str, encoding="utf-8-sig")
        for name in ("cases_wide", "cases_labelled")
    )
    assert set(codes["dimension"].dropna()) <= {
        code["code"] for code in records("codes") if code["variable"] == "dimension"
    }
    assert {"en": "Legal", "zh": "法治保障"}[lang] in set(words["dimension"])
    back = pd.read_parquet(folder / "cases_wide.parquet")
    assert len(kj.validate(back)) == 0
    assert len(kj.merge(pd.DataFrame({"case_id": ["n1"], "place_id": ["430000"]}), back)) == 61


def test_stata_is_read_by_readstat_with_labels(made):
    import pyreadstat

    lang, folder = made
    frame, about = pyreadstat.read_dta(str(folder / "cases_wide.dta"))
    assert len(frame) == 60
    names = dict(zip(about.column_names, about.column_labels, strict=True))
    assert names["mechanism"] == {"en": "Mechanism", "zh": "改革机制"}[lang]
    labels = about.variable_value_labels["dimension"].values()
    assert {"en": "Legal", "zh": "法治保障"}[lang] in labels
    assert all(names.values()), names
    assert frame["section"].iloc[0] == "1.1"
    assert frame["place_id"].iloc[0] == "310000"
    events, _ = pyreadstat.read_dta(str(folder / "events.dta"))
    ours = kj.load_events()
    assert events["date"].tolist() == ours["date"].fillna("").tolist()
    assert events["locator"].tolist() == ours["locator"].fillna("").tolist()
    sources, _ = pyreadstat.read_dta(str(folder / "sources.dta"))
    assert sources["title_zh"].tolist() == kj.load("sources")["title_zh"].fillna("").tolist()
    values, _ = pyreadstat.read_dta(str(folder / "indicators.dta"))
    assert values["value"].sum() == pytest.approx(float(kj.load("indicators")["value"].sum()))


def test_parquet_is_read_by_duckdb_and_polars_with_its_labels(made):
    import duckdb
    import polars
    import pyarrow.parquet

    _, folder = made
    path = str(folder / "events.parquet")
    (count,) = duckdb.sql(f"select count(*), count(distinct event_id) from '{path}'").fetchall()
    assert count == (len(records("events")),) * 2
    frame = polars.read_parquet(path)
    assert frame["date"].to_list() == [row["date"] or None for row in records("events")]
    found = pyarrow.parquet.read_schema(path).field("date").metadata
    assert set(found) >= {b"label_en", b"label_zh"}
    wide = pyarrow.parquet.read_schema(str(folder / "cases_wide.parquet"))
    assert json.loads(wide.field("dimension").metadata[b"codes_zh"])["legal"] == "法治保障"
    assert all(field.metadata for field in wide)


def test_excel_is_read_by_openpyxl_frozen_filtered_and_without_formulas(made):
    from openpyxl import load_workbook

    lang, folder = made
    book = load_workbook(folder / "kejigai_data.xlsx")
    assert book.sheetnames[0] == "codebook"
    assert set(book.sheetnames) == {"codebook", "cases_wide", "cases_labelled", *(name[:31] for name in tables())}
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref
        assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    heads = [cell.value for cell in book["events"][1]]
    dates = [row[heads.index("date")] for row in book["events"].iter_rows(min_row=2, values_only=True)]
    assert [value or "" for value in dates] == [row["date"] for row in records("events")]
    labels = {row[3] for row in book["codebook"].iter_rows(min_row=2, values_only=True)}
    assert {"en": "Legal", "zh": "法治保障"}[lang] in labels


def test_a_cell_that_looks_like_a_formula_cannot_run(tmp_path):
    from openpyxl import load_workbook

    frame = pd.DataFrame({"a": ["=1+1", "+1", "-x", "@A1", "plain"]})
    exporting._csv({"odd": frame}, str(tmp_path), "en")
    exporting._xlsx({"odd": frame}, str(tmp_path), "en")
    with open(tmp_path / "odd.csv", encoding="utf-8-sig", newline="") as file:
        assert [row[0] for row in csv.reader(file)][1:] == ["'=1+1", "'+1", "'-x", "'@A1", "plain"]
    cells = [row[0] for row in load_workbook(tmp_path / "kejigai_data.xlsx")["odd"].iter_rows(min_row=2)]
    assert [cell.data_type for cell in cells] == ["s"] * 5
    assert cells[0].value == "=1+1"


def test_an_earlier_export_is_replaced_whole_and_other_folders_are_not_touched(tmp_path):
    folder = tmp_path / "out"
    kj.export(str(folder), ["csv", "parquet"])
    kj.export(str(folder), ["csv"])
    assert not list(folder.glob("*.parquet"))
    (folder / "thesis.docx").write_text("mine")
    with pytest.raises(kj.SelectionError, match=r"thesis\.docx"):
        kj.export(str(folder), ["csv"])
    assert (folder / "thesis.docx").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    "mine", ["cases.xlsx", "sources.docx", "cases.csv", "places/notes.txt", "places.csv/notes.txt"]
)
def test_a_file_of_ones_own_is_never_lost_for_its_name(tmp_path, mine):
    path = tmp_path / "out" / mine
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(kj.SelectionError, match="would be lost"):
        kj.export(tmp_path / "out", ["csv"])
    assert path.read_text() == "mine"


def test_what_a_file_manager_left_does_not_stop_the_next_export(tmp_path):
    kj.export(tmp_path / "out", ["csv"])
    (tmp_path / "out" / ".DS_Store").write_text("x")
    (tmp_path / "out" / ".~lock.cases.csv#").write_text("x")
    assert kj.export(tmp_path / "out", ["csv"])


def test_a_link_stays_a_link_and_the_folder_one_is_in_is_not_swapped(tmp_path, monkeypatch):
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk", target_is_directory=True)
    kj.export(tmp_path / "link", ["csv"])
    kj.export(tmp_path / "link", ["csv"])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "disk" / "cases.csv").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "link"]
    monkeypatch.chdir(tmp_path / "disk")
    with pytest.raises(kj.SelectionError, match="the folder you are in"):
        kj.export(".", ["csv"])


def test_csv_comes_without_the_mark_when_asked(tmp_path):
    kj.export(tmp_path / "out", ["csv"], bom=False)
    assert (tmp_path / "out" / "cases.csv").read_bytes().startswith(b"case_id,")


@pytest.mark.parametrize("folder", ["", "a\0b", 7, None])
def test_what_is_no_path_is_named(folder):
    with pytest.raises(kj.SelectionError, match="folder must be a path"):
        kj.export(folder, ["csv"])


def test_a_full_disk_leaves_the_earlier_export(tmp_path, monkeypatch):
    folder = tmp_path / "out"
    kj.export(str(folder), ["csv"])
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "_references", full)
    with pytest.raises(kj.DataError, match="No space left"):
        kj.export(str(folder), ["csv"])
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_missing_package_is_told_before_anything_is_written(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr(exporting, "_csv", lambda *_: pytest.fail("written all the same"))
    with pytest.raises(kj.MissingExtra, match=r"kejigai_data\[research\]"):
        kj.export(str(tmp_path / "out"), ["csv", "parquet"])
    assert not list(tmp_path.iterdir())


def test_wrong_calls_are_named(tmp_path):
    with pytest.raises(kj.UnknownNameError, match="xlsx"):
        kj.export(str(tmp_path / "a"), ["xls"])
    with pytest.raises(kj.SelectionError, match="No format"):
        kj.export(str(tmp_path / "a"), [])
    (tmp_path / "file").write_text("x")
    with pytest.raises(kj.SelectionError, match="is a file"):
        kj.export(str(tmp_path / "file"))
    with pytest.raises(kj.DataError, match="cannot be written"):
        kj.export(os.path.join("/proc", "nowhere", "out"))


def test_the_terminal_exports_and_measures_agreement(tmp_path, capsys):
    from kejigai_data.__main__ import main

    assert main(["export", str(tmp_path / "out"), "--formats", "csv", "--json"]) == 0
    files = json.loads(capsys.readouterr().out)
    assert all(os.path.exists(file) for file in files)
    assert main(["export", str(tmp_path / "out"), "--formats", "doc"]) == 2
    assert "csv" in capsys.readouterr().err
    rows = ["unit,variable,value", "1,stage,pilot", "2,stage,planned", "3,stage,pilot"]
    (tmp_path / "李雷.csv").write_text("\n".join(rows), encoding="utf-8")
    rows[2] = "2,stage,pilot"
    (tmp_path / "b.csv").write_text("\n".join(rows), encoding="utf-8-sig")
    paths = [str(tmp_path / "李雷.csv"), str(tmp_path / "b.csv")]
    assert main(["agree", *paths, "--resamples", "20", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["percent"] == pytest.approx(2 / 3)
    assert main(["agree", *paths, "--resamples", "20"]) == 0
    assert "67%" in capsys.readouterr().out
    assert main(["agree", paths[0]]) == 2
    assert main(["agree", str(tmp_path / "none.csv")]) == 2
    assert "none.csv" in capsys.readouterr().err


def test_long_work_shows_bars_to_a_person_and_none_to_a_pipe(tmp_path):
    import subprocess
    import sys

    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")

    code = "from kejigai_data import progress; progress.PATIENCE = 0; from kejigai_data.__main__ import main; "
    command = [
        sys.executable,
        "-c",
        code + "raise SystemExit(main())",
        "export",
        str(tmp_path / "out"),
        "--formats",
        "csv",
    ]
    piped = subprocess.run(command, capture_output=True, check=True)
    assert piped.stderr == b""
    screen, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal) as running:
        os.close(terminal)
        shown = b""
        # Reading ends in an error when the last writer has closed a terminal.
        with contextlib.suppress(OSError):
            while piece := os.read(screen, 4096):
                shown += piece
        assert running.stdout.read() == piped.stdout
    os.close(screen)
    assert b"csv:" in shown
    assert b"%" in shown


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_stata_has_a_set_as_codes_in_every_language(lang, tmp_path):
    kj.export(tmp_path / "out", ["dta"], lang=lang)
    frame = pd.read_stata(tmp_path / "out" / "cases_wide.dta")
    assert frame["factors"].tolist() == kj.load_cases()["factors"].fillna("").tolist()
    # An empty text is an open end, as Stata has it.
    days = ["adopted_earliest", "adopted_latest"]
    own = frame.assign(case_id=[f"n{n}" for n in range(len(frame))])[["case_id", "place_id", *days]]
    cities = sorted({place for place in own["place_id"] if place.endswith("00") and not place.endswith("0000")})
    ours = kj.load_cases().assign(case_id=own["case_id"].tolist())
    found = [kj.adoption(each, cities)[["fate", "units", "least", "most"]] for each in (own, ours)]
    assert sorted(map(str, found[0].values.tolist())) == sorted(map(str, found[1].values.tolist()))
