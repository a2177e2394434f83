"""The package's own errors: what was wrong, where, what is allowed, what to do."""

from __future__ import annotations

from collections.abc import Iterable


class KejigaiError(Exception):
    """Base of every error this package raises on purpose."""

    def __str__(self) -> str:
        # KeyError would show the message in quotes.
        return str(self.args[0]) if self.args else ""


class UnknownNameError(KejigaiError, KeyError):
    """A table, variable, column, source or style that does not exist."""


class UnknownPlaceError(UnknownNameError):
    """A place that is not in `places`, or a name that fits more than one."""


class UnknownCaseError(UnknownNameError):
    """A case identifier that is not in `cases`."""


class LanguageError(KejigaiError, ValueError):
    """A language other than ``"zh"`` and ``"en"``."""


class SelectionError(KejigaiError, ValueError):
    """A request that is well formed but has no meaning for these data."""


class OneLine:
    """Errors that a student meets on the way: a notebook shows their message and no traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"✘ {self}"]


class NotYet(OneLine, KejigaiError, AssertionError):  # noqa: N818
    """An answer that is missing or not right yet."""


class NotReady(OneLine, SelectionError):  # noqa: N818
    """Results that were asked for before there were answers."""


class DataError(KejigaiError, ValueError):
    """A table file that is damaged; the message names file, line and column."""


class ArticleError(KejigaiError, ValueError):
    """A copy of the article that cannot be read, or an unknown locator."""


class MissingExtra(KejigaiError, ImportError):  # noqa: N818
    """A function that needs an extra which is not installed."""


def missing_extra(what: str, extra: str) -> MissingExtra:
    """Build the error for `what`, which the extra named `extra` provides."""
    return MissingExtra(
        f"{what} needs a package that is not installed. "
        f'Install it with: python -m pip install "kejigai_data[{extra}]"'
    )


def nearest(value: object, allowed: Iterable[str], count: int = 3) -> str:
    """Return ``"Did you mean …?"`` with the closest names, or the list of all."""
    from difflib import SequenceMatcher

    if not str(value).strip():
        return "A name is wanted."
    names = [str(name) for name in allowed]
    text = str(value).strip().casefold()
    ratios = {name: SequenceMatcher(None, text, name.casefold()).ratio() for name in names}
    ranked = sorted(names, key=lambda name: (-ratios[name], name))[:count]
    close = [name for name in ranked if ratios[name] >= 0.5]
    if close:
        return f"Did you mean {' or '.join(repr(name) for name in close)}?"
    shown = ", ".join(names[:25])
    return f"Allowed: {shown}{', …' if len(names) > 25 else ''}."


def unknown(kind: str, value: object, allowed: Iterable[str]) -> UnknownNameError:
    """Build the error for a name that is not among `allowed`."""
    return UnknownNameError(f"Unknown {kind}: {value!r}. {nearest(value, allowed)}")
