"""The export, opened by R and by LibreOffice, where they are installed.

Debian: apt install r-base-core r-cran-haven libreoffice-calc-nogui.
"""

import csv
import json
import shutil
import subprocess

import pytest

import kejigai_data as kj
from kejigai_data.exporting import LEFT_OUT
from kejigai_data.loading import catalogue

from .test_export import made as made

pytestmark = pytest.mark.slow


def tables():
    return {name: kj.load(name) for name in catalogue() if name not in LEFT_OUT}


R_CODE = """
args <- commandArgs(trailingOnly = TRUE)
library(haven)
out <- list()
for (file in list.files(args[1], pattern = "[.]dta$", full.names = TRUE)) {
  frame <- read_dta(file)
  name <- sub("[.]dta$", "", basename(file))
  text <- vapply(frame, is.character, logical(1))
  cat(name, nrow(frame), ncol(frame), sum(nchar(unlist(frame[text]), "chars")), "\\n", sep = "\\t")
}
wide <- read_dta(file.path(args[1], "cases_wide.dta"))
first <- c(wide$section[1], wide$place_id[1])
cat("labels", attr(wide$mechanism, "label"), names(attr(wide$dimension, "labels"))[1], first, "\\n", sep = "\\t")
back <- read.csv(file.path(args[1], "events.csv"), fileEncoding = "UTF-8-BOM", colClasses = "character")
day <- back$date[back$event_id == "e0128"]
cat("events", nrow(back), names(back)[1], day, "\\n", sep = "\\t")
"""


@pytest.mark.skipif(not shutil.which("Rscript"), reason="R is not installed")
def test_r_reads_stata_files_with_their_labels_and_csv(made):
    lang, folder = made
    command = ["Rscript", "--vanilla", "-e", R_CODE, str(folder)]
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    )
    assert done.returncode == 0, done.stderr
    found = {line.split("\t")[0]: line.strip("\t\n").split("\t")[1:] for line in done.stdout.splitlines()}
    for name, frame in tables().items():
        rows, columns, characters = (
            map(int, found[name]) if name != "events" else (len(frame), frame.shape[1], None)
        )
        assert (rows, columns) == frame.shape, name
        text = frame.select_dtypes("string").fillna("")
        if characters is not None:
            assert characters == int(text.map(len).to_numpy().sum()), name
    label, legal = {"en": ("Mechanism", "Legal"), "zh": ("改革机制", "法治保障")}[lang]
    assert found["labels"] == [label, legal, "1.1", "310000"]
    assert found["events"] == [str(len(kj.load_events())), "event_id", "2020-01-20"]


def as_shown(cell, is_number):
    """Return a cell of our CSV as a spreadsheet shows it: no apostrophe, TRUE, 1185 for 1185.0."""
    if is_number:
        return cell.removesuffix(".0")
    if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@"):
        return cell[1:]
    return cell.upper() if cell in ("true", "false") else cell


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_libreoffice_shows_each_sheet_as_it_is(made, tmp_path):
    _, folder = made
    # Comma, quotes, UTF-8, from the first line, every sheet, cells as they are shown.
    form = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    command = [
        "soffice",
        "--headless",
        f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
        "--convert-to",
        form,
    ]
    command += ["--outdir", str(tmp_path), str(folder / "kejigai_data.xlsx")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0, done.stderr
    for name, frame in tables().items():
        numbers = set(frame.select_dtypes("number").columns)
        with open(tmp_path / f"kejigai_data-{name[:31]}.csv", encoding="utf-8", newline="") as file:
            shown = list(csv.reader(file))
        with open(folder / f"{name}.csv", encoding="utf-8-sig", newline="") as file:
            head, *rows = csv.reader(file)
        is_number = [column in numbers for column in head]
        ours = [head, *([*map(as_shown, row, is_number)] for row in rows)]
        assert json.dumps(shown, ensure_ascii=False) == json.dumps(ours, ensure_ascii=False), name
