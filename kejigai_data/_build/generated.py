"""Write what is generated from the tables: ``python -m kejigai_data._build.generated``.

With ``--check`` nothing is written: files that differ are listed, and the exit status is 1.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
import sys
from collections import Counter
from pathlib import Path

from kejigai_data.agree import agreement, own_readings, unitising
from kejigai_data.cases import load_cases
from kejigai_data.dates import bounds
from kejigai_data.digest import coded
from kejigai_data.events import chronicle
from kejigai_data.laboratory import reference_agreement
from kejigai_data.loading import catalogue, columns, count, records
from kejigai_data.packaging import package, resource
from kejigai_data.record import load_corroboration
from kejigai_data.words import word

TOP = Path(__file__).resolve().parents[2]
PACKAGE = TOP / "kejigai_data"
DATA = PACKAGE / "data"
SAMPLE_SEED = 2022
SAMPLE_SHARE = 0.2


def csv_text(rows: list[list[str]]) -> str:
    """Return rows as CSV text with LF line ends."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def events() -> str:
    """Return events.csv with earliest and latest computed from date."""
    rows = records("events")
    for row in rows:
        row["earliest"], row["latest"] = bounds(row["date"]) if row["date"] else ("", "")
    return csv_text([list(columns("events")), *(list(row.values()) for row in rows)])


def datapackage() -> str:
    """Return the Data Package descriptor (Frictionless) of all tables."""
    every = set(catalogue())
    resources = [resource(name, entry["path"], every) for name, entry in catalogue().items()]
    described = package("kejigai-data", word("package_title", "en"), resources)
    return json.dumps(described, ensure_ascii=False, indent=1) + "\n"


def codebook_page(path: Path, language: str) -> str:
    """Return a codebook page with its table of codes written anew."""
    text = path.read_text(encoding="utf-8")
    codes = [c for c in records("codes") if c["variable"] == path.stem]
    if not codes or "<!-- codes -->" not in text:
        return text
    heads = {"en": ("code", "label", "meaning"), "zh": ("代码", "名称", "含义")}[language]
    lines = ["| " + " | ".join(heads) + " |", "|---|---|---|"]
    for code in codes:
        lines.append(f"| `{code['code']}` | {code[f'label_{language}']} | {code[f'definition_{language}']} |")
    block = "<!-- codes -->\n\n" + "\n".join(lines) + "\n\n<!-- /codes -->"
    return re.sub(r"<!-- codes -->(?:.*?<!-- /codes -->)?", lambda _: block, text, flags=re.DOTALL)


def human_sample() -> str:
    """Return the sheet of a 20 % sample of cases for two human coders, values left blank."""
    frame = load_cases()
    chosen = []
    for _, group in frame.groupby("dimension", observed=True, dropna=False):
        ids = sorted(group["case_id"])
        size = max(1, round(SAMPLE_SHARE * len(ids)))
        chosen += random.Random(SAMPLE_SEED).sample(ids, size)
    head = "reading unit variable value status remark place_zh mechanism locator permitted"
    rows = [head.split()]
    codes: dict[str, list[str]] = {}
    for code in records("codes"):
        codes.setdefault(code["variable"], []).append(code["code"])
    variables = [v for v in records("variables") if v["level"] == "case" and v["variable"] != "mechanism"]
    dimension = {case: values["dimension"][0] for case, values in coded("article").items()}
    for case in frame[frame["case_id"].isin(chosen)].itertuples():
        for variable in variables:
            if variable["applies_to"] and variable["applies_to"] != dimension[case.case_id]:
                continue
            name = variable["variable"]
            permitted = "|".join(codes[name])
            given = [case.place_zh, case.mechanism, case.locator, permitted]
            rows.append(["", case.case_id, name, "", "", "", *given])
    return csv_text(rows)


def _laboratory() -> dict[str, str]:
    table = reference_agreement(resamples=1)
    rows = records("vignette_codings")
    same = sum(row["reading_a"] == row["reading_b"] for row in rows)
    texts, alpha = str(table["units"].max()), f"{table['alpha'].min():.2f}"
    return {"lab_texts": texts, "lab_same": f"{same / len(rows):.1%}", "lab_alpha": alpha}


def figures() -> dict[str, str]:
    """Return the figures that README and lessons quote, by name."""
    frame = load_cases()
    found = unitising()
    counts = {name: count(name) for name in catalogue()}
    kinds = Counter(s["kind"] for s in records("sources"))
    outside = [r for t in ("codings", "events") for r in records(t) if r["layer"] != "article" and r["source_id"]]
    kind = {s["source_id"]: s["kind"] for s in records("sources")}
    by_kind = Counter(kind[r["source_id"]] for r in outside)
    copied = {s["source_id"]: s["copy_of"] for s in records("sources")}
    by_original = Counter(copied[r["source_id"]] for r in outside if kind[r["source_id"]] == "mirror")
    looks = Counter(v["result"] for v in records("verifications"))
    read = looks["agrees"] + looks["corrected"] + looks["kept"]
    stands = Counter(load_corroboration()["corroboration"])
    verdicts = Counter(c["verdict"] for c in records("claims"))

    def share(*kinds: str) -> str:
        return f"{sum(by_kind[k] for k in kinds) / len(outside):.0%}"

    return {
        "from_official": share("official", "law_database"),
        "from_press": share("press", "academic"),
        "from_mirrors": share("mirror"),
        "mirrored_official": f"{(by_original['official'] + by_original['law_database']) / len(outside):.0%}",
        "mirrored_press": f"{(by_original['press'] + by_original['academic']) / len(outside):.0%}",
        "mirrored_unknown": f"{by_original['unknown'] / len(outside):.0%}",
        "looked": str(sum(looks.values())),
        "looked_read": str(read),
        "looked_same": str(looks["agrees"]),
        "looked_percent": f"{looks['agrees'] / read:.0%}",
        "looked_corrected": str(looks["corrected"]),
        "looked_kept": str(looks["kept"]),
        "looked_unread": str(looks["not_shown"] + looks["not_reopened"]),
        **{name: str(stands[name]) for name in ("corroborated", "partly", "contradicted")},
        "nothing_dated": str(stands["not_found"]),
        **{name: str(verdicts[name]) for name in ("supported", "not_supported", "untestable")},
        "claims": str(counts["claims"]),
        "national": str(len(chronicle("national", layer="record"))),
        "followups": str(sum(bool(f["event_id"]) for f in records("followups"))),
        "followed": str(sum(f["relation"] in ("continues", "cites_task") for f in records("followups"))),
        **_laboratory(),
        "cases": str(counts["cases"]),
        "places": str(frame["place_id"].nunique()),
        "mechanisms": str(frame["mechanism"].nunique()),
        "open": str(int((frame["list_form"] == "open").sum())),
        "codings": str(counts["codings"]),
        "events": str(counts["events"]),
        "sources": str(counts["sources"]),
        "mirrors": str(kinds["mirror"]),
        "official": str(kinds["official"]),
        "dated": str(
            len({e["case_id"] for e in records("events") if e["layer"] == "record" and e["date"]} - {""})
        ),
        "f1": f"{found['f1']:.2f}",
        "both": str(found["both"]),
        "not_found": str(sum(r["status"] == "not_found" for t in ("codings", "events") for r in records(t))),
        "conflicts": str(counts["conflicts"]),
    }


def agreement_table(of: str) -> str:
    """Return the agreement of the two readings as a Markdown table."""
    lines = ["| variable | units | same | alpha | 95 % interval |", "|---|---|---|---|---|"]
    for row in agreement(own_readings(of)).itertuples():
        interval = f"{row.alpha_low:.2f} to {row.alpha_high:.2f}"
        alpha = f"{row.alpha:.2f}" if row.alpha == row.alpha else f"– ({row.note})"
        lines.append(f"| `{row.variable}` | {row.units} | {row.percent:.0%} | {alpha} | {interval} |")
    return "\n".join(lines)


def readme(name: str) -> str:
    """Return a README with its generated figures and tables written anew."""
    text = (TOP / name).read_text(encoding="utf-8")
    for figure, value in figures().items():
        text = re.sub(rf"(<!-- {figure} -->).*?(<!-- / -->)", rf"\g<1>{value}\g<2>", text)
    for mark, of in (("agreement", "value"), ("status", "status")):
        block = f"<!-- {mark} -->\n{agreement_table(of)}\n<!-- /{mark} -->"
        text = re.sub(rf"<!-- {mark} -->.*?<!-- /{mark} -->", lambda _, b=block: b, text, flags=re.DOTALL)  # type: ignore[misc]
    return text


def outputs() -> dict[Path, str]:
    """Return every generated file with what it must hold."""
    files = {
        DATA / "events.csv": events(),
        DATA / "datapackage.json": datapackage(),
        DATA / "audit" / "human_sample.csv": human_sample(),
        **{TOP / name: readme(name) for name in ("README.md", "README.zh.md")},
    }
    for language in ("en", "zh"):
        for path in sorted((PACKAGE / "codebook" / language).glob("*.md")):
            files[path] = codebook_page(path, language)
    return files


def main(arguments: list[str]) -> int:
    """Write the files, or with --check list those that differ."""
    different = []
    for path, text in outputs().items():
        if not path.exists() or path.read_bytes() != text.encode("utf-8"):
            different.append(str(path.relative_to(TOP)))
            if "--check" not in arguments:
                path.write_bytes(text.encode("utf-8"))
    for name in different:
        print(("differs: " if "--check" in arguments else "written: ") + name)
    return 1 if different and "--check" in arguments else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
