"""A script of faults: which request goes wrong, and how.

``[{"match": "GET /services/.*/results", "nth": 2, "action": {"status": 401, "json": […]}}]``: the
second request that matches is answered with that. ``nth`` counts from 1; 0 means every one.
Actions:

=====================  ================================================================
status, json/text      this answer instead, with ``headers`` if there are any
cut                    ``border`` or ``inside``: the body ends early, without a sign
break                  the connection ends within the body
drip                   the body comes in small pieces, so many seconds apart
do                     a method of the vendor's state is called first (``expire_tokens``)
=====================  ================================================================
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


@dataclass
class Fault:
    """One line of the script, and how often it has matched."""

    match: str
    nth: int
    action: Mapping[str, Any]
    seen: int = 0

    def strikes(self, request: str) -> bool:
        """True if this request is the one."""
        if not re.search(self.match, request):
            return False
        self.seen += 1
        return self.nth in (0, self.seen)


class FaultyApp:
    """An ASGI app that follows a script of faults and otherwise does what it should."""

    def __init__(self, app: App, state: object) -> None:
        self._app, self._state = app, state
        self._script: list[Fault] = []
        self.requests: list[str] = []

    def follow(self, script: Sequence[Mapping[str, Any]]) -> None:
        """Forget what was, and follow this script from now on."""
        self._script = [
            Fault(each["match"], int(each.get("nth", 1)), each["action"]) for each in script
        ]
        self.requests.clear()

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: Receive, send: Send
    ) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        query = scope.get("query_string", b"").decode()
        request = f"{scope['method']} {scope['path']}" + (f"?{query}" if query else "")
        self.requests.append(request)
        # All of them count this request, also those that do not strike.
        striking = [each for each in self._script if each.strikes(request)]
        if not striking:
            await self._app(scope, receive, send)
            return
        action = striking[0].action
        if "do" in action:
            getattr(self._state, action["do"])(*action.get("with", ()))
        if "status" in action:
            await _answer(action, send)
        elif "cut" in action or "break" in action or "drip" in action:
            await self._app(scope, receive, _Spoilt(send, action).send)
        else:
            await self._app(scope, receive, send)


async def _answer(action: Mapping[str, Any], send: Send) -> None:
    body = json.dumps(action["json"]) if "json" in action else action.get("text", "")
    kind = "application/json" if "json" in action else "text/html"
    headers = {"content-type": kind} | dict(action.get("headers", {}))
    await send(
        {
            "type": "http.response.start",
            "status": action["status"],
            "headers": [(name.encode(), str(value).encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body.encode()})


class _Spoilt:
    """Passes an answer on, spoilt."""

    def __init__(self, send: Send, action: Mapping[str, Any]) -> None:
        self._send, self._action = send, action
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body") or self._start is None:
            return
        whole, start = self._body, self._start
        if "drip" in self._action:
            await self._send(start)
            step = max(len(whole) // 8, 1)
            for at in range(0, len(whole), step):
                await asyncio.sleep(float(self._action["drip"]))
                piece = {"type": "http.response.body", "body": whole[at : at + step]}
                await self._send({**piece, "more_body": True})
            await self._send({"type": "http.response.body", "body": b""})
            return
        cut = _cut(whole, inside="break" in self._action or self._action.get("cut") == "inside")
        if "break" not in self._action:
            start["headers"] = [
                (name, str(len(cut)).encode() if name.lower() == b"content-length" else value)
                for name, value in start["headers"]
            ]
        await self._send(start)
        await self._send({"type": "http.response.body", "body": cut, "more_body": True})
        if "break" in self._action:
            raise ConnectionResetError("the script says so")
        await self._send({"type": "http.response.body", "body": b""})


def _cut(body: bytes, *, inside: bool) -> bytes:
    """The first half of a body, up to the end of a row or into the next one."""
    middle = body.rfind(b'"\n', 0, len(body) // 2) + 2
    return body[: middle + 7] if inside else body[:middle]
