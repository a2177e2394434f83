"""Read your own copy of the article beside the data.

The article is under copyright, so the package carries only positions and hashes of its
sentences. Someone who has the article can align their copy and read each case in context.
"""

from __future__ import annotations

import os
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from unicodedata import normalize

from .checks import a_text
from .errors import ArticleError, nearest
from .evidence import check_case
from .loading import records


def normalised(text: str) -> tuple[str, list[int]]:
    """Keep letters, digits and Chinese characters, and where each stood.

    Punctuation, white space, full-width forms and line breaks differ from copy to
    copy; what is left is what the hashes of `passages` are taken of.

    Examples
    --------
    >>> normalised("科 改,十年")
    ('科改十年', [0, 2, 4, 5])
    """
    kept: list[str] = []
    where: list[int] = []
    for index, character in enumerate(text):
        for form in normalize("NFKC", character):
            if form.isalnum():
                kept.append(form)
                where.append(index)
    return "".join(kept), where


def fingerprint(text: str) -> str:
    """Return the hash of text that is already normalised."""
    return sha256(text.encode("utf-8")).hexdigest()


class Highlight(NamedTuple):
    """One sentence of a case; `html` marks the words of the case, `text` uses 【】."""

    locator: str
    text: str
    html: str

    def _repr_html_(self) -> str:
        return f"<p><small>{self.locator}</small><br>{self.html}</p>"


class Context(list[Highlight]):
    """The sentences of one case, shown as paragraphs in a notebook."""

    def _repr_html_(self) -> str:
        return "".join(highlight._repr_html_() for highlight in self)

    def __repr__(self) -> str:
        return "\n".join(f"{h.locator}  {h.text}" for h in self)


class Article:
    """A reader's own copy of the article, aligned with the data by hash.

    Use `Article.read`. `missing` lists the locators of sentences that did not match.
    """

    def __init__(self, text: str) -> None:
        self._text = a_text(text, "the article")
        self._stream, self._where = normalised(text)
        self._start: dict[str, int] = {}
        self.missing: list[str] = []
        self._align()

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Article:
        """Read and align a copy from a text file (UTF-8 or GB18030).

        Parameters
        ----------
        path : str or path
            The file. Its header, white space, full-width forms and line breaks may
            differ from the copy that was coded.

        Returns
        -------
        Article
            With `missing` listing the locators that did not match.

        Raises
        ------
        ArticleError
            If the file cannot be read, or nothing in it matches.
        """
        if not isinstance(path, str | os.PathLike) or "\0" in str(path):
            raise ArticleError(f"Give the path of a text file, not {path!r}.")
        try:
            with open(path, "rb") as file:
                content = file.read()
        except OSError as error:
            raise ArticleError(f"Cannot read {path}: {error.strerror}. Give the path of a text file.") from None
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                article = cls(content.decode(encoding))
            except UnicodeDecodeError:
                continue
            if article._start:
                return article
        raise ArticleError(
            f"{path} holds no sentence of the article. It must be a text copy (UTF-8 or GB18030) of "
            "钮钦、李哲《地方科改十年:回顾及展望》; save a web page or PDF as plain text first."
        )

    def _align(self) -> None:
        expected = 0
        lost: list[dict[str, str]] = []
        for passage in records("passages"):
            start = self._find(passage, range(expected, expected + 1))
            if start < 0 and expected:
                start = self._find(passage, range(expected + 1, min(expected + 3000, len(self._stream))))
            if start < 0 and not expected:
                start = self._find(passage, range(len(self._stream)))
            if start < 0:
                lost.append(passage)
                continue
            self._start[passage["locator"]] = start
            expected = start + int(passage["length"])
        self.missing = [p["locator"] for p in lost]

    def _find(self, passage: dict[str, str], starts: range) -> int:
        length = int(passage["length"])
        for start in starts:
            if fingerprint(self._stream[start : start + length]) == passage["sha256"]:
                return start
        return -1

    def _span(self, locator: str, start: int = 0, length: int | None = None) -> tuple[int, int]:
        known = _lengths()
        a_text(locator, "locator")
        if locator not in known:
            raise ArticleError(f"Unknown locator: {locator!r}. {nearest(locator, known)}")
        if locator not in self._start:
            raise ArticleError(f"{locator} was not found in this copy; .missing lists all such sentences.")
        first = self._start[locator] + start
        last = first + (known[locator] - start if length is None else length) - 1
        return self._where[first], self._where[last] + 1

    def sentence(self, locator: str) -> str:
        """Return one sentence of your copy.

        Parameters
        ----------
        locator : str
            As in the data, for example ``"1.2/p1/s3"``.

        Raises
        ------
        ArticleError
            If there is no such sentence, or it did not match.
        """
        first, last = self._span(locator)
        while last < len(self._text) and self._text[last] in "。!?!?”’」』)）》":
            last += 1
        return self._text[first:last]

    def highlight(self, case_id: str) -> Context:
        """Return the sentences of a case with the words of the case marked.

        Parameters
        ----------
        case_id : str
            For example ``"c001"``.

        Returns
        -------
        list of Highlight
            ``locator``, ``text`` (marked with 【】) and ``html`` (marked with ``<mark>``).

        Raises
        ------
        UnknownCaseError
            With the nearest identifiers.
        ArticleError
            If none of the case's sentences matched.
        """
        from html import escape

        check_case(case_id)
        marks: dict[str, list[tuple[int, int]]] = {}
        for anchor in records("anchors"):
            if anchor["case_id"] == case_id and anchor["locator"] in self._start:
                span = self._span(anchor["locator"], int(anchor["start"]), int(anchor["length"]))
                marks.setdefault(anchor["locator"], []).append(span)
        if not marks:
            raise ArticleError(
                f"No sentence of {case_id} was found in this copy; .missing lists what did not match."
            )
        result = Context()
        for locator, spans in marks.items():
            begin = self._span(locator)[0]
            whole = self.sentence(locator)
            plain, html, at = "", "", 0
            for first, last in sorted(spans):
                first, last = max(first - begin, at), last - begin
                if last <= first:
                    continue
                plain += whole[at:first] + "【" + whole[first:last] + "】"
                html += escape(whole[at:first]) + "<mark>" + escape(whole[first:last]) + "</mark>"
                at = last
            result.append(Highlight(locator, plain + whole[at:], html + escape(whole[at:])))
        return result


@lru_cache(maxsize=1)
def _lengths() -> dict[str, int]:
    return {p["locator"]: int(p["length"]) for p in records("passages")}
