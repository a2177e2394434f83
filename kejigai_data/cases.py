"""The wide frame of cases that people use; derived on load, edited by nobody."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from .checks import a_frame, a_text, one_of
from .digest import coded, digest
from .errors import DataError, SelectionError
from .instruments import ending_cases, main_instruments
from .language import resolve
from .loading import HINT, each, records, text_type
from .loading import column as typed
from .record import corroboration, disagreements_of_cases, support

if TYPE_CHECKING:
    import pandas as pd

LAYERS = ("article", "record")
OURS = "kejigai_data"  # what the column `origin` calls the cases of this package
PATHWAYS = {
    "top_down": ("自上而下", "Top-down"),
    "bottom_up": ("自下而上", "Bottom-up"),
    "bottom_up_then_recognised": ("先自下而上、后获认可", "Bottom-up, then recognised"),
    "joint": ("中央与地方共同", "Centre and locality together"),
}


def pathway(initiative: str, central_link: str) -> str:
    """Derive the pathway of a case from who started it and its link to the Centre.

    Examples
    --------
    >>> pathway("locality", "recognised_afterwards")
    'bottom_up_then_recognised'
    >>> pathway("", "")
    ''
    """
    if initiative == "centre" or (not initiative and "assigned_pilot" in central_link):
        return "top_down"
    if initiative == "locality":
        recognised = {"recognised_afterwards", "taken_into_national_document"}
        return "bottom_up_then_recognised" if recognised & set(central_link.split(";")) else "bottom_up"
    return "joint" if initiative == "both" else ""


@lru_cache(maxsize=1)
def case_variables() -> list[dict[str, str]]:
    """Return the case-level variables in display order."""
    return [v for v in records("variables") if v["level"] == "case"]


# That a body met, was unveiled or existed on a day is an upper bound for its founding.
BOUNDS = ("in_place_by", "first_meeting", "held", "unveiled")


@lru_cache(maxsize=1)
def _adopting() -> dict[str, set[str]]:
    """Return case_id to the events that count as its adoption.

    That is the mechanism's own event, and the passing of the document where there is one:
    a revised text is passed too.
    """
    counts = {c["code"]: c["adoption_event"] for c in records("codes") if c["variable"] == "mechanism"}
    event = {case: counts[values["mechanism"][0]] for case, values in coded("article").items()}
    return {case: {name, "adopted"} if name == "revised" else {name} for case, name in event.items()}


class Adoption(NamedTuple):
    """First and last possible day of an adoption, and the date as its source has it (not where sources differ)."""

    first: str = ""
    last: str = ""
    date: str = ""


@lru_cache(maxsize=8)
def adoption_dates(layer: str) -> dict[str, Adoption]:
    """Return case_id to when it was adopted.

    In the record the main instrument counts, the one that the article means; several
    sources on it give the widest interval. A first meeting, a plaque or a bare "in place by"
    is an upper bound, but not for the end of a thing.
    """
    counts = _adopting()
    spans: dict[str, list[Adoption]] = {}
    bound: dict[str, Adoption] = {}
    for e in each("events"):
        if e["layer"] != layer or not e["date"] or e["case_id"] not in counts:
            continue
        of_main = e["instrument_id"] in ("", main_instruments()[e["case_id"]])
        if of_main and e["event_type"] in counts[e["case_id"]]:
            spans.setdefault(e["case_id"], []).append(Adoption(e["earliest"], e["latest"], e["date"]))
        elif of_main and e["event_type"] in BOUNDS and e["case_id"] not in ending_cases():
            by_then = Adoption("", e["latest"], f"../{e['date'].rpartition('/')[2]}")
            bound[e["case_id"]] = min(bound.get(e["case_id"], by_then), by_then, key=lambda one: one.last)
    result = dict(bound)
    for case, dates in spans.items():
        finest = min(_days(span) for span in dates)
        kept = [span for span in dates if _days(span) == finest]
        said = {span.date for span in kept}
        widest = min(span.first for span in kept), max(span.last for span in kept)
        result[case] = Adoption(*widest, said.pop() if len(said) == 1 else "")
    return result


def _days(span: Adoption) -> int:
    from datetime import date

    if not (span.first and span.last):
        return 10**6
    return (date.fromisoformat(span.last) - date.fromisoformat(span.first)).days


@lru_cache(maxsize=4)
def _codes(language: str) -> dict[str, dict[str, str]]:
    labels: dict[str, dict[str, str]] = {}
    for code in records("codes"):
        shown = code["code"] if language == "code" else code[f"label_{language}"]
        labels.setdefault(code["variable"], {})[code["code"]] = shown
    pair = {"code": None, "zh": 0, "en": 1}[language]
    labels["pathway"] = {code: code if pair is None else names[pair] for code, names in PATHWAYS.items()}
    return labels


def load_cases(layer: str = "article", lang: str | None = None, status: bool = False) -> pd.DataFrame:
    """Load the coded reform cases, one row a case.

    A case is one place and one mechanism that the article attributes to it. That a
    place is named is not evidence that others did not do the same: most of the
    article's lists are open.

    Parameters
    ----------
    layer : {"article", "record"}
        What the article says, or what other sources say of the same cases. The layers
        never mix; a case without record values keeps its row, with missing values.
    lang : {"zh", "en"}, optional
        Labels in that language instead of codes.
    status : bool
        Add a ``<variable>_status`` column for each coded variable (stated, inferred,
        ambiguous, stated_absent, silent, not_applicable, not_found).

    Returns
    -------
    pandas.DataFrame
        One row a case, sorted by ``case_id``:

        ==================== ================ ==========================================
        column               dtype            meaning
        ==================== ================ ==========================================
        case_id              string           permanent identifier
        dimension            category         one of the article's five parts
        dimension_basis      category         where that filing comes from
        section              string           section of the first naming sentence
        mechanism            category         the kind of thing done
        action               category         created, revised, merged, …
        stage                ordered category proposed … ended
        article_judgement    category         strengthened, weakened
        initiative           category         centre, locality, both
        central_link         string           codes joined with ";"
        pathway              category         derived from the two before; missing if silent
        target               string           codes joined with ";"
        factors              string           codes joined with ";"
        list_form            category         single, counted, closed, open
        time_words           string           codes joined with ";"
        place_id             string           GB/T 2260 code or slug
        place_zh             string           short Chinese name
        place_en             string           English name
        place_level          string           level of the place
        province_id          string           province-level unit; missing for clusters and corridors
        region               string           statistical region; missing for clusters and corridors
        title_zh             string           our short title
        title_en             string           our short title
        summary_zh           string           our summary
        summary_en           string           our summary
        locator              string           first naming sentence
        adopted_earliest     datetime64[us]   first possible day of adoption, main instrument
        adopted_latest       datetime64[us]   last possible day of adoption, main instrument
        n_instruments        Int64            instruments behind the case in this layer
        n_conflicts          Int64            open disagreements, both layers
        corroboration        string           whether the outside record bears the case out
        support              string           what kind of sources date its main instrument
        ==================== ================ ==========================================

    Raises
    ------
    SelectionError
        For an unknown layer.
    LanguageError
        For a language other than ``"zh"`` and ``"en"``.
    DataError
        If a table was edited so that the tables no longer fit together.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> cases = kj.load_cases()
    >>> cases.loc[cases["place_zh"] == "上海", "mechanism"].tolist()[:2]
    ['comprehensive_regulation_enacted', 'party_dispatched_organ']
    """
    one_of(layer, LAYERS, "layer")
    language = "code" if lang is None else resolve(lang)
    try:
        return _wide(layer, language, bool(status))
    except KeyError as error:
        raise DataError(
            f"The tables do not fit together: {error.args[0]!r} is not where it should be. {HINT}"
        ) from None


def _wide(layer: str, language: str, status: bool) -> pd.DataFrame:
    import pandas as pd

    rows = records("cases")
    values, first = coded(layer), coded("article")
    places = {p["place_id"]: p for p in records("places")}
    dates = adoption_dates(layer)
    instruments, conflicts = digest().instruments, disagreements_of_cases()
    labels = _codes(language)
    out: dict[str, pd.Series | pd.Categorical] = {}

    def text(name: str, cells: list[str]) -> None:
        out[name] = typed(cells, "text")

    def code(name: str, cells: list[str], ordered: bool = False) -> None:
        known = labels[name]
        number = {c: i for i, c in enumerate(known)}
        # Categories are given their dtype: what pandas infers differs with its version and pyarrow.
        categories = pd.Index(list(known.values()), dtype=text_type())
        out[name] = pd.Categorical.from_codes([number.get(c, -1) for c in cells], categories, ordered)

    def variable(v: dict[str, str]) -> None:
        name = v["variable"]
        cells = [values.get(r["case_id"], {}).get(name, ("", "", ""))[0] for r in rows]
        if v["multiple"] == "true":
            known = labels[name]
            text(name, [";".join(known[c] for c in cell.split(";")) if cell else "" for cell in cells])
        else:
            code(name, cells, ordered=v["scale"] == "ordinal")

    by_name = {v["variable"]: v for v in case_variables()}
    naming = [first[r["case_id"]]["mechanism"][2].split(";")[0] for r in rows]
    text("case_id", [r["case_id"] for r in rows])
    for name in ("dimension", "dimension_basis"):
        variable(by_name[name])
    text("section", [where.split("/")[0] for where in naming])
    for name in ("mechanism", "action", "stage", "article_judgement", "initiative", "central_link"):
        variable(by_name[name])
    got = [values.get(r["case_id"], {}) for r in rows]
    code("pathway", [pathway(g.get("initiative", ("",))[0], g.get("central_link", ("",))[0]) for g in got])
    for name in ("target", "factors", "list_form", "time_words"):
        variable(by_name[name])
    here = [places[r["place_id"]] for r in rows]
    text("place_id", [p["place_id"] for p in here])
    text("place_zh", [p["short_zh"] for p in here])
    text("place_en", [p["name_en"] for p in here])
    text("place_level", [p["level"] for p in here])
    provinces = [province_of(p["place_id"], places) for p in here]
    text("province_id", provinces)
    text("region", [places[p]["region"] if p else "" for p in provinces])
    for name in ("title_zh", "title_en", "summary_zh", "summary_en"):
        text(name, [r[name] for r in rows])
    text("locator", naming)
    span = [dates.get(r["case_id"], Adoption()) for r in rows]
    out["adopted_earliest"] = typed([one.first for one in span], "day")
    out["adopted_latest"] = typed([one.last for one in span], "day")
    out["n_instruments"] = typed([str(instruments[layer, r["case_id"]]) for r in rows], "integer")
    out["n_conflicts"] = typed([str(len(conflicts.get(r["case_id"], []))) for r in rows], "integer")
    text("corroboration", [corroboration().get(r["case_id"], "") for r in rows])
    text("support", [support().get(r["case_id"], "") for r in rows])
    if status:
        for name in by_name:
            text(f"{name}_status", [g.get(name, ("", "", ""))[1] for g in got])
        out["pathway_status"] = out["initiative_status"]
    return pd.DataFrame(out)


def province_of(place_id: str, places: dict[str, dict[str, str]]) -> str:
    """Return the province-level unit above a place, empty for clusters, corridors and the country."""
    place = places[place_id]
    if place["level"] in ("cluster", "corridor", "country"):
        return ""
    while place["parent"]:
        place = places[place["parent"]]
    return place["place_id"]


def explode(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Give each member of a set-valued column its own row.

    Parameters
    ----------
    frame : pandas.DataFrame
        A frame with a text column whose sets are joined with ``";"``.
    column : str
        Name of that column, for example ``"factors"``.

    Returns
    -------
    pandas.DataFrame
        A new frame; rows with a missing value stay, with a missing value.

    Raises
    ------
    UnknownNameError
        If the frame has no such column.
    SelectionError
        If it is no frame, or the column holds no text.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> factors = kj.explode(kj.load_cases(), "factors")
    >>> bool(factors["factors"].str.contains(";").any())
    False
    """
    a_frame(frame, [a_text(column, "column")])
    if not all(isinstance(value, str) for value in frame[column].dropna()):
        raise SelectionError(f"The column {column!r} holds no text; explode splits text that is joined with ';'.")
    result = frame.copy()
    result[column] = result[column].astype(object).str.split(";")
    result = result.explode(column, ignore_index=True)
    result[column] = result[column].astype(text_type())
    return result
