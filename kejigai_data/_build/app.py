"""Show the comparison widgets as an app: ``python -m kejigai_data._build.app``.

Voilà serves one page a language; each reader has a kernel of their own. At most
``KEJIGAI_SESSIONS`` (20) at once, ``KEJIGAI_MEMORY`` (1024) MB each; a reader who is gone
or idle for ``KEJIGAI_IDLE`` (600) seconds gives the place free. Only this machine is
served unless ``KEJIGAI_IP`` names another address.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError
from traitlets import Integer
from traitlets.config import Config
from voila.app import Voila

from .handouts import LANGS, words

PAGES = Path(__file__).parent / "app_pages"
WIDGETS = ("compare_places", "compare_mechanisms", "timeline", "evidence_browser")
# JupyterLab's chart renderer, which Voilà ships, draws a picture where none came along, and
# fails to store it in a widget's output: one transparent pixel is a picture.
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)


class Places(AsyncMappingKernelManager):
    """A limited number of kernels, each with a limited memory."""

    most = Integer(20, help="Kernels at once").tag(config=True)
    memory = Integer(1024, help="Memory of a kernel, in MB").tag(config=True)

    async def start_kernel(self, **kwargs: Any) -> str:  # type: ignore[override]
        """Start a kernel if a place is free.

        Raises
        ------
        tornado.web.HTTPError
            503 when all places are taken; the page says so.
        """
        if len(self.list_kernel_ids()) >= self.most:
            raise HTTPError(503)
        allowed = self.memory * 1024 * 1024
        kwargs["preexec_fn"] = lambda: resource.setrlimit(resource.RLIMIT_DATA, (allowed, allowed))
        return str(await super().start_kernel(**kwargs))


def notebook(language: str) -> nbformat.NotebookNode:
    """Return the page of a language."""
    said = words(language)
    cells = [
        nbformat.v4.new_code_cell(
            f'import kejigai_data as kj\nfrom kejigai_data.render import BESIDE\n\n'
            f'kj.use("{language}")\nBESIDE["image/png"] = "{PIXEL}"'
        ),
        nbformat.v4.new_markdown_cell(f"# {said['site_title']}\n\n{said['app_about']}"),
    ]
    for name in WIDGETS:
        cells += [
            nbformat.v4.new_markdown_cell(f"## {said[name]}"),
            nbformat.v4.new_code_cell(f"kj.widgets.{name}().as_widget()"),
        ]
    return nbformat.v4.new_notebook(cells=cells, metadata={"lang": LANGS[language]})


def settings() -> Config:
    """Return Voilà's settings, from the environment where it names them."""
    idle = int(os.environ.get("KEJIGAI_IDLE", "600"))
    config = Config()
    config.Voila.ip = os.environ.get("KEJIGAI_IP", "127.0.0.1")
    config.Voila.port = int(os.environ.get("PORT") or 8866)
    config.Voila.open_browser = False
    config.Voila.tornado_settings = {"headers": {"Content-Security-Policy": POLICY}}
    config.VoilaConfiguration.template = "offline"
    config.VoilaConfiguration.multi_kernel_manager_class = Places
    config.Places.most = int(os.environ.get("KEJIGAI_SESSIONS", "20"))
    config.Places.memory = int(os.environ.get("KEJIGAI_MEMORY", "1024"))
    config.Places.cull_idle_timeout = idle
    config.Places.cull_interval = max(1, idle // 10)
    config.Places.cull_connected = True
    return config


def main() -> int:
    """Serve the app until Ctrl-C."""
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(PAGES), os.environ.get("JUPYTER_PATH")]))
    with tempfile.TemporaryDirectory() as folder:
        for language in ("en", "zh"):
            nbformat.write(notebook(language), Path(folder) / f"{language}.ipynb")
        Voila.launch_instance(argv=[folder], config=settings())
    return 0


if __name__ == "__main__":
    sys.exit(main())
