"""Five ungraded questions as radio buttons; every option explains itself when it is chosen."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from .errors import missing_extra
from .language import resolve
from .loading import records
from .spoken import Spoken
from .words import word

try:
    import ipywidgets
except ImportError:
    raise missing_extra("The quiz", "lab") from None

WIDE = ipywidgets.Layout(width="min(46em, 98%)", margin="0 0 0 1em")


class Quiz(Spoken, ipywidgets.VBox):
    """The questions of a lesson; the text form lists them with their options.

    Attributes
    ----------
    choices : list of ipywidgets.RadioButtons
        One a question.
    notes : list of ipywidgets.HTML
        What is said of the option chosen, one a question.
    """

    def __init__(self, lesson: str) -> None:
        self._asked = [row for row in records("quiz") if row["lesson"] == lesson]
        self._options = {
            row["quiz_id"]: [o for o in records("quiz_options") if o["quiz_id"] == row["quiz_id"]]
            for row in self._asked
        }
        self.choices = []
        self.notes = []
        children: list[Any] = []
        for row in self._asked:
            options = self._options[row["quiz_id"]]
            labels = [
                (option[f"text_{resolve()}"].replace("`", ""), number) for number, option in enumerate(options)
            ]
            question = f"{row['number']}. {row[f'question_{resolve()}']}"
            choice = ipywidgets.RadioButtons(options=labels, value=None, layout=WIDE)
            choice.add_class("kejigai-quiz")
            note = ipywidgets.HTML(layout=WIDE)
            choice.observe(lambda change, o=options, n=note: _explain(o, n, change["new"]), names="value")
            self.choices.append(choice)
            self.notes.append(note)
            children += [ipywidgets.HTML(f"<b>{_marked(question)}</b>"), choice, note]
        super().__init__([ipywidgets.HTML(STYLE), *children])

    def __repr__(self) -> str:
        lines = [word("quiz")]
        for row in self._asked:
            lines.append(f"{row['number']}. {row[f'question_{resolve()}']}")
            lines += [f"   ( ) {option[f'text_{resolve()}']}" for option in self._options[row["quiz_id"]]]
        return "\n".join(lines)


# Long options would run out of the cell: ipywidgets keeps each on one line of fixed height.
STYLE = (
    "<style>.kejigai-quiz label{white-space:normal!important;height:auto!important;line-height:1.4!important;"
    "margin:2px 0}.kejigai-quiz .widget-radio-box{max-width:100%;margin-bottom:2px}</style>"
)


def _marked(text: str) -> str:
    """Return a text as HTML; what stands between backquotes is code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _explain(options: list[dict[str, str]], note: Any, chosen: int) -> None:
    option = options[chosen]
    sign = "✔" if option["right"] == "true" else "✘"
    note.value = f'<span role="status">{sign} {_marked(option[f"why_{resolve()}"])}</span>'
