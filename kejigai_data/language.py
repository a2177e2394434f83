"""The language of labels, charts and widgets."""

from __future__ import annotations

from unicodedata import east_asian_width

from .errors import LanguageError

LANGUAGES = ("en", "zh")
_state = {"language": "en"}


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
