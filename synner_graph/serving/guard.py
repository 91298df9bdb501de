"""What stands in front of every request: limits of its body, headers that keep pages safe."""

import asyncio
import time
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from synner_graph.serving.limits import Limits

HEADERS = {
    # Nothing comes from anywhere else or goes there, and no script but ours is run.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Guard:
    """Middleware of ASGI.

    Args:
        app: What it guards.
        limits: How large a body may be, and how long it may take to come.
        told: Called with path, status and seconds of every request.
    """

    def __init__(
        self, app: ASGIApp, limits: Limits, told: Callable[[str, int, float], None]
    ) -> None:
        self.app = app
        self.limits = limits
        self.told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.monotonic()
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if status in (408, 413):  # the rest of the body is not read
                    headers["Connection"] = "close"
            await send(message)

        try:
            await self.app(scope, self._measured(receive), answer)
        finally:
            route = scope.get("route")
            path = getattr(route, "path", "other")
            self.told(path, status, time.monotonic() - began)

    def _measured(self, receive: Receive) -> Receive:
        """Return what receives a body that keeps to the limits."""
        size, is_whole = 0, False
        until = time.monotonic() + self.limits.seconds

        async def measured() -> Message:
            nonlocal size, is_whole
            if is_whole:  # what comes now is that the client has gone
                return await receive()
            try:
                async with asyncio.timeout(until - time.monotonic()):
                    message = await receive()
            except TimeoutError as error:
                raise HTTPException(
                    408, f"the request did not come within {self.limits.seconds:g} seconds"
                ) from error
            size += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if size > self.limits.body_bytes:
                raise HTTPException(
                    413, f"expected a request of at most {self.limits.body_bytes} bytes, got more"
                )
            return message

        return measured
