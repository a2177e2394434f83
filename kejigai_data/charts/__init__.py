"""Charts: plain functions, a frame in, an Altair chart out.

Titles and descriptions follow the current language (`kejigai_data.use`); a lesson may give
its own as ``title=(en, zh)``. A title states a finding or asks the question.
"""

# A kernel is smaller for each module that a lesson does not draw with.
_HOME = {
    "agreements": "factors",
    "argument_map": "arguing",
    "before_and_after": "forces",
    "chance_map": "chance",
    "choose_argument": "arguing",
    "choose_chance": "chance",
    "choose_mechanisms": "choosing",
    "choose_places": "choosing",
    "choose_routes": "choosing",
    "confusion": "confusing",
    "evidence_status": "naming",
    "factor_pairs": "factors",
    "founded_and_rounds": "organising",
    "heads": "organising",
    "laboratory_stages": "forces",
    "list_forms": "naming",
    "mechanisms_dated": "comparing",
    "mechanisms_named": "comparing",
    "permutation": "chance",
    "rights_moved": "factors",
    "route_steps": "legal",
    "route_timeline": "legal",
    "schema": "joins",
    "spread": "spreading",
    "tile_map": "naming",
    "timeline": "chronology",
    "verdicts": "claiming",
    "waiting_days": "legal",
}

__all__ = [*_HOME]


def __getattr__(name):
    if name in _HOME:
        value = getattr(__import__(f"{__name__}.{_HOME[name]}", fromlist=[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"kejigai_data.charts has no name {name!r}; dir(kejigai_data.charts) lists what there is")


def __dir__():
    return sorted(__all__)
