"""A limited number of kernels with a limited memory each, for the app and the hub."""

from __future__ import annotations

import resource
from datetime import UTC, datetime
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
    wait = Integer(0, help="Seconds that an idle kernel waits for its page to connect; 0: for ever").tag(
        config=True
    )
    _starting = Set()
    _met = Set()

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

    def notify_connect(self, kernel_id: str) -> None:
        """Remember that a page has come for its kernel."""
        self._met.add(kernel_id)
        super().notify_connect(kernel_id)  # type: ignore[no-untyped-call]

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel that is idle, sooner where no page came: one may be asked for without being opened."""
        kernel = self.get_kernel(kernel_id)
        idle = (
            (datetime.now(UTC) - kernel.last_activity).total_seconds() if hasattr(kernel, "last_activity") else 0
        )
        alone = kernel_id not in self._met and getattr(kernel, "execution_state", "busy") != "busy"
        if self.wait and alone and idle > self.wait:
            await self.shutdown_kernel(kernel_id)  # type: ignore[no-untyped-call]
            return
        await super().cull_kernel_if_idle(kernel_id)  # type: ignore[no-untyped-call]

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget a kernel that has ended."""
        self._met.discard(kernel_id)
        return super().remove_kernel(kernel_id)
