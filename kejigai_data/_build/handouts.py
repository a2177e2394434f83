"""Write each lesson as a page that needs no kernel: ``python -m kejigai_data._build.handouts``.

The pages come from the saved outputs of the lessons. A comparison whose menus need Python is
replaced by the chart of the same comparison that brings its own.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Callable
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

import nbformat
import vl_convert
from jinja2 import Environment, FileSystemLoader
from nbconvert import HTMLExporter
from traitlets.config import Config

import kejigai_data as kj
from kejigai_data import charts
from kejigai_data.language import marked
from kejigai_data.loading import read_rows
from kejigai_data.render import MIME, bundle

from . import only_help

TOP = Path(__file__).resolve().parents[2]
PAGES = Path(__file__).with_name("pages")
TARGET = TOP / "dist" / "handouts"
LANGS = {"en": "en", "zh": "zh-Hans"}
OTHER = {"en": "zh", "zh": "en"}
# Comparisons that can be had without a kernel, by the widget that needs one.
MENUS: dict[str, Callable[..., Any]] = {
    "compare_places": charts.choose_places,
    "compare_mechanisms": charts.choose_mechanisms,
    "compare_routes": charts.choose_routes,
    "simulated_selection": charts.choose_chance,
    "argument_browser": charts.choose_argument,
}
# Comparisons of one menu whose tables are few and short enough to stand in a page, folded.
FOLDED = {"later_browser"}
# Vega compiles its expressions, hence unsafe-eval; nothing may be fetched from anywhere.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
)

# Where Vega goes: a lesson is put together once for the page that holds it and the page that names it.
SCRIPT = '<script id="vega"></script>'


@lru_cache(maxsize=4)
def words(language: str) -> dict[str, str]:
    """Return the words of the pages in a language."""
    column = 1 + list(LANGS).index(language)
    return {row[0]: row[column] for row in read_rows(str(PAGES / "words.csv"))[1]}


@lru_cache(maxsize=1)
def vega() -> str:
    """Return the scripts that draw, safe to stand inside a page."""
    bundled = vl_convert.javascript_bundle(snippet=None, vl_version="6.4")  # type: ignore[arg-type]
    return str(bundled).replace("</script", "<\\/script")


def part(name: str) -> str:
    """Return a file that the pages share."""
    return (PAGES / name).read_text(encoding="utf-8")


def lessons(language: str) -> list[Path]:
    """Return the notebooks of a language in order."""
    return sorted((TOP / "notebooks" / language).glob("*.ipynb"))


def title_of(notebook: Any) -> str:
    """Return the first heading of a lesson."""
    return str(notebook.cells[0].source.splitlines()[0].lstrip("# "))


def comparison(source: str) -> tuple[str, list[Any], dict[str, Any]] | None:
    """Return the widget that a cell opens, with its arguments; None where it opens none.

    Examples
    --------
    >>> comparison('kj.widgets.compare_places("310000", second="110000")')
    ('compare_places', ['310000'], {'second': '110000'})
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("kj.widgets."):
            named = {word.arg or "": ast.literal_eval(word.value) for word in node.keywords}
            return ast.unparse(node.func).split(".")[-1], [ast.literal_eval(one) for one in node.args], named
    return None


def folded(name: str, given: list[Any], named: dict[str, Any]) -> list[Any]:
    """Return an output for each choice of a widget of one menu; the one chosen there is open."""
    widget: Any = getattr(kj.widgets, name)(*given, **named)
    (menu,) = widget.controls.values()
    chosen = menu.value
    outputs = []
    for label, value in menu.options:
        menu.value = value
        # The name of the choice stands above already.
        widget.result.caption = ""
        option = {"option": label, "open": value == chosen}
        html = {"text/html": widget.result._repr_html_()}
        outputs.append(nbformat.v4.new_output("display_data", data=html, metadata=option))
    return outputs


def without_kernel(notebook: Any, language: str, folds: bool = True) -> Any:
    """Replace what needs a kernel and mark the links between lessons; with `folds` a page may grow long."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace(".ipynb)", ".html)")
            continue
        found = comparison(cell.source)
        if found is None:
            continue
        name, given, named = found
        if name in MENUS:
            chart = MENUS[name](*given, **named)
            cell.outputs = [nbformat.v4.new_output("display_data", data=bundle(chart.to_dict()))]
        elif name in FOLDED and folds:
            cell.outputs = folded(name, given, named)
        elif folds or len(cell.outputs) == 1:
            cell.outputs[0] = nbformat.v4.new_output("stream", text=words(language)["in_the_lab"])
        else:
            # On a slide the sentence would stand before a room that has no menu: it is said.
            del cell.outputs[0]
            cell.metadata["said"] = words(language)["in_the_lab"]
    return notebook


# What is not text: scripts, styles, comments, the title, what is marked already, and tags with their attributes.
MARKUP = re.compile(
    r"(<script.*?</script>|<style.*?</style>|<title>.*?</title>|<!--.*?-->|<span lang=[^>]*>[^<]*</span>|<[^>]*>)",
    re.DOTALL,
)


def spoken_right(page: str, language: str) -> str:
    """Return a page with what is in the other language marked as such, so that it is read and set right.

    Examples
    --------
    >>> spoken_right('<p title="省">the 省 and <b>市</b></p>', "en")
    '<p title="省">the <span lang="zh-Hans">省</span> and <b><span lang="zh-Hans">市</span></b></p>'
    >>> spoken_right("<p>题为 Message from the President，CSV 文件</p>", "zh")
    '<p>题为 <span lang="en">Message from the President</span>，CSV 文件</p>'
    """
    parts = MARKUP.split(page)
    parts[::2] = [marked(text, language) for text in parts[::2]]
    return "".join(parts)


def boxed(page: str, label: str) -> str:
    """Return HTML with each table of the text in a box of its own, which scrolls where the table is too wide.

    Examples
    --------
    >>> boxed("<table>…</table>", "Table")
    '<div class="table" tabindex="0" role="group" aria-label="Table"><table>…</table></div>'
    """
    box = f'<div class="table" tabindex="0" role="group" aria-label="{escape(label)}">'
    return page.replace("<table>", f"{box}<table>").replace("</table>", "</table></div>")


def exporter(template: str = "lesson") -> HTMLExporter:
    """Return what turns a notebook into a page, or into a deck."""
    config = Config()
    config.NbConvertBase.display_data_priority = [MIME, "text/html", "text/plain"]
    config.HTMLExporter.exclude_anchor_links = True
    made = HTMLExporter(  # type: ignore[no-untyped-call]
        config=config,
        template_name=template,
        extra_template_basedirs=[str(PAGES)],
        extra_template_paths=[str(PAGES)],
    )
    made.register_filter("boxed", boxed)  # type: ignore[no-untyped-call]
    return made


def page(path: Path, script: str, home: str = "") -> str:
    """Return a lesson as a page; `script` is the element that holds or names Vega, `home` the site around it."""
    before, after = page_but_script(path, path.read_text(encoding="utf-8"), home).rsplit(SCRIPT, 1)
    return before + script + after


@lru_cache(maxsize=64)
def page_but_script(path: Path, text: str, home: str) -> str:
    """Return a page with a mark in the place of its script: the same page is written with two of them."""
    language = path.parent.name
    notebook = nbformat.reads(text, as_version=4)
    kj.use(language)
    notebook = without_kernel(notebook, language)
    resources = {
        "words": words(language),
        "lang": LANGS[language],
        "other_lang": LANGS[OTHER[language]],
        "other": f"../{OTHER[language]}/{path.stem}.html",
        "up": "../index.html",
        "home": home.format(code=language),
        "title": title_of(notebook),
        "version": kj.__version__,
        "policy": POLICY,
        "style": part("page.css"),
        "script": part("page.js"),
        "vega": SCRIPT,
    }
    return spoken_right(str(exporter().from_notebook_node(notebook, resources=resources)[0]), language)


def index(kind: str = "index", home: str = "") -> str:
    """Return the page that lists the lessons in both languages, as pages or as ``slides``; `home` is its site."""
    environment = Environment(loader=FileSystemLoader(PAGES), autoescape=True)
    listed = {
        language: [
            (f"{language}/{p.stem}.html", title_of(nbformat.read(p, as_version=4))) for p in lessons(language)
        ]
        for language in LANGS
    }
    return environment.get_template("index.html.j2").render(
        kind=kind,
        home={code: home.format(code=code) for code in LANGS},
        lessons=listed,
        langs=LANGS,
        words={code: words(code) for code in LANGS},
        style=part("page.css"),
        policy=POLICY,
    )


def write(target: Path, shared: bool, home: str = "") -> list[Path]:
    """Write all lessons; with `shared` they find Vega beside them, with `home` the way back to a site."""
    script = '<script src="../vega.js"></script>' if shared else f"<script>{vega()}</script>"
    written = []
    for language in LANGS:
        (target / language).mkdir(parents=True, exist_ok=True)
        for path in lessons(language):
            written.append(target / language / f"{path.stem}.html")
            written[-1].write_text(page(path, script, home), encoding="utf-8")
    if shared:
        (target / "vega.js").write_text(vega(), encoding="utf-8")
    return written


def main() -> int:
    """Write the handouts anew."""
    shutil.rmtree(TARGET, ignore_errors=True)
    for path in write(TARGET, shared=False):
        print(path.relative_to(TOP))
    (TARGET / "index.html").write_text(index(), encoding="utf-8")
    print(TARGET.relative_to(TOP) / "index.html")
    return 0


if __name__ == "__main__":
    only_help(__doc__)
    raise SystemExit(main())
