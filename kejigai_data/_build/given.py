"""What the environment sets, for the app and the hub."""

from __future__ import annotations

import os

# MB that a kernel needs for a lesson at all.
LEAST_KERNEL = 256


def number(name: str, usual: int, least: int = 1, most: int = 10**9) -> int:
    """Return a number that the environment sets, or the usual one.

    Raises
    ------
    SystemExit
        If it is no whole number from `least` to `most`; the text says so.

    Examples
    --------
    >>> number("KEJIGAI_NOTHING", 20)
    20
    """
    told = os.environ.get(name) or str(usual)
    if not told.isascii() or not told.isdigit() or not least <= int(told) <= most:
        bounds = f"from {least} to {most}" if most < 10**9 else f"of at least {least}"
        raise SystemExit(f"{name}={told!r}: it must be a whole number {bounds}, such as {usual}.")
    return int(told)


def as_root(what: str) -> str:
    """Return why `what` should not run as root, or nothing where another user runs it."""
    if os.name != "posix" or os.geteuid():
        return ""
    why = "as root one fault in it opens the whole machine"
    return f"{what} serves others and should run as an ordinary user: {why}."
