"""Describe tables as resources of a data package (Frictionless)."""

from __future__ import annotations

from typing import Any

from .loading import VOCABULARY, catalogue, schema

TYPES = {"integer": "integer", "number": "number", "boolean": "boolean", "day": "date"}


def resource(name: str, path: str, among: set[str], language: str = "en") -> dict[str, Any]:
    """Return the description of a table that lies at `path`: types, keys, and what each column is, in a language.

    Keys that point to a table outside of `among` are left out.

    Examples
    --------
    >>> events = resource("events", "events.csv", {"events", "cases"})
    >>> [key["reference"]["resource"] for key in events["schema"]["foreignKeys"]]
    ['cases']
    """
    fields, keys = [], []
    for field in schema()[name]:
        constraints: dict[str, object] = {"required": True} if field.required else {}
        if field.type in VOCABULARY:
            constraints["enum"] = list(VOCABULARY[field.type])
        described = {"name": field.name, "type": TYPES.get(field.type, "string")}
        told = {"en": field.description_en, "zh": field.description_zh}
        other = "zh" if language == "en" else "en"
        described |= {"description": told[language], f"description_{other}": told[other]}
        fields.append({**described, **({"constraints": constraints} if constraints else {})})
        table, _, column = field.foreign_key.partition(".")
        if table in among:
            reference = {"resource": "" if table == name else table, "fields": column}
            keys.append({"fields": field.name, "reference": reference})
    entry = catalogue()[name]
    form = {
        "fields": fields,
        "primaryKey": entry["primary_key"].split(","),
        **({"foreignKeys": keys} if keys else {}),
    }
    return described_as(name, path, entry[f"row_{language}"], form)


def described_as(name: str, path: str, title: str, form: dict[str, Any]) -> dict[str, Any]:
    """Return a resource with a form (fields and keys) that is at hand."""
    return {
        "name": name,
        "path": path,
        "title": title,
        "profile": "tabular-data-resource",
        "encoding": "utf-8",
        "schema": form,
    }


def package(name: str, title: str, resources: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a data package of some resources."""
    from . import __version__

    return {
        "name": name,
        "title": title,
        "version": __version__,
        "profile": "tabular-data-package",
        "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
        "resources": resources,
    }
