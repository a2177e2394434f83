"""What the student and the class get to read: one HTML file each, with nothing loaded from outside."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from html import escape
from statistics import median

from ..language import pick
from .grading import Answer, Grade
from .submissions import Problem

STYLE = (
    "body{font:16px/1.5 'Microsoft YaHei','PingFang SC','Noto Sans CJK SC',sans-serif;max-width:60em;"
    "margin:2em auto;padding:0 1em;color:#1c1c1c}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.4em .7em;border-bottom:1px solid #ccc}h2{margin-top:1.6em}"
    ".bar{background:#0072B2;height:1em;display:inline-block}.rest{background:#E4E7EA;height:1em;display:inline-block}"
)
STATES = {
    "right": ("right", "正确"),
    "wrong": ("not right yet", "尚未答对"),
    "hidden": ("not right yet", "尚未答对"),
    "error": ("stopped with an error", "运行出错"),
    "unanswered": ("not answered", "未作答"),
    "timeout": ("ran too long", "运行超时"),
    "died": ("ended its own kernel", "内核中断"),
    "flood": ("printed without end", "输出过多"),
    "not_run": ("not run", "未运行"),
    "by_hand": ("graded by hand", "人工评阅"),
}

WORDS = {
    "title": ("The class", "全班情况"),
    "counts": ("{files} submissions of {students} students.", "共{files}份作业，{students}名学生。"),
    "span": (
        "{n} submissions: lowest {low:g}, median {middle:g}, highest {high:g}.",
        "{n}份作业：最低{low:g}分，中位数{middle:g}分，最高{high:g}分。",
    ),
    "right": ("{right} of {n} right", "{n}份中{right}份答对"),
    "state": ("{count} {state}", "{state}{count}份"),
    "laboratory": ("Coding laboratory: students against one another", "编码实验室：学生之间的一致程度"),
    "coders": ("{n} students", "{n}名学生"),
    "ungraded": ("Not graded, or only in part", "未能评阅，或只评阅了一部分"),
    "none": ("None.", "无。"),
    "comma": (", ", "、"),
    "machine": ("Points graded by machine: {total:g} / {machine:g}", "机器评分合计：{total:g} / {machine:g}"),
}
HEADS: dict[str, dict[str, tuple[str, ...]]] = {
    "answer": {"en": ("task", "points", "result", "what was said"), "zh": ("题号", "得分", "结果", "说明")},
    "question": {
        "en": ("task", "right", "the others, and what they were told"),
        "zh": ("题号", "答对", "其余答案及所得提示"),
    },
    "problem": {"en": ("student", "file", "why"), "zh": ("学生", "文件", "原因")},
}


def page(language: str, title: str, body: str) -> str:
    """Return a whole HTML page."""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>"
    )


def student_page(grade: Grade) -> str:
    """Return the feedback for one submission; never the code or the words of a hidden test."""
    machine = sum(a.out_of for a in grade.answers if a.state != "by_hand")
    rows = [
        f"<td>{escape(a.question)}</td><td>{_points(a)}</td><td>{pick(STATES[a.state], grade.language)}</td>"
        f"<td>{escape(_told(a))}</td>"
        for a in grade.answers
    ]
    lead = pick(WORDS["machine"], grade.language).format(total=grade.total, machine=machine)
    return page(
        grade.language,
        f"{grade.student} · {grade.exercise}",
        f"<p>{lead}</p>{_table(HEADS['answer'][grade.language], rows)}",
    )


def _points(answer: Answer) -> str:
    return f"– / {answer.out_of:g}" if answer.state == "by_hand" else f"{answer.points:g} / {answer.out_of:g}"


def _told(answer: Answer) -> str:
    return "" if answer.state in ("by_hand", "hidden") else answer.told[:600]


def language_of(grades: list[Grade]) -> str:
    """Return the language in which most of the class worked."""
    return "zh" if 2 * sum(grade.language == "zh" for grade in grades) > len(grades) else "en"


def class_page(grades: list[Grade], problems: list[Problem], agreement: str = "") -> str:
    """Return the class on one page: each question's results, frequent wrong answers, what was not graded."""
    language = language_of(grades)
    words = {key: pick(pair, language) for key, pair in WORDS.items()}
    students = len({g.student for g in grades})
    parts = [f"<p>{words['counts'].format(files=len(grades), students=students)}</p>"]
    for exercise in sorted({grade.exercise for grade in grades}):
        here = [grade for grade in grades if grade.exercise == exercise]
        totals = [grade.total for grade in here]
        span = {"n": len(here), "low": min(totals), "middle": median(totals), "high": max(totals)}
        parts.append(f"<h2>{escape(exercise)}</h2><p>{words['span'].format(**span)}</p>")
        parts.append(_questions(here, language))
    if agreement:
        parts.append(f"<h2>{words['laboratory']}</h2>{agreement}")
    rows = [f"<td>{escape(p.student)}</td><td>{escape(p.file)}</td><td>{escape(p.why)}</td>" for p in problems]
    table = _table(HEADS["problem"][language], rows) if rows else f"<p>{words['none']}</p>"
    parts.append(f"<h2>{words['ungraded']}</h2>{table}")
    return page(language, words["title"], "".join(parts))


def _table(heads: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _questions(grades: list[Grade], language: str) -> str:
    words = {key: pick(pair, language) for key, pair in WORDS.items()}
    rows = []
    for question in sorted({a.question for g in grades for a in g.answers if a.state != "by_hand"}):
        found = [a for g in grades for a in g.answers if a.question == question]
        right = sum(a.state == "right" for a in found)
        wide = round(16 * right / len(found), 2)
        bar = "".join(
            f'<span class="{k}" style="width:{w}em"></span>' for k, w in (("bar", wide), ("rest", 16 - wide))
        )
        states = Counter(pick(STATES[a.state], language) for a in found if a.state != "right")
        said = Counter(a.told for a in found if a.state == "wrong")
        wrong = "".join(f"<li>{count} × {escape(text)}</li>" for text, count in said.most_common(3))
        rest = words["comma"].join(words["state"].format(count=n, state=s) for s, n in states.most_common())
        told = words["right"].format(right=right, n=len(found))
        rows.append(f"<td>{escape(question)}</td><td>{bar} {told}</td><td>{escape(rest)}<ul>{wrong}</ul></td>")
    return _table(HEADS["question"][language], rows)


def write_pages(grades: list[Grade], folder: str) -> None:
    """Write one feedback file a submission into ``feedback/``."""
    os.makedirs(os.path.join(folder, "feedback"), exist_ok=True)
    for grade in grades:
        name = re.sub(r"[^\w一-鿿-]+", "_", f"{grade.student}_{grade.exercise}")[:120]
        with open(os.path.join(folder, "feedback", f"{name}.html"), "w", encoding="utf-8") as file:
            file.write(student_page(grade))
