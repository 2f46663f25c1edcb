"""A vendor's API one of whose answers is not what it should be.

A mutation is of one kind of request, its ids left out: ``GET /crm/bulk/v8/read/*``. It changes a
node of the JSON, the bytes, or a header, each time it is asked or the first time only.
"""

import gzip
import json
import re
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fairness_audit.demo.vendors.faults import App, Receive, Send
from tests.servers.exchanges import Answer, answered, sent

Place = tuple[str | int, ...]
_ID = re.compile(r"/(\d{6,}|750\d+|0r8[\d-]+)(?=/|$)")
_GONE = object()

RETYPED: dict[type, tuple[Any, ...]] = {
    str: (_GONE, None, 7, True, [], {}, ""),
    bool: (_GONE, None, "maybe", 7, [], {}),
    int: (_GONE, None, "many", -1, 1.5, True, 10**30, [], {}),
    float: (_GONE, None, "many", True, [], {}),
    list: (_GONE, None, "text", 7, {}, [], [None], [[]]),
    dict: (_GONE, None, "text", 7, [], {}, [{}]),
    type(None): (_GONE, 7, "text", [], {}),
}
"""What may stand in the place of a value of a type."""

BYTES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda body: b"",
    "null": lambda body: b"null",
    "a list": lambda body: b"[]",
    "a text": lambda body: b'"text"',
    "a page of the portal": lambda body: b"<html><body>busy</body></html>",
    "no text": lambda body: b"\xff\xfe\x00\xd8" + body[4:],
    "nested without end": lambda body: b"[" * 50_000,
    "cut at once": lambda body: body[:1],
    "cut in the middle": lambda body: body[: len(body) // 2],
    "cut at its end": lambda body: body[:-2],
    "twice": lambda body: body + body,
    "a byte that is another": lambda body: body[: len(body) // 2] + b"\x00" + body[1:],
}
"""What may become of the bytes of an answer."""


class Mutation(NamedTuple):
    """One change of the answers to one kind of request; ``place`` is empty for bytes."""

    route: str
    name: str
    place: Place
    change: Any
    is_lasting: bool = True

    def __str__(self) -> str:
        said = "gone" if self.change is _GONE else self.name
        return f"{self.route} {'.'.join(map(str, self.place))} {said} {self.is_lasting}"


@dataclass
class Mutating:
    """An ASGI app whose answers one mutation changes; it keeps the first answer of each route."""

    app: App
    mutation: Mutation | None = None
    seen: dict[str, Answer] = field(default_factory=dict)
    struck: int = 0

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: Receive, send: Send
    ) -> None:
        route = f"{scope['method']} {_ID.sub('/*', scope['path'])}"
        answer = await answered(self.app, scope, receive)
        self.seen.setdefault(route, answer)
        mutation = self.mutation
        if mutation is not None and mutation.route == route:
            if mutation.is_lasting or not self.struck:
                answer = _mutated(answer, mutation)
            self.struck += 1
        await sent(answer, send)


def _mutated(answer: Answer, mutation: Mutation) -> Answer:
    if mutation.name == "header":
        (name,) = mutation.place
        headers = {each: value for each, value in answer.headers.items() if each != name}
        added = {} if mutation.change is _GONE else {str(name): mutation.change}
        return answer._replace(headers=headers | added)
    if mutation.name == "garbled gzip":
        headers = answer.headers | {"Content-Encoding": "gzip"}
        return answer._replace(headers=headers, body=mutation.change(answer.body))
    if not mutation.place:
        return answer._replace(body=mutation.change(answer.body))
    content = json.loads(answer.body or b"null")
    _put(content, mutation.place, mutation.change)
    return answer._replace(body=json.dumps(content).encode())


def _put(content: Any, place: Place, change: Any) -> None:
    """Change the node, if this answer has one there."""
    *above, last = place
    for part in above:
        if not _has(content, part):
            return
        content = content[part]
    if not _has(content, last):
        return
    if change is _GONE:
        del content[last]
    else:
        content[last] = change


def _has(content: Any, part: str | int) -> bool:
    if isinstance(part, str):
        return isinstance(content, dict) and part in content
    return isinstance(content, list) and part < len(content)


def mutations(seen: dict[str, Answer]) -> Iterator[Mutation]:
    """Every mutation of the answers that were seen; those of bytes and headers also once."""
    for route, answer in seen.items():
        yield from _of_bytes(route, answer)
        yield from (each._replace(is_lasting=False) for each in _of_bytes(route, answer))
        yield from _of_nodes(route, answer)


def _of_bytes(route: str, answer: Answer) -> Iterator[Mutation]:
    for name, change in BYTES.items():
        yield Mutation(route, name, (), change)
    packed = "garbled gzip"
    yield Mutation(route, packed, (), lambda body: body)
    yield Mutation(route, packed, (), lambda body: gzip.compress(body)[: len(body) // 2])
    yield Mutation(route, packed, (), lambda body: gzip.compress(body)[:-9] + b"\x00" * 9)
    for name in answer.headers:
        if name.startswith("Sforce") or name == "Date":
            for value in (_GONE, "", "-1", "1.5", "many", "é", "9" * 30):
                yield Mutation(route, "header", (name,), value)


def _of_nodes(route: str, answer: Answer) -> Iterator[Mutation]:
    try:
        content = json.loads(answer.body)
    except ValueError:
        return
    for place, value in _nodes(content, ()):
        for change in RETYPED[type(value)]:
            if change is _GONE or change != value or type(change) is not type(value):
                yield Mutation(route, f"{type(value).__name__} {change!r:.20}", place, change)


def _nodes(content: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """Every node below the top; of a list its last element."""
    if place:
        yield place, content
    if isinstance(content, dict):
        for name, value in content.items():
            yield from _nodes(value, (*place, name))
    elif isinstance(content, list) and content:
        yield from _nodes(content[-1], (*place, len(content) - 1))
