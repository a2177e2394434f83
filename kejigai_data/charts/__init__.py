"""Charts: plain functions, a frame in, an Altair chart out.

Titles and descriptions follow the current language (`kejigai_data.use`); a lesson may give
its own as ``title=(en, zh)``. A title states a finding or asks the question.
"""

from .chronology import timeline
from .comparing import mechanisms_dated, mechanisms_named
from .legal import route_steps, route_timeline, waiting_days
from .naming import evidence_status, list_forms, tile_map

__all__ = [
    "evidence_status",
    "list_forms",
    "mechanisms_dated",
    "mechanisms_named",
    "route_steps",
    "route_timeline",
    "tile_map",
    "timeline",
    "waiting_days",
]
