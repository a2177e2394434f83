"""What came after the article, beside its tasks and measures, each with its stated relation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .instruments import instrument_names
from .language import resolve
from .loading import build, each, records
from .places import place_names
from .words import date_in_words, word

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "followup_id",
    "code",
    "item",
    "relation",
    "place_id",
    "place",
    "what",
    "event_type",
    "date",
    "basis",
    "source_id",
    "locator",
    "search_id",
    "sentence",
)


def item_name(item: dict[str, str], lang: str | None = None) -> str:
    """Return an item of the outlook as it is called: kind, number and title."""
    number = item["code"].split("_", 1)[1].replace("_", ".")
    return f"{word('agenda_' + item['kind'], lang)} {number} · {item[f'title_{resolve(lang)}']}"


def load_followups(lang: str | None = None) -> pd.DataFrame:
    """Load the later developments set beside the article's tasks and measures.

    After is not because: each row states its relation, and each relation permits one form
    of sentence, which ``sentence`` gives. Only ``continues`` and ``cites_task`` say
    "followed by"; none says that anything happened because of the article.

    Parameters
    ----------
    lang : {"en", "zh"}, optional
        Language of the texts; the current one by default.

    Returns
    -------
    pandas.DataFrame
        In the article's order, all ``string``: ``followup_id``, ``code`` and ``item`` (the
        task or measure, with its number), ``relation`` (continues, cites_task, same_measure_elsewhere,
        same_field_only, none_found), ``place_id``, ``place``, ``what`` (the later
        instrument), ``event_type``, ``date`` (EDTF), ``basis`` (what makes the relation
        hold), ``source_id``, ``locator``, ``search_id`` (where none was found),
        ``sentence``.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> later = kj.load_followups("en")
    >>> weak = later[~later["relation"].isin(["continues", "cites_task"])]
    >>> bool(weak["sentence"].str.contains("followed by").any())
    False
    """
    language = resolve(lang)
    agenda = {a["code"]: a for a in records("agenda")}
    events = {e["event_id"]: e for e in each("events")}
    places = place_names(language)
    kinds = {c["code"]: c[f"label_{language}"] for c in records("codes") if c["variable"] == "event_type"}
    titles = {i["instrument_id"]: i[f"title_{language}"] for i in records("instruments")}
    names = {layer: instrument_names(layer, language) for layer in ("followup", "record", "article")}
    found = []
    for row in records("followups"):
        event = events.get(row["event_id"])
        parts = {
            "item": item_name(agenda[row["code"]], language),
            "place": places.get(row["place_id"], ""),
            "what": _name(event, names) if event else "",
            "event": kinds[event["event_type"]] if event else "",
            "date": event["date"] if event else "",
            "search": row["search_id"],
        }
        if language == "en":
            parts["event"] = parts["event"][:1].lower() + parts["event"][1:]
        short = titles[event["instrument_id"]] if event else ""
        shown = {"what": short or parts["what"], "date": date_in_words(parts["date"], language)}
        sentence = word(f"relation_{row['relation']}", language).format(**{**parts, **shown})
        found.append(
            {
                **row,
                **parts,
                "basis": row[f"basis_{language}"],
                "event_type": event["event_type"] if event else "",
                "source_id": event["source_id"] if event else "",
                "sentence": sentence,
            }
        )
    number = {code: n for n, code in enumerate(agenda)}
    found.sort(key=lambda row: number[row["code"]])
    return build({name: [row[name] for row in found] for name in COLUMNS}, {})


def _name(event: dict[str, str], names: dict[str, dict[str, str]]) -> str:
    """Return the name of the later instrument; a further step of a case has that instrument's name."""
    instrument = event["instrument_id"]
    return next(known[instrument] for known in names.values() if instrument in known)
