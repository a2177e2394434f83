"""Show the comparison widgets as an app: ``python -m kejigai_data._build.app``.

Voilà serves one page a language; each reader has a kernel of their own. At most
``KEJIGAI_SESSIONS`` (20) at once, ``KEJIGAI_MEMORY`` (1024) MB each; a reader who is gone
or idle for ``KEJIGAI_IDLE`` (600) seconds gives the place free, a page that was asked for
and never opened after half a minute. Only this machine is served unless ``KEJIGAI_IP``
names another address.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from tornado.web import HTTPError
from traitlets.config import Config
from voila.app import Voila
from voila.configuration import VoilaConfiguration
from voila.handler import BaseVoilaHandler

from . import only_help
from .given import LEAST_KERNEL, as_root, number
from .handouts import LANGS, OTHER, words
from .limits import POLICY, Places

PAGES = Path(__file__).parent / "app_pages"
UNOPENED = 30  # seconds that the place of a page which does not connect is kept
WIDGETS = ("compare_places", "compare_mechanisms", "timeline", "evidence_browser")
WIDGET_EXTENSIONS = ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8"]
# JupyterLab's chart renderer, which Voilà ships, draws a picture where none came along, and
# fails to store it in a widget's output: one transparent pixel is a picture.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


def notebook(language: str) -> nbformat.NotebookNode:
    """Return the page of a language."""
    said = words(language)
    cells = [
        nbformat.v4.new_code_cell(
            f"import kejigai_data as kj\nfrom kejigai_data.render import BESIDE\n\n"
            f'kj.use("{language}")\nBESIDE["image/png"] = "{PIXEL}"'
        ),
        nbformat.v4.new_markdown_cell(f"# {said['site_title']}\n\n{said['app_about']}"),
    ]
    for name in WIDGETS:
        cells += [
            nbformat.v4.new_markdown_cell(f"## {said[name]}"),
            nbformat.v4.new_code_cell(f"kj.widgets.{name}().as_widget()"),
        ]
    metadata = {
        "lang": LANGS[language],
        "title": said["site_title"],
        "other": OTHER[language],
        "other_lang": LANGS[OTHER[language]],
        "other_language": said["other_language"],
        "ended": said["app_ended"],
        "again": said["app_again"],
    }
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


class Nowhere(BaseVoilaHandler):
    """An address that leads nowhere gets the app's own page."""

    async def prepare(self) -> None:
        """Refuse.

        Raises
        ------
        tornado.web.HTTPError
            404 for every address.
        """
        await super().prepare()
        raise HTTPError(404)


def settings() -> Config:
    """Return Voilà's settings, from the environment where it names them."""
    idle = number("KEJIGAI_IDLE", 600)
    config = Config()
    config.Voila.ip = os.environ.get("KEJIGAI_IP", "127.0.0.1")
    config.Voila.port = number("PORT", 8866, 0, 65535)
    config.Voila.open_browser = False
    config.Voila.tornado_settings = {
        "headers": {"Content-Security-Policy": POLICY},
        "default_handler_class": Nowhere,
        "default_handler_args": {"voila_configuration": VoilaConfiguration(template="offline")},
    }
    config.VoilaConfiguration.template = "offline"
    # The others of the environment belong to the lab and only fill the console with errors here.
    config.VoilaConfiguration.extension_allowlist = WIDGET_EXTENSIONS
    config.VoilaConfiguration.multi_kernel_manager_class = Places
    # A kernel started afresh would know nothing of the page: it is let go, and the page says so.
    config.KernelRestarter.restart_limit = 0
    config.Places.most = number("KEJIGAI_SESSIONS", 20)
    config.Places.memory = number("KEJIGAI_MEMORY", 1024, LEAST_KERNEL)
    config.Places.cull_idle_timeout = idle
    config.Places.wait = min(idle, UNOPENED)
    config.Places.cull_interval = max(1, min(idle // 10, UNOPENED // 3))
    config.Places.cull_connected = True
    return config


def main() -> int:
    """Serve the app until Ctrl-C."""
    if warning := as_root("The app"):
        print(warning, file=sys.stderr)
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(PAGES), os.environ.get("JUPYTER_PATH")]))
    with tempfile.TemporaryDirectory() as folder:
        for language in ("en", "zh"):
            nbformat.write(notebook(language), Path(folder) / f"{language}.ipynb")
        Voila.launch_instance(argv=[folder], config=settings())
    return 0


if __name__ == "__main__":
    only_help(__doc__)
    sys.exit(main())
