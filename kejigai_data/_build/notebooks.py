"""Run every lesson and save it with outputs: ``python -m kejigai_data._build.notebooks``.

Afterwards each chart also gets the PNG that GitHub and nbviewer show, made outside the
lesson's kernel; the views of living widgets are dropped, because without a kernel they
would show an error in place of the sentence that stands beside them.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import nbformat
import vl_convert
from nbclient import NotebookClient

from kejigai_data.render import MIME

TOP = Path(__file__).resolve().parents[2]
COVER_LESSON = "notebooks/en/00_start_here.ipynb"
COVER = TOP / ".github" / "tile_map.png"
WIDGET = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def picture(spec: dict[str, Any]) -> str:
    """Return a chart as a PNG in base64."""
    drawable = {key: value for key, value in spec.items() if key != "$schema"}
    png = vl_convert.vegalite_to_png(json.dumps(drawable), vl_version="6.4", scale=1.5)
    return base64.b64encode(png).decode("ascii")


def finish(notebook: Any) -> None:
    """Add the pictures, drop the widgets' views and whatever differs from run to run."""
    notebook.metadata = METADATA
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            data.pop(WIDGET, None)
            if MIME in data:
                data["image/png"] = picture(data[MIME])


def first_picture(notebook: Any) -> str:
    """Return the first chart of a finished lesson, in base64."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", ()))
    return str(next(o["data"]["image/png"] for o in outputs if MIME in o.get("data", {})))


def run(notebook: Any, folder: Path) -> None:
    """Run a notebook in its folder, and leave it as it is saved."""
    where = {"metadata": {"path": folder}}
    # On a busy machine what is printed arrives in pieces.
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=where, coalesce_streams=True).execute()
    finish(notebook)


def main(names: list[str]) -> int:
    """Run the lessons named, or all of them."""
    lessons = [Path(name).resolve() for name in names] or sorted((TOP / "notebooks").glob("*/*.ipynb"))
    for path in lessons:
        notebook = nbformat.read(path, as_version=4)
        run(notebook, path.parent)
        nbformat.write(notebook, path)
        if path == TOP / COVER_LESSON:
            COVER.write_bytes(base64.b64decode(first_picture(notebook)))
        print(path.relative_to(TOP))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
