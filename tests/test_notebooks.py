"""The saved lessons: run, alike in both languages, readable without a kernel or a network."""

import json
import re

import nbformat
import pytest

from kejigai_data.render import MIME

from .conftest import TOP

LESSONS = sorted((TOP / "notebooks" / "en").glob("*.ipynb"))
ALL = sorted((TOP / "notebooks").glob("*/*.ipynb"))
every = pytest.mark.parametrize("path", ALL, ids=lambda p: f"{p.parent.name}/{p.stem}")


def code_cells(notebook):
    return [c for c in notebook.cells if c.cell_type == "code"]


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_english_and_chinese_share_their_code(path):
    english = nbformat.read(path, 4)
    chinese = nbformat.read(TOP / "notebooks" / "zh" / path.name, 4)
    assert [c.cell_type for c in english.cells] == [c.cell_type for c in chinese.cells]
    for left, right in zip(code_cells(english), code_cells(chinese), strict=True):
        if "setup" in left.metadata.get("tags", []):
            assert left.source.replace('"en"', '"zh"') == right.source
        else:
            assert left.source == right.source


@every
def test_only_the_first_code_cell_is_setup(path):
    tags = ["setup" in c.metadata.get("tags", []) for c in code_cells(nbformat.read(path, 4))]
    assert tags[0]
    assert not any(tags[1:])


@every
def test_every_code_cell_was_run_in_order_without_error(path):
    cells = code_cells(nbformat.read(path, 4))
    assert [c.execution_count for c in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        assert not [o for o in cell.outputs if o.output_type == "error"]


@every
def test_cells_are_short(path):
    notebook = nbformat.read(path, 4)
    for cell in code_cells(notebook):
        assert len(cell.source.splitlines()) < 10, cell.source
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and "|---" not in cell.source and "<details" not in cell.source:
            for paragraph in re.split(r"\n\n|\n(?=- )", cell.source):
                assert len(paragraph.split()) < 115, paragraph


@every
def test_every_chart_shows_without_a_kernel_and_on_github(path):
    charts = 0
    for cell in code_cells(nbformat.read(path, 4)):
        for output in cell.outputs:
            data = output.get("data", {})
            if MIME in data:
                charts += 1
                assert len(data["image/png"]) > 5000
                assert len(data["text/plain"]) > 20
            assert "application/vnd.jupyter.widget-view+json" not in data
    assert charts >= 3


@every
def test_no_output_needs_a_network(path):
    text = path.read_text(encoding="utf-8")
    for host in ("cdn.jsdelivr.net", "unpkg.com", "cdnjs", "vegalite.v6", "requirejs"):
        assert host not in text


@every
def test_a_lesson_has_its_parts(path):
    text = "\n".join(c.source for c in nbformat.read(path, 4).cells if c.cell_type == "markdown")
    assert text.count("<details") == text.count("</details>") == 5
    parts = {"en": ("Predict", "cannot say", "Finding", "Summary"), "zh": ("先猜一猜", "不能说明", "发现", "小结")}
    for part in parts[path.parent.name]:
        assert part in text, part


@every
def test_chinese_text_uses_full_width_marks(path):
    if path.parent.name == "zh":
        for cell in nbformat.read(path, 4).cells:
            if cell.cell_type == "markdown":
                prose = re.sub(r"`[^`]*`|\([^)]*\.ipynb\)|<[^>]+>", "", cell.source)
                assert not re.search(r"[\u4e00-\u9fff][,;:?!]", prose), re.search(
                    r".{6}[\u4e00-\u9fff][,;:?!]", prose
                )


@every
def test_links_between_lessons_resolve(path):
    for cell in nbformat.read(path, 4).cells:
        for target in re.findall(r"\]\(([^)#]+\.ipynb)\)", cell.source):
            assert (path.parent / target).exists(), target


@every
def test_saved_files_hold_nothing_of_a_machine(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert not re.search(r'"/(?:home|root|tmp|Users)/', json.dumps(notebook))


def test_lessons_come_in_two_languages():
    assert [p.name for p in LESSONS] == sorted(p.name for p in (TOP / "notebooks" / "zh").glob("*.ipynb"))
    assert len(LESSONS) >= 2
