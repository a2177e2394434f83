"""The codebook: pages, labels and search."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .checks import a_text
from .errors import SelectionError, unknown
from .language import resolve
from .loading import build, records

if TYPE_CHECKING:
    import pandas as pd

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "codebook")


# Pages on what is no variable: what makes a case, and how events, claims and later developments are judged.
MORE = ("unit", "event_type", "corroboration", "verdict", "relation")


class Page(str):
    """A codebook page: text in a terminal, Markdown in a notebook."""

    def _repr_markdown_(self) -> str:
        return str(self)

    def __repr__(self) -> str:
        return str(self)


def describe(variable: str, lang: str | None = None) -> Page:
    """Return the codebook page of a variable.

    Parameters
    ----------
    variable : str
        A name in ``load("variables")``; or ``"unit"`` for what makes a case, ``"event_type"``,
        ``"corroboration"``, ``"verdict"``, ``"relation"``.
    lang : {"en", "zh"}, optional
        The current language by default.

    Returns
    -------
    Page
        A string that a notebook shows as Markdown.

    Raises
    ------
    UnknownNameError
        With the nearest variable names.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.describe("mechanism", lang="en").splitlines()[0]
    '# Mechanism (`mechanism`)'
    """
    names = [*MORE, *(v["variable"] for v in records("variables"))]
    if a_text(variable, "variable") not in names:
        raise unknown("variable", variable, names)
    path = os.path.join(FOLDER, resolve(lang), f"{variable}.md")
    with open(path, encoding="utf-8") as file:
        return Page(file.read())


def codes_of(variable: str) -> list[str]:
    """Return the codes of a variable in the codebook's order; none for a variable without codes."""
    return [c["code"] for c in records("codes") if c["variable"] == variable]


def is_set(variable: str) -> bool:
    """Return whether a value of the variable is a set of codes joined with ``";"``."""
    return any(v["variable"] == variable and v["multiple"] == "true" for v in records("variables"))


def set_form(codes: list[str]) -> str:
    """Return the regular expression of codes joined with ``";"``, in any order and number.

    Examples
    --------
    >>> set_form(["a", "b"])
    '^(?:a|b)(?:;(?:a|b))*$'
    """
    one = f"(?:{'|'.join(codes)})"
    return f"^{one}(?:;{one})*$"


def variable_label(variable: str, lang: str | None = None) -> str:
    """Return the label of a coded variable in the current language, or in `lang`."""
    column = f"label_{resolve(lang)}"
    return next(v[column] for v in records("variables") if v["variable"] == variable)


def label(variable: str, code: str, lang: str | None = None) -> str:
    """Return the label of a code; sets joined with ``";"`` give joined labels.

    Parameters
    ----------
    variable : str
        A coded variable, or ``"event_type"``.
    code : str
        A code of it.
    lang : {"en", "zh"}, optional
        The current language by default.

    Raises
    ------
    UnknownNameError
        With the nearest codes.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.label("factors", "technology;capital", lang="zh")
    '技术;资本'
    """
    language = resolve(lang)
    a_text(variable, "variable")
    known = {c["code"]: c[f"label_{language}"] for c in records("codes") if c["variable"] == variable}
    if not known:
        raise unknown("coded variable", variable, {c["variable"] for c in records("codes")})
    for part in a_text(code, "code").split(";"):
        if part not in known:
            raise unknown(f"code of {variable}", part, known)
    return ";".join(known[part] for part in code.split(";"))


_SEARCHED = {
    "cases": ("case_id", "title", "summary"),
    "variables": ("variable", "label", "definition"),
    "codes": ("code", "label", "definition"),
    "glossary": ("term_zh", "term", "gloss"),
    "agenda": ("code", "title", "summary"),
    "places": ("place_id", "name", None),
    "rules": ("rule_id", "text", None),
}


def search(words: str) -> pd.DataFrame:
    """Search names, labels, definitions, titles and summaries, Chinese and English.

    Parameters
    ----------
    words : str
        One or more words; every one must occur in the row (case does not matter).

    Returns
    -------
    pandas.DataFrame
        ``table``, ``id``, ``zh``, ``en`` (all ``string``), one row a hit.

    Raises
    ------
    SelectionError
        If no word is given.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> "ownership_reform" in set(kj.search("ownership")["id"])
    True
    """
    wanted = a_text(words, "words").casefold().split()
    if not wanted:
        raise SelectionError("search needs at least one word, for example kj.search('转化').")
    hits: list[tuple[str, str, str, str]] = []
    for table, (key, title, text) in _SEARCHED.items():
        for row in records(table):
            fields = [name for name in (title, text) if name]
            cells = [row.get(f"{name}_{lang}", "") for name in fields for lang in ("zh", "en")]
            haystack = " ".join([row[key], *cells]).casefold()
            if all(word in haystack for word in wanted):
                hits.append((table, row[key], row[f"{title}_zh"], row[f"{title}_en"]))
    return build({name: [hit[i] for hit in hits] for i, name in enumerate(("table", "id", "zh", "en"))}, {})
