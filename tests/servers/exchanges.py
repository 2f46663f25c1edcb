"""Requests to an app as they came, and its answers as they went."""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fairness_audit.demo.vendors.faults import App, Message, Receive, Send


class Answer(NamedTuple):
    """An answer, whole."""

    status: int
    headers: dict[str, str]
    body: bytes


class Exchange(NamedTuple):
    """A request and its answer."""

    method: str
    path: str
    query: str
    body: bytes
    answer: Answer


async def answered(app: App, scope: MutableMapping[str, Any], receive: Receive) -> Answer:
    """What an app answers to a request."""
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, keep)
    start, *rest = messages
    headers = {name.decode().title(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], headers, b"".join(each.get("body", b"") for each in rest))


async def sent(answer: Answer, send: Send) -> None:
    """Send an answer, whatever its length was before."""
    headers = answer.headers | {"Content-Length": str(len(answer.body))}
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": answer.body})


@dataclass
class Recorded:
    """An ASGI app that keeps every exchange."""

    app: App
    exchanges: list[Exchange] = field(default_factory=list)

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: Receive, send: Send
    ) -> None:
        body = b""

        async def heard() -> Message:
            nonlocal body
            message = await receive()
            body += message.get("body", b"")
            return message

        answer = await answered(self.app, scope, heard)
        query = scope["query_string"].decode()
        self.exchanges.append(Exchange(scope["method"], scope["path"], query, body, answer))
        await sent(answer, send)
