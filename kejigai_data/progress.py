"""Progress bars for long work in a terminal; a notebook or a script sees none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 0.7  # seconds before a bar is shown: short work needs none
_wanted = False


@contextmanager
def bars() -> Iterator[None]:
    """Show bars, while this lasts, on a standard error that a person reads."""
    global _wanted
    _wanted = True
    try:
        yield
    finally:
        _wanted = False


def track(items: Iterable[T], what: str) -> Iterator[T]:
    """Yield the items; where bars are wanted, say how many are done.

    Examples
    --------
    >>> list(track("abc", "letters"))
    ['a', 'b', 'c']
    """
    if not _wanted:
        yield from items
        return
    try:
        from tqdm import tqdm
    except ImportError:
        yield from items
        return
    # `disable=None` leaves a pipe or a log file without bars.
    yield from tqdm(items, desc=what, delay=PATIENCE, leave=False, disable=None)
