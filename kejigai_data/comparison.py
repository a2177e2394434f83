"""Controls around a plain function: the frame of every comparison widget.

The controls are shown, then the result as an ordinary output with a display_id, so that a
saved notebook keeps it and a test can compare it; each change redraws that output.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .errors import missing_extra
from .render import Drawn
from .spoken import Spoken
from .words import word

try:
    import ipywidgets
    from IPython.display import display
except ImportError:
    raise missing_extra("The comparison widgets", "lab") from None

Options = list[tuple[str, str]]


class Controls(Spoken, ipywidgets.HBox):
    """A row of labelled controls whose text form is a sentence."""

    def __repr__(self) -> str:
        shown = "; ".join(f"{child.description} = {_chosen(child)}" for child in self.children)
        return f"{word('controls')}: {shown}."


def _chosen(control: Any) -> str:
    label = control.label
    return label if isinstance(label, str) else ", ".join(label) or word("everything")


class Comparison:
    """Controls and what they draw.

    Attributes
    ----------
    controls : dict of str to ipywidgets.Dropdown or ipywidgets.SelectMultiple
        By the name of the argument they set.
    result : object
        What is drawn for the current choice.
    """

    def __init__(self, draw: Callable[..., Any], controls: Mapping[str, Any]) -> None:
        self._draw = draw
        self._handle: Any = None
        self.controls = dict(controls)
        self.box = Controls(list(controls.values()), layout=ipywidgets.Layout(flex_flow="row wrap"))
        self.result = self._make()
        for control in controls.values():
            control.observe(self._redraw, names="value")

    def _make(self) -> Any:
        from altair.utils.schemapi import debug_mode

        chosen = {name: control.value for name, control in self.controls.items()}
        # Altair checks each part of a chart as it is made, which the tests have done for every choice.
        with debug_mode(False):
            return self._draw(**chosen)

    def _redraw(self, _: object) -> None:
        self.result = self._make()
        if self._handle is not None:
            self._handle.update(_shown(self.result))

    def _ipython_display_(self) -> None:
        display(self.box)
        self._handle = display(_shown(self.result), display_id=True)

    def as_widget(self) -> ipywidgets.VBox:
        """Return controls and result as one widget.

        For places that do not keep an output to be redrawn, such as Voilà, and for
        layouts of one's own; a saved notebook does not keep what such a widget shows.

        Returns
        -------
        ipywidgets.VBox
            The controls, and an output that follows them.

        Examples
        --------
        >>> import kejigai_data as kj
        >>> box = kj.widgets.compare_places().as_widget()
        >>> [type(child).__name__ for child in box.children]
        ['Controls', 'Output']
        """
        below = ipywidgets.Output()

        def follow(_: object = None) -> None:
            below.outputs = ({"output_type": "display_data", "data": _data(self.result), "metadata": {}},)

        for control in self.controls.values():
            control.observe(follow, names="value")
        follow()
        return ipywidgets.VBox([self.box, below])


def _data(result: Any) -> dict[str, Any]:
    shown = _shown(result)
    if isinstance(shown, Drawn):
        return shown._repr_mimebundle_()
    return {"text/html": shown._repr_html_(), "text/plain": repr(shown)}


def _shown(result: Any) -> Any:
    return Drawn(result) if hasattr(result, "to_dict") else result


def dropdown(key: str, options: Options, value: str) -> ipywidgets.Dropdown:
    """Return a labelled menu."""
    width = ipywidgets.Layout(width="min(40em, 96%)")
    style = {"description_width": "7em"}
    return ipywidgets.Dropdown(description=word(key), options=options, value=value, layout=width, style=style)


def several(key: str, options: Options, values: tuple[str, ...]) -> ipywidgets.SelectMultiple:
    """Return a labelled list of which several may be chosen."""
    layout = ipywidgets.Layout(width="min(24em, 96%)")
    style = {"description_width": "7em"}
    return ipywidgets.SelectMultiple(
        description=word(key), options=options, value=values, rows=5, layout=layout, style=style
    )
