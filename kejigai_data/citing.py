"""References to the sources and to the dataset, built ahead and stored."""

from __future__ import annotations

from collections.abc import Iterable

from . import __version__
from .checks import a_text
from .errors import unknown
from .loading import each

STYLES = ("gb7714", "apa", "bibtex")
DATASET = "kejigai_data"
USUAL = ("apa", "gb7714")  # in English, in Chinese


def references(source_ids: Iterable[str], style: str) -> dict[str, str]:
    """Return source_id to reference, of those sources that there are, in one reading."""
    wanted = set(source_ids)
    if not wanted:
        return {}
    found = {row["source_id"]: row[style] for row in each("citations") if row["source_id"] in wanted}
    return {source: found[source].replace("{version}", __version__) for source in found}


def cite(source_id: str | None = None, style: str = "gb7714") -> str:
    """Return the reference of a source, or of this dataset when none is named.

    The strings are built ahead by citeproc-js; ``gb7714`` follows GB/T 7714-2015.

    Parameters
    ----------
    source_id : str, optional
        A ``source_id`` of ``load("sources")``.
    style : {"gb7714", "apa", "bibtex"}
        Style of the reference.

    Raises
    ------
    UnknownNameError
        For an unknown source or style, with the nearest names.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> "科学管理研究" in kj.cite("s001")
    True
    """
    if a_text(style, "style") not in STYLES:
        raise unknown("citation style", style, STYLES)
    wanted = DATASET if source_id is None else a_text(source_id, "source")
    found = references([wanted], style)
    if wanted in found:
        return found[wanted]
    raise unknown("source", wanted, (source["source_id"] for source in each("citations")))
