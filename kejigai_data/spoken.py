"""What every widget of the package shares: its text form is its own ``repr``, whole."""

from __future__ import annotations

from typing import Any


class Spoken:
    """Mixed in before an ipywidgets class, which would cut the text after 110 characters."""

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return {**super()._repr_mimebundle_(**options), "text/plain": repr(self)}  # type: ignore[misc]
