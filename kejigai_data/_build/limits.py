"""A limited number of kernels with a limited memory each, for the app and the hub."""

from __future__ import annotations

import resource
from typing import Any

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError
from traitlets import Integer, Set

# Nothing is fetched from another host; Vega compiles its expressions, hence unsafe-eval.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; worker-src 'self' blob:; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
# A page of the hub stands in no other: the page of a student could read it.
UNFRAMED = POLICY.replace("frame-ancestors 'self'", "frame-ancestors 'none'")


class Places(AsyncMappingKernelManager):
    """A limited number of kernels, each with a limited memory."""

    most = Integer(20, help="Kernels at once").tag(config=True)
    memory = Integer(1024, help="Memory of a kernel, in MB").tag(config=True)
    _starting = Set()

    async def start_kernel(self, **kwargs: Any) -> str:  # type: ignore[override]
        """Start a kernel if a place is free.

        Raises
        ------
        tornado.web.HTTPError
            503 when all places are taken; the page says so.
        """
        # Those under way count as well: a class arrives at once.
        kernel = kwargs.get("kernel_id") or self.new_kernel_id(**kwargs)
        if len({*self.list_kernel_ids(), *self._starting} - {kernel}) >= self.most:
            raise HTTPError(503, f"{self.most} kernels run already: shut one down first.")
        allowed = self.memory * 1024 * 1024
        kwargs["preexec_fn"] = lambda: resource.setrlimit(resource.RLIMIT_DATA, (allowed, allowed))
        self._starting.add(kernel)
        try:
            return str(await super().start_kernel(**{**kwargs, "kernel_id": kernel}))
        finally:
            self._starting.discard(kernel)
