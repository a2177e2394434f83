"""The laboratory's desk: one text at a time, its menus, and the codebook page beside it."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from .codebook import describe, variable_label
from .errors import DataError, missing_extra
from .laboratory import asked, code_label, permitted, reference, vignettes
from .language import pick, resolve
from .loading import records
from .spoken import Spoken
from .words import word

if TYPE_CHECKING:
    from .laboratory import AnswerFile

try:
    import ipywidgets
except ImportError:
    raise missing_extra("The coding laboratory", "lab") from None

PANE = ipywidgets.Layout(flex="1 1 24em", min_width="min(22em, 96%)", margin="0 1em 0 0")
STYLE = {"description_width": "9em"}
SHOWN = ("examples", "training")


class Coding(Spoken, ipywidgets.VBox):
    """One part of the laboratory on the screen; every change is saved at once.

    Attributes
    ----------
    menus : dict of str to ipywidgets.Dropdown
        The menus of the text on the screen, by variable or unit.
    back, onward : ipywidgets.Button
        To the text before and after.
    progress, text, feedback, page, saved : ipywidgets.HTML
        How far one is, the text, what is said of the answers, the codebook page, what is on disk.
    """

    def __init__(self, answers: AnswerFile, part: str) -> None:
        self._answers, self._part = answers, part
        self.at: int = 0
        self._texts = vignettes(part)
        self.menus: dict[str, Any] = {}
        self.progress, self.text, self.feedback = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self.page, self.saved = ipywidgets.HTML(), ipywidgets.HTML()
        self.back = ipywidgets.Button(description=word("lab_back"))
        self.onward = ipywidgets.Button(description=word("lab_next"), button_style="primary")
        self.back.on_click(lambda _: self.show(self.at - 1))
        self.onward.on_click(lambda _: self.show(self.at + 1))
        self._form = ipywidgets.VBox()
        work = ipywidgets.VBox([self.text, self._form, self.feedback, self.saved], layout=PANE)
        buttons = ipywidgets.HBox([self.back, self.onward])
        beside = ipywidgets.VBox([self.page], layout=PANE)
        super().__init__(
            [self.progress, ipywidgets.HBox([work, beside], layout={"flex_flow": "row wrap"}), buttons]
        )
        self.show(next((n for n in range(len(self._texts)) if not self._complete(n)), 0))

    def __repr__(self) -> str:
        return f"{word('laboratory')}: {word(f'lab_{self._part}')}, {len(self._texts)} {word('lab_texts')}."

    def show(self, number: int) -> None:
        """Bring a text to the screen; past the last one, say what comes next."""
        self.at = max(0, min(number, len(self._texts) - 1))
        vignette = self._texts[self.at]
        language = resolve()
        title, text = vignette[f"title_{language}"], vignette[f"text_{language}"]
        paragraphs = "".join(f"<p style='line-height:1.5'>{escape(p)}</p>" for p in text.split("\n") if p.strip())
        mark = f"<small>{escape(word('invented'))}</small>"
        self.text.value = f"<article lang='{language}'>{mark}<h3>{escape(title)}</h3>{paragraphs}</article>"
        names = [] if self._part == "examples" else asked(vignette["vignette_id"])
        self.menus = {name: self._menu(vignette["vignette_id"], name) for name in names}
        self._form.children = list(self.menus.values())
        self.back.disabled, self.onward.disabled = self.at == 0, False
        self._open_page(next(iter(self.menus), "dimension"))
        self._tell()
        if number >= len(self._texts):
            self.onward.disabled = True
            done = all(self._complete(n) for n in range(len(self._texts)))
            self.feedback.value += f"<p role='status'><b>{word('lab_done' if done else 'lab_open')}</b></p>"

    def _menu(self, vignette: str, name: str) -> Any:
        units = {row["unit_id"]: row for row in records("vignette_units")}
        if name in units:
            options = [("—", ""), (word("case_is"), "case"), (word("not_a_case"), "not_a_case")]
            described = units[name][f"what_{resolve()}"]
        else:
            options = [("—", ""), *((code_label(name, code), code) for code in permitted(name))]
            described = variable_label(name)
        value = self._answers.value(self._part, vignette, name)
        layout = ipywidgets.Layout(width="min(38em, 98%)")
        style = {"description_width": "19em"} if name in units else STYLE
        menu = ipywidgets.Dropdown(options=options, value=value, description=described, layout=layout, style=style)
        menu.observe(lambda change: self._answer(vignette, name, change["new"]), names="value")
        return menu

    def _answer(self, vignette: str, name: str, value: str) -> None:
        try:
            renamed = self._answers.record(self._part, vignette, name, value)
            note = word("lab_saved" if renamed else "lab_saved_beside")
            self.saved.value = escape(note.format(path=self._answers.path, beside=self._answers.pending))
        except DataError as error:
            self.saved.value = f"<b>{escape(str(error))}</b>"
        self._open_page(name)
        self._tell()

    def _tell(self) -> None:
        vignette = self._texts[self.at]["vignette_id"]
        coded = sum(self._complete(n) for n in range(len(self._texts)))
        shown = {"part": word(f"lab_{self._part}"), "at": self.at + 1, "of": len(self._texts), "coded": coded}
        said = word("lab_reading" if self._part == "examples" else "lab_progress").format(**shown)
        self.progress.value = f"<b role='status'>{said}</b>"
        lines = [] if self._part not in SHOWN else [self._reason(vignette, name) for name in asked(vignette)]
        self.feedback.value = f"<ul style='line-height:1.45'>{''.join(lines)}</ul>" if any(lines) else ""

    def _reason(self, vignette: str, name: str) -> str:
        row = reference()[vignette, name]
        own = self._answers.value(self._part, vignette, name)
        if self._part == "training" and not own:
            return ""
        sign = "" if self._part == "examples" else "✔ " if own == row["value"] else "✘ "
        step = word("lab_step").format(step=row["step"]) if row["step"].isdigit() else row["step"]
        head = f"{sign}{variable_label(name)}: {code_label(name, row['value'])}"
        return f"<li><b>{escape(head)}</b> ({escape(step)}) {escape(row[f'reason_{resolve()}'])}</li>"

    def _complete(self, number: int) -> bool:
        vignette = self._texts[number]["vignette_id"]
        if self._part == "examples":
            return number < self.at
        return all(self._answers.value(self._part, vignette, name) for name in asked(vignette))

    def _open_page(self, name: str) -> None:
        page = name if name in {v["variable"] for v in records("variables")} else "unit"
        self.page.value = codebook_pane(page)


def codebook_pane(variable: str) -> str:
    """Return what a coder needs of a codebook page as HTML: the codes and the decision steps."""
    text = describe(variable)
    head = text.splitlines()[0].lstrip("# ")
    codes = "".join(
        f"<li><b>{escape(row[f'label_{resolve()}'])}</b>: {escape(row[f'definition_{resolve()}'])}</li>"
        for row in records("codes")
        if row["variable"] == variable
    )
    heading = pick(("Decision steps", "判定步骤"))
    block = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    steps = re.findall(r"^\d+\. (.+)$", block.group(1), re.MULTILINE) if block else []
    items = "".join(f"<li>{escape(re.sub(r'[`*]', '', step))}</li>" for step in steps)
    name = escape(re.sub(r"\s*[（(]`.*$", "", head))
    return (
        f'<section tabindex="0" aria-label="{name}" style="max-height:42em;overflow:auto;line-height:1.45">'
        f"<h3>{name}</h3><p>{escape(word('lab_page'))}</p><ul>{codes}</ul><b>{heading}</b><ol>{items}</ol></section>"
    )
