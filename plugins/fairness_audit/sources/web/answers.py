"""A vendor's answers in the shapes its documentation declares, parsed strictly.

What is otherwise is named by its place in the answer (``data[0].details.id``) and never by its
value, which may be a row's.
"""

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, NoReturn, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

_PLAIN = re.compile(r"[\w.()$-]{1,64}", re.ASCII)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.]{1,60}")
_WORDS = re.compile(r"[A-Za-z_ ]{1,60}")

Places = Sequence[Sequence[str | int]]
"""Where something may stand in an answer: ``[["code"], ["data", 0, "code"]]``."""


class Transient(Exception):
    """Worth asking again; ``retry_after`` is what the server asked for, in seconds."""

    def __init__(self, fault: str, retry_after: float | None = None) -> None:
        super().__init__(fault)
        self.retry_after = retry_after


class Shape(BaseModel):
    """An object of an answer. It may have fields that nobody asked for; no type is guessed."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


Shaped = TypeVar("Shaped", bound=Shape)

Whole = Annotated[int, Field(ge=0)]
"""A number of rows."""

Visible = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,8192}$")]
"""What goes back to the server in an address or a header: visible ASCII."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
"""What becomes one part of an address's path."""

Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_ ]{0,60}$")]
"""A vendor's own word for a state or a type, which messages repeat."""

Record = dict[str, Any]
"""A row as JSON has it; its values are parsed by the types of their fields."""


def shaped(content: Any, shape: type[Shaped]) -> Shaped:
    """The content of an answer in its shape.

    Raises:
        Transient: something is missing, or of another type; the message says where.
    """
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        fault = first["type"].replace("_", " ")
        raise Transient(f"an answer that is not as documented: {_place(first)}: {fault}") from None


def json_of(answer: httpx.Response) -> Any:
    """The JSON of an answer, None of an empty one; numbers keep all of their digits.

    Raises:
        Transient: it is no JSON.
    """
    if not answer.content:
        return None
    try:
        return json.loads(answer.content, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, ArithmeticError, RecursionError):
        raise Transient("an answer that is not JSON") from None


def whole_in(headers: httpx.Headers, name: str) -> int:
    """The number of rows that a header tells.

    Raises:
        Transient: there is none.
    """
    told = headers.get(name, "")
    if not (told.isascii() and told.isdecimal()):
        raise Transient(f"an answer without its header {name}")
    return int(told)


def code_in(answer: httpx.Response, places: Places, *, in_words: bool = False) -> str | None:
    """The error code of an answer, at the first of these places that has one.

    With ``in_words`` it may have spaces, as codes of logins do, and no digits then.
    """
    try:
        content = json_of(answer)
    except Transient:
        return None
    pattern = _WORDS if in_words else _CODE
    found = (_text_at(content, place) for place in places)
    return next((code for code in found if code is not None and pattern.fullmatch(code)), None)


def _text_at(content: Any, place: Sequence[str | int]) -> str | None:
    for part in place:
        if isinstance(part, str):
            content = content.get(part) if isinstance(content, dict) else None
        else:
            content = content[part] if isinstance(content, list) and part < len(content) else None
    return content if isinstance(content, str) else None


def _place(fault: Any) -> str:
    """Where in the answer: names as vendors give them, and nothing else that an answer holds."""
    place = ""
    for part in fault["loc"]:
        if isinstance(part, int):
            place += f"[{part}]"
        else:
            place += f".{part if _PLAIN.fullmatch(part) else '…'}"
    return place.lstrip(".") or "all of it"


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
