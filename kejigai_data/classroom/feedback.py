"""What the student and the class get to read: one HTML file each, with nothing loaded from outside."""

from __future__ import annotations

import os
import re
from collections import Counter
from html import escape

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


def page(language: str, title: str, body: str) -> str:
    """Return a whole HTML page."""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>"
    )


def student_page(grade: Grade) -> str:
    """Return the feedback for one submission; never the code or the words of a hidden test."""
    zh = grade.language == "zh"
    machine = sum(a.out_of for a in grade.answers if a.state != "by_hand")
    heads = ("题号", "得分", "结果", "说明") if zh else ("task", "points", "result", "what was said")
    rows = "".join(
        f"<tr><td>{escape(a.question)}</td><td>{_points(a)}</td><td>{STATES[a.state][zh]}</td>"
        f"<td>{escape(_told(a))}</td></tr>"
        for a in grade.answers
    )
    head = "".join(f'<th scope="col">{word}</th>' for word in heads)
    total = f"{grade.total:g} / {machine:g}"
    lead = f"机器评分合计：{total}" if zh else f"Points graded by machine: {total}"
    return page(
        grade.language,
        f"{grade.student} · {grade.exercise}",
        f"<p>{lead}</p><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>",
    )


def _points(answer: Answer) -> str:
    return f"– / {answer.out_of:g}" if answer.state == "by_hand" else f"{answer.points:g} / {answer.out_of:g}"


def _told(answer: Answer) -> str:
    return "" if answer.state in ("by_hand", "hidden") else answer.told[:600]


def class_page(grades: list[Grade], problems: list[Problem], agreement: str = "") -> str:
    """Return the class on one page: each question's results, frequent wrong answers, what was not graded."""
    parts = [f"<p>{len(grades)} submissions of {len({g.student for g in grades})} students.</p>"]
    for exercise in sorted({grade.exercise for grade in grades}):
        here = [grade for grade in grades if grade.exercise == exercise]
        totals = sorted(grade.total for grade in here)
        middle = totals[len(totals) // 2]
        span = f"lowest {totals[0]:g}, median {middle:g}, highest {totals[-1]:g}"
        parts.append(f"<h2>{escape(exercise)}</h2><p>{len(here)} submissions: {span}.</p>")
        parts.append(_questions(here))
    if agreement:
        parts.append(f"<h2>Coding laboratory: students against one another</h2>{agreement}")
    rows = "".join(
        f"<tr><td>{escape(p.student)}</td><td>{escape(p.file)}</td><td>{escape(p.why)}</td></tr>" for p in problems
    )
    head = "<tr><th scope='col'>student</th><th scope='col'>file</th><th scope='col'>why</th></tr>"
    table = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>" if problems else "<p>None.</p>"
    parts.append(f"<h2>Not graded, or only in part</h2>{table}")
    return page("en", "The class", "".join(parts))


def _questions(grades: list[Grade]) -> str:
    rows = []
    for question in sorted({a.question for g in grades for a in g.answers if a.state != "by_hand"}):
        found = [a for g in grades for a in g.answers if a.question == question]
        right = sum(a.state == "right" for a in found)
        wide = round(16 * right / len(found), 2)
        bar = "".join(
            f'<span class="{k}" style="width:{w}em"></span>' for k, w in (("bar", wide), ("rest", 16 - wide))
        )
        states = Counter(STATES[a.state][0] for a in found if a.state != "right")
        said = Counter(a.told for a in found if a.state == "wrong")
        wrong = "".join(f"<li>{count} × {escape(text)}</li>" for text, count in said.most_common(3))
        rest = ", ".join(f"{count} {state}" for state, count in states.most_common())
        rows.append(
            f"<tr><td>{question}</td><td>{bar} {right} of {len(found)} right</td><td>{escape(rest)}"
            f"<ul>{wrong}</ul></td></tr>"
        )
    heads = ("task", "right", "the others, and what they were told")
    head = "<tr>" + "".join(f'<th scope="col">{name}</th>' for name in heads) + "</tr>"
    return f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


def write_pages(grades: list[Grade], folder: str) -> None:
    """Write one feedback file a submission into ``feedback/``."""
    os.makedirs(os.path.join(folder, "feedback"), exist_ok=True)
    for grade in grades:
        name = re.sub(r"[^\w一-鿿-]+", "_", f"{grade.student}_{grade.exercise}")[:120]
        with open(os.path.join(folder, "feedback", f"{name}.html"), "w", encoding="utf-8") as file:
            file.write(student_page(grade))
