"""The words of charts, tables and widgets, from `data/words.csv`."""

from __future__ import annotations

import os
import re
from functools import lru_cache

from .language import pick, resolve
from .loading import FOLDER, read_rows


@lru_cache(maxsize=1)
def _words() -> dict[str, tuple[str, str]]:
    return {key: (en, zh) for key, en, zh in read_rows(os.path.join(FOLDER, "words.csv"))[1]}


def word(key: str, lang: str | None = None) -> str:
    """Return a word in the current language; a key without an entry stays as it is.

    Examples
    --------
    >>> word("silent", "zh")
    '沉默'
    """
    return pick(_words()[key], lang) if key in _words() else key


@lru_cache(maxsize=1)
def _locators() -> list[tuple[str, re.Pattern[str], str]]:
    rows = read_rows(os.path.join(FOLDER, "locators.csv"))[1]
    return [(language, re.compile(pattern), text) for language, pattern, text in rows]


def locator(text: str, lang: str | None = None) -> str:
    """Return a place in a source in the words of a language; Chinese article numbers stay.

    Examples
    --------
    >>> locator("第3段", "en"), locator("para 3", "zh")
    ('para. 3', '第3段')
    """
    for language, pattern, words in _locators():
        if language == resolve(lang):
            text = pattern.sub(words, text)
    return text


def date_in_words(text: str, lang: str | None = None) -> str:
    """Return a date in EDTF as people write it, no finer than it is.

    Examples
    --------
    >>> [date_in_words(d, "en") for d in ("../2017-03", "2024-11-14/2024-11-16", "2021", "1985/..")]
    ['≤ 2017-03', '2024-11-14 to 2024-11-16', '2021', '≥ 1985']
    """
    if text.endswith("/.."):
        return f"≥ {text.removesuffix('/..')}"
    return text.replace("../", "≤ ").replace("/", pick((" to ", "至"), lang))


def say(english: str, chinese: str) -> None:
    """Print a sentence in the current language, so that lessons can share their code.

    Parameters
    ----------
    english, chinese : str
        The same statement in both languages.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> kj.say("two cases", "两个案例")
    two cases
    """
    print(pick((english, chinese)))
