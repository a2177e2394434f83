"""The language of labels, charts and widgets."""

from __future__ import annotations

import re
from unicodedata import east_asian_width

from .errors import LanguageError

LANGUAGES = ("en", "zh")
_state = {"language": "en"}
CHINESE = re.compile("[\u3400-\u9fff][\u3400-\u9fff\u3000-\u303f\uff00-\uffef\u201c\u201d\u00b7]*")
# One or two words are a name or a term that a Chinese sentence has taken in.
ENGLISH = re.compile(r"(?<![\w&#/.])[A-Za-z][\w’'.-]*(?:[,;:]? (?:&amp; |[–—] )?[A-Za-z][\w’'.-]*){2,}")


def use(language: str) -> None:
    """Set the language of labels, charts and widgets for this session.

    Parameters
    ----------
    language : {"en", "zh"}
        English or Chinese.

    Raises
    ------
    LanguageError
        For any other value.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.use("zh")
    >>> kj.use("en")
    """
    _state["language"] = resolve(language)


def resolve(language: str | None = None) -> str:
    """Return `language` if it is known, the current one if it is None."""
    if language is None:
        return _state["language"]
    if not isinstance(language, str) or language not in LANGUAGES:
        raise LanguageError(f"Unknown language: {language!r}. Allowed: 'en' (English) and 'zh' (Chinese).")
    return language


def pick(pair: tuple[str, str], language: str | None = None) -> str:
    """Return the English or the Chinese member of an ``(en, zh)`` pair."""
    return pair[LANGUAGES.index(resolve(language))]


def letters_wide(text: str) -> int:
    """Return how many Latin letters take as much room as a text: a Chinese character takes that of two.

    Examples
    --------
    >>> letters_wide("GDP 占比")
    8
    """
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def marked(text: str, language: str) -> str:
    """Return escaped text of a page with what is in the other language marked for who reads it aloud.

    Examples
    --------
    >>> marked("no. 十三", "en")
    'no. <span lang="zh-Hans">十三</span>'
    """
    other, words = ("zh-Hans", CHINESE) if language == "en" else ("en", ENGLISH)
    return words.sub(rf'<span lang="{other}">\g<0></span>', text)
