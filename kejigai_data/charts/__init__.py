"""Charts: plain functions, a frame in, an Altair chart out.

Titles and descriptions follow the current language (`kejigai_data.use`); a lesson may give
its own as ``title=(en, zh)``. A title states a finding or asks the question.
"""

from .arguing import argument_map, choose_argument
from .chance import chance_map, choose_chance, permutation
from .choosing import choose_mechanisms, choose_places, choose_routes
from .chronology import timeline
from .claiming import verdicts
from .comparing import mechanisms_dated, mechanisms_named
from .confusing import confusion
from .factors import agreements, factor_pairs, rights_moved
from .forces import before_and_after, laboratory_stages
from .legal import route_steps, route_timeline, waiting_days
from .naming import evidence_status, list_forms, tile_map
from .organising import founded_and_rounds, heads
from .schema import schema
from .spreading import spread

__all__ = [
    "agreements",
    "argument_map",
    "before_and_after",
    "chance_map",
    "choose_argument",
    "choose_chance",
    "choose_mechanisms",
    "choose_places",
    "choose_routes",
    "confusion",
    "evidence_status",
    "factor_pairs",
    "founded_and_rounds",
    "heads",
    "laboratory_stages",
    "list_forms",
    "mechanisms_dated",
    "mechanisms_named",
    "permutation",
    "rights_moved",
    "route_steps",
    "route_timeline",
    "schema",
    "spread",
    "tile_map",
    "timeline",
    "verdicts",
    "waiting_days",
]
