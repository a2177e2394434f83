"""Ten years of local science-and-technology reform in China, as coded data.

Every value carries its source and locator. Start with `load_cases()`,
`describe("mechanism")` and `show_evidence("c001")`; `tables()` lists the rest.
"""

__version__ = "0.1.0"

# Names are resolved on first use, so that the import costs next to nothing
# (no pandas, pathlib, typing or importlib.metadata before it is needed).
_HOME = {
    "tables": "loading",
    "load": "loading",
    "load_cases": "cases",
    "load_events": "loading",
    "load_places": "loading",
    "load_indicators": "loading",
    "load_glossary": "loading",
    "load_corroboration": "record",
    "load_followups": "followups",
    "chronicle": "events",
    "explode": "cases",
    "members": "places",
    "join_indicator": "places",
    "province_code": "places",
    "find_place": "places",
    "Place": "places",
    "describe": "codebook",
    "search": "codebook",
    "label": "codebook",
    "show_evidence": "evidence",
    "table": "tabular",
    "say": "words",
    "cite": "citing",
    "Article": "article",
    "validate": "validation",
    "export": "exporting",
    "naming": "counting",
    "crosstab": "counting",
    "co_occurrence": "counting",
    "adoption": "adopting",
    "adoption_curve": "spreading",
    "merge": "merging",
    "as_readings": "merging",
    "agreement": "agree",
    "disagreements": "agree",
    "own_readings": "agree",
    "unitising": "agree",
    "coding_sheet": "sheets",
    "read_coding_sheet": "sheet_reading",
    "use": "language",
    "KejigaiError": "errors",
    "UnknownNameError": "errors",
    "UnknownPlaceError": "errors",
    "UnknownCaseError": "errors",
    "LanguageError": "errors",
    "SelectionError": "errors",
    "DataError": "errors",
    "ArticleError": "errors",
    "MissingExtra": "errors",
}
_MODULES = ("charts", "widgets", "chance", "exercise", "laboratory", "errors")

__all__ = [*_HOME, *_MODULES]


def __getattr__(name):
    if name in _HOME:
        module = __import__(f"{__name__}.{_HOME[name]}", fromlist=[name])
        value = getattr(module, name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return __import__(f"{__name__}.{name}", fromlist=["__name__"])
    raise AttributeError(f"kejigai_data has no name {name!r}; dir(kejigai_data) lists what there is")


def __dir__():
    return sorted([*__all__, "__version__"])
