"""Write the site: ``python -m kejigai_data._build.site``.

Lessons, a page a case and a page a variable in both languages, a search that runs in the
page, and one flat archive of the tables. Nothing is fetched from anywhere, also not from
this site's own server by script, so that it opens from a folder too.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

import kejigai_data as kj
from kejigai_data.citing import USUAL, references
from kejigai_data.codebook import label, variable_label
from kejigai_data.evidence import disagreements_first
from kejigai_data.exporting import LEFT_OUT, export
from kejigai_data.language import pick, resolve
from kejigai_data.loading import records
from kejigai_data.words import word

from . import handouts, only_help
from .handouts import LANGS, OTHER, PAGES, TOP, boxed, spoken_right, words

TARGET = TOP / "dist" / "site"
ARCHIVE = f"kejigai_data-{kj.__version__}-tables.zip"
POLICY_SITE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
)
COLUMNS = ("variable", "value", "status", "source_id", "locator", "row_id")
EVIDENCE = ("about", *COLUMNS, "conflict", "rule")


def environment() -> Environment:
    """Return what fills the templates; every value is escaped."""
    return Environment(loader=FileSystemLoader(PAGES), autoescape=True, trim_blocks=True)


def shared(code: str, root: str, other: str) -> dict[str, Any]:
    """Return what every page of a language needs; `root` leads to the top of the site."""
    return {
        "w": words(code),
        "code": code,
        "lang": LANGS[code],
        "other_lang": LANGS[OTHER[code]],
        "other": other,
        "root": root,
        "version": kj.__version__,
        "policy": POLICY_SITE,
    }


def address_of(url: object) -> str:
    """Return the address of a source if a reader may safely follow it, else nothing.

    Examples
    --------
    >>> address_of("https://example.org/a"), address_of("javascript:alert(1)")
    ('https://example.org/a', '')
    """
    return str(url) if str(url).startswith(("https://", "http://")) else ""


def evidence(found: pd.DataFrame) -> tuple[dict[str, str], dict[str, list[dict[str, str]]]]:
    """Return what is known of a case in words, after the headings.

    By layer, rows in disagreement first, with the rule beside an inferred status.
    """
    found = disagreements_first(found)
    shown = kj.table(found, EVIDENCE, rows=len(found))
    layers: dict[str, list[dict[str, str]]] = {"article": [], "record": [], "followup": []}
    for layer, cells in zip(found["layer"], shown.rows, strict=True):
        row = dict(zip(EVIDENCE, cells, strict=True))
        row["status"] += f" ({row['rule']})" if row["rule"] else ""
        layers[layer].append(row)
    return dict(zip(EVIDENCE, shown.headings, strict=True)), layers


def grouped(rows: list[dict[str, str]]) -> list[tuple[str, list[dict[str, str]]]]:
    """Return the rows under what they are about.

    Examples
    --------
    >>> grouped([{"about": "a", "value": "1"}, {"about": "b", "value": "2"}, {"about": "a", "value": "3"}])[0]
    ('a', [{'about': 'a', 'value': '1'}, {'about': 'a', 'value': '3'}])
    """
    groups: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        groups.setdefault(row["about"], []).append(row)
    return list(groups.items())


def case_page(case: Any, code: str) -> dict[str, Any]:
    """Return what the page of a case shows."""
    headings, layers = evidence(kj.show_evidence(case.case_id))
    rows = [row for of_layer in layers.values() for row in of_layer]
    cited = list(dict.fromkeys(row["source_id"] for row in rows if row["source_id"]))
    links = {row["source_id"]: row["url"] for row in records("sources")}
    coded = {name: getattr(case, name) for name in ("mechanism", "dimension", "action", "stage", "initiative")}
    facts = [(variable_label(n, code), label(n, one, code)) for n, one in coded.items() if isinstance(one, str)]
    verdicts = kj.load_corroboration()
    row = verdicts[verdicts["case_id"] == case.case_id]
    verdict = kj.table(row, ["corroboration"])
    facts.append((verdict.headings[0], verdict.rows[0][0]))
    return {
        "case": case.case_id,
        "title": f"{getattr(case, f'title_{code}')} ({case.case_id})",
        "summary": getattr(case, f"summary_{code}"),
        "facts": facts,
        "borne_out": row["sentence"].iloc[0],
        "columns": [(name, headings[name]) for name in COLUMNS],
        "layers": {layer: grouped(of_layer) for layer, of_layer in layers.items()},
        "cited": set(cited),
        "conflicts": any(row["conflict"] for row in rows),
        "sources": [(one, text, address_of(links[one])) for one, text in references(cited, pick(USUAL)).items()],
    }


@lru_cache(maxsize=128)
def values_of(case: str) -> str:
    """Return what the evidence of a case is about and its values, in both languages: a search may be in either."""
    before, cells = resolve(), []
    for language in LANGS:
        kj.use(language)
        table = kj.widgets.evidence_table(case)
        at = [table.headings.index(word(name)) for name in ("about", "value")]
        cells += [row[one] for row in table.rows for one in at]
    kj.use(before)
    return " ".join(dict.fromkeys(cells))


def variables(code: str) -> list[tuple[str, str]]:
    """Return the pages of the codebook with their titles."""
    pages = sorted((TOP / "kejigai_data" / "codebook" / code).glob("*.md"))
    return [
        (page.stem, page.read_text(encoding="utf-8").splitlines()[0].lstrip("# ").replace("`", ""))
        for page in pages
    ]


def prose(source: str) -> Markup:
    """Return a page of the codebook as HTML; raw HTML in it is escaped, marks for its generator are left out."""
    renderer = IPythonRenderer(escape=True, exclude_anchor_links=True)
    text = MarkdownWithMath(renderer=renderer).render(re.sub(r"<!--.*?-->\n*", "", source))
    return Markup(boxed(text, words(resolve())["table"]))


def entry(code: str, kind: str, address: str, title: str, also: str, text: str) -> dict[str, str]:
    """Return a row of the search index; `also` is the title's other form, as weighty as the title."""
    kept = {"address": address, "title": title, "also": also, "text": " ".join(text.split())}
    return {"kind": words(code)[f"kind_{kind}"], **kept}


def write_language(target: Path, code: str, archive: Path) -> None:
    """Write the pages of one language."""
    kj.use(code)
    templates = environment()
    found: list[dict[str, str]] = []
    cited: dict[str, dict[str, str]] = {}
    here, across = target / code, OTHER[code]
    for folder in ("cases", "codebook"):
        (here / folder).mkdir(parents=True)
    cases = kj.load_cases()
    for case in cases.itertuples():
        name = f"cases/{case.case_id}.html"
        shown = case_page(case, code)
        page = templates.get_template("site/case.html.j2")
        text = page.render(**shared(code, "../../", f"../../{across}/{name}"), **shown)
        (here / name).write_text(spoken_right(text, code), encoding="utf-8")
        for source, citation, _ in shown["sources"]:
            cited.setdefault(source, entry(code, "source", f"{name}#{source}", citation, source, ""))
        named = (
            [label("mechanism", case.mechanism, one) for one in LANGS] if isinstance(case.mechanism, str) else []
        )
        both = " ".join([case.summary_en, case.summary_zh, case.place_en, case.place_zh, *named])
        also = getattr(case, f"title_{across}")
        found.append(entry(code, "case", name, shown["title"], also, f"{both} {values_of(case.case_id)}"))
    for stem, title in variables(code):
        name = f"codebook/{stem}.html"
        source = (TOP / "kejigai_data" / "codebook" / code / f"{stem}.md").read_text(encoding="utf-8")
        page = templates.get_template("site/variable.html.j2")
        text = page.render(**shared(code, "../../", f"../../{across}/{name}"), title=title, text=prose(source))
        (here / name).write_text(spoken_right(text, code), encoding="utf-8")
        found.append(entry(code, "variable", name, title, "", source))
    terms = records("glossary")
    page = templates.get_template("site/glossary.html.j2")
    text = page.render(
        **shared(code, "../", f"../{across}/glossary.html"), title=words(code)["glossary"], terms=terms
    )
    (here / "glossary.html").write_text(spoken_right(text, code), encoding="utf-8")
    for at, term in enumerate(terms, 1):
        title, also = term[f"term_{code}"], term[f"term_{across}"]
        gloss = " ".join(term[f"{part}_{one}"] for part in ("gloss", "caution") for one in LANGS)
        found.append(entry(code, "term", f"glossary.html#t{at}", title, also, gloss))
    lessons = []
    for path in handouts.lessons(code):
        notebook = nbformat.read(path, as_version=4)
        name = f"../lessons/{code}/{path.stem}.html"
        lessons.append((name, handouts.title_of(notebook)))
        spoken = " ".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        found.append(entry(code, "lesson", name, lessons[-1][1], "", spoken))
    listed = kj.table(cases, ["case_id", "place", "mechanism", "corroboration"], rows=len(cases))
    page = templates.get_template("site/home.html.j2")
    text = page.render(
        **shared(code, "../", f"../{across}/index.html"),
        title=words(code)["site_title"],
        lessons=lessons,
        case_heads=listed.headings,
        cases=listed.rows,
        variables=[(f"codebook/{stem}.html", title) for stem, title in variables(code)],
        archive=archive.name,
        size=f"{archive.stat().st_size / 1e6:.1f} MB",
    )
    (here / "index.html").write_text(spoken_right(text, code), encoding="utf-8")
    index = json.dumps([*found, *cited.values()], ensure_ascii=False, separators=(",", ":"))
    (here / "search-index.js").write_text(f"const INDEX = {index};\n", encoding="utf-8")


def write_archive(path: Path) -> None:
    """Write all tables as CSV, Excel and Stata files into one archive without folders.

    What has labels in words is there in English and, as ``…_zh``, in Chinese.
    """
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for language in LANGS:
            kj.use(language)
            for file in sorted(map(Path, export(f"{folder}/{language}", ["csv", "xlsx", "dta"]))):
                if language == "en":
                    archive.write(file, file.name)
                elif file.name in (
                    "kejigai_data.xlsx",
                    "cases_wide.dta",
                    "cases_labelled.csv",
                    "cases_labelled.dta",
                ):
                    archive.write(file, f"{file.stem}_zh{file.suffix}")
        for file in (TOP / "LICENSE", TOP / "CITATION.cff"):
            archive.write(file, file.name)
        archive.writestr("README.txt", about_archive().encode("utf-8-sig"))


def about_archive() -> str:
    """Return what the archive holds, in both languages, a line a table."""
    kept = [row for row in kj.tables().to_dict("records") if row["table"] not in LEFT_OUT]
    lines = [f"kejigai_data {kj.__version__}", ""]
    for language in ("zh", "en"):
        kj.use(language)
        lines += [word("archive_about"), ""]
        lines += [f"  {row['table']} ({row['rows']}): {row[f'row_{language}']}" for row in kept]
        lines.append("")
    return "\n".join(lines)


def write(target: Path) -> None:
    """Write the whole site into an empty folder."""
    target.mkdir(parents=True, exist_ok=True)
    write_archive(target / ARCHIVE)
    for name in ("page.css", "search.js"):
        shutil.copyfile(PAGES / name, target / name.replace("page.css", "style.css"))
    handouts.write(target / "lessons", shared=True, home="../../{code}/index.html")
    listed = handouts.index(home="../{code}/index.html")
    (target / "lessons" / "index.html").write_text(listed, encoding="utf-8")
    for code in LANGS:
        write_language(target, code, target / ARCHIVE)
    top = environment().get_template("site/top.html.j2")
    words_of = {code: words(code) for code in LANGS}
    page = top.render(langs=LANGS, words=words_of, policy=POLICY_SITE)
    (target / "index.html").write_text(spoken_right(page, "en"), encoding="utf-8")


def main() -> int:
    """Write the site anew."""
    shutil.rmtree(TARGET, ignore_errors=True)
    write(TARGET)
    print(TARGET.relative_to(TOP) / "index.html")
    return 0


if __name__ == "__main__":
    only_help(__doc__)
    raise SystemExit(main())
