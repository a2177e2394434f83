"""An Altair renderer that needs no network, and the theme of all charts.

Altair's own renderers load JavaScript from a CDN or emit a MIME type that JupyterLab does
not know. This one emits the specification under the type of the Vega-Lite that JupyterLab
bundles, with the chart's description as plain text.
"""

from __future__ import annotations

from typing import Any

from .errors import missing_extra
from .language import resolve

try:
    import altair as alt
except ImportError:
    raise missing_extra("Drawing charts", "lab") from None

__all__ = ["DIMENSIONS", "MIME", "STATUSES", "Drawn", "alt", "bundle", "enable", "theme"]

MIME = "application/vnd.vegalite.v5+json"
SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
FONT = '"Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", "Noto Sans SC", sans-serif'

DIMENSIONS = {
    "legal": "#0072B2",
    "organisational": "#D55E00",
    "functional": "#009E73",
    "force_building": "#AA4499",
    "factor_allocation": "#B07D00",
    "none": "#5F6368",
}
STATUSES = {
    "stated": "#1B4F72",
    "inferred": "#5DADE2",
    "ambiguous": "#E0A100",
    "stated_absent": "#7D3C98",
    "silent": "#D5D8DC",
    "not_applicable": "#F4F6F7",
}
INK = "#222222"
# What every chart hands on besides its specification; the app puts a picture here.
BESIDE: dict[str, str] = {}


def bundle(spec: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Return the MIME bundle of a Vega-Lite specification.

    Examples
    --------
    >>> sorted(bundle({"description": "a bar", "mark": "bar"}))
    ['application/vnd.vegalite.v5+json', 'text/plain']
    """
    embed = {"embedOptions": {"actions": False, "renderer": "svg"}}
    spec = {**_read_aloud(spec), "$schema": SCHEMA, "usermeta": embed}
    told = str(spec.get("description") or "chart without a description")
    return {MIME: spec, "text/plain": told, **BESIDE}


# Fields that only say where a shape stands and how it looks.
LOOKS = {"x", "y", "x2", "y2", "ink", "colour", "fill", "strength", "step", "link", "n"}
LEGENDS = ("color", "fill", "stroke", "shape", "opacity", "size")
GUIDES = {"x": "axis", "y": "axis"} | dict.fromkeys(LEGENDS, "legend")


def _read_aloud(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the specification with each word of the picture read as it stands, and mere lines not at all."""
    spec = dict(spec)
    for inner in ("layer", "hconcat", "vconcat", "concat"):
        if inner in spec:
            spec[inner] = [_read_aloud(one) for one in spec[inner]]
    if "spec" in spec:
        spec["spec"] = _read_aloud(spec["spec"])
    mark, encoding = spec.get("mark"), spec.get("encoding", {})
    kind = mark.get("type") if isinstance(mark, dict) else mark
    told = encoding.get("text", {})
    if kind == "text" and "description" not in encoding and "field" in told:
        kept = {name: told[name] for name in ("field", "type", "format", "timeUnit") if name in told}
        spec["encoding"] = {**encoding, "description": kept}
    if encoding:
        spec["encoding"] = {name: _guide_told(name, one) for name, one in spec["encoding"].items()}
    if spec.get("title") and resolve() == "zh":
        spec["title"] = _title_told(spec["title"])
    fields = {one["field"] for one in encoding.values() if isinstance(one, dict) and "field" in one}
    if kind and {"x", "y"} <= fields <= LOOKS:
        spec["mark"] = {**(mark if isinstance(mark, dict) else {"type": kind}), "aria": False}
    return spec


def _said(text: str | list[str] | dict[str, str]) -> dict[str, Any]:
    if isinstance(text, dict):
        return {"update": {"description": {"signal": text["expr"]}}}
    return {"update": {"description": {"value": text if isinstance(text, str) else " ".join(text)}}}


def _guide_told(channel: str, coded: Any) -> Any:
    """Return a channel whose axis or legend is passed over where Vega would read it in English or in raw values.

    What stands on the axis or in the colour is read with its own words.
    """
    guide = GUIDES.get(channel)
    if guide is None or not isinstance(coded, dict) or "field" not in coded or coded.get(guide, {}) is None:
        return coded
    shown = coded.get(guide, {})
    return {**coded, guide: {**shown, "aria": False}} if resolve() == "zh" or "labelExpr" in shown else coded


def _title_told(title: Any) -> Any:
    """Return a title that is read as it stands."""
    told = {"text": title} if isinstance(title, (str, list)) else dict(title)
    lines = (("title", "text"), ("subtitle", "subtitle"))
    told["encode"] = {part: _said(told[key]) for part, key in lines if told.get(key)}
    return told


class Drawn:
    """A finished chart, shown without checking its specification against the schema again.

    The check takes most of the time between a change and the redrawn chart; the charts of
    this package are checked by its tests.
    """

    def __init__(self, chart: alt.TopLevelMixin) -> None:
        self._chart = chart

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return bundle(self._chart.to_dict(validate=False))


def theme() -> Any:
    """Return the configuration that every chart shares.

    The background is white in both of JupyterLab's themes, so that the ink stays legible.
    """
    text = {"font": FONT, "color": INK}
    axis = {
        "labelFont": FONT,
        "titleFont": FONT,
        "labelFontSize": 13,
        "titleFontSize": 13,
        "labelColor": INK,
        "titleColor": INK,
        "titleFontWeight": "normal",
        "labelLimit": 320,
        "grid": False,
        "domainColor": "#9AA0A6",
        "tickColor": "#9AA0A6",
        "gridColor": "#DDDDDD",
    }
    legend = {"labelFont": FONT, "titleFont": FONT, "labelFontSize": 13, "orient": "top", "title": None}
    legend |= {"labelColor": INK, "titleColor": INK}
    title = {"font": FONT, "subtitleFont": FONT, "fontSize": 16, "subtitleFontSize": 12.5, "anchor": "start"}
    title |= {"color": INK, "subtitleColor": "#4A4F54", "offset": 12, "subtitlePadding": 6, "fontWeight": 600}
    return {
        "config": {
            "background": "#FFFFFF",
            "padding": 14,
            "font": FONT,
            "axis": axis,
            "axisY": {
                "titleAngle": 0,
                "titleAlign": "left",
                "titleAnchor": "end",
                "titleBaseline": "bottom",
                "titleY": -8,
                "titleX": -30,
                "labelPadding": 7,
            },
            "legend": legend,
            "title": title,
            "text": text,
            "view": {"stroke": None},
            "header": {"labelColor": INK, "labelFont": FONT, "labelFontSize": 14, "labelAngle": 0, "title": None},
        }
    }


def enable() -> None:
    """Register renderer and theme and make them current; `charts` calls this on import."""
    alt.renderers.register("kejigai", bundle)
    alt.renderers.enable("kejigai")
    alt.theme.register("kejigai", enable=True)(theme)
