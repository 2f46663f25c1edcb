"""A vendor's answers are as documented, or the message says where they are not."""

from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import Field

from fairness_audit.sources.web.answers import (
    Shape,
    Transient,
    Visible,
    Whole,
    code_in,
    json_of,
    shaped,
)


class Job(Shape):
    id: Visible
    rows: Whole | None = None


class Jobs(Shape):
    data: list[Job] = Field(min_length=1)
    names: dict[str, str | None] = Field(default_factory=dict)


def answer(content: bytes) -> httpx.Response:
    return httpx.Response(200, content=content)


def test_what_nobody_asked_for_is_let_through() -> None:
    found = shaped({"data": [{"id": "7", "rows": 3, "new": []}], "info": 1}, Jobs)
    assert found.data[0].rows == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "data: missing"),
        ([], "all of it: model type"),
        (None, "all of it: model type"),
        ({"data": {}}, "data: list type"),
        ({"data": []}, "data: too short"),
        ({"data": [{"id": "7"}, {}]}, "data[1].id: missing"),
        ({"data": [{"id": 7}]}, "data[0].id: string type"),
        ({"data": [{"id": "a b"}]}, "data[0].id: string pattern mismatch"),
        ({"data": [{"id": "7", "rows": "3"}]}, "data[0].rows: int type"),
        ({"data": [{"id": "7", "rows": True}]}, "data[0].rows: int type"),
        ({"data": [{"id": "7", "rows": -1}]}, "data[0].rows: greater than equal"),
        ({"data": [{"id": "7"}], "names": {"canary of a row": 1}}, "names.…: string type"),
    ],
)
def test_what_is_otherwise_is_named_by_its_place_and_not_by_its_value(
    content: Any, said: str
) -> None:
    with pytest.raises(Transient) as caught:
        shaped(content, Jobs)
    assert str(caught.value) == f"an answer that is not as documented: {said}"


def test_numbers_keep_all_of_their_digits() -> None:
    content = b'{"a": 12345678901234567.89, "b": 12345678901234567890123}'
    assert json_of(answer(content)) == {
        "a": Decimal("12345678901234567.89"),
        "b": 12345678901234567890123,
    }
    assert json_of(answer(b"")) is None


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": 1', b"<html>", b"\xff\xfe\xff", b'{"a": NaN}', b'{"a": Infinity}', b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}", b'{"a": 1e99999999999999999999}',
    ],
)  # fmt: skip
def test_what_is_no_json_is_asked_for_again(content: bytes) -> None:
    with pytest.raises(Transient, match="an answer that is not JSON"):
        json_of(answer(content))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"code": "NO_PERMISSION"}', "NO_PERMISSION"),
        (b'{"data": [{"code": "INVALID_DATA"}]}', "INVALID_DATA"),
        (b'{"code": "the lead Jane Doe is there"}', None),
        (b'{"code": 7, "data": {"code": "x"}}', None),
        (b'{"data": []}', None),
        (b"[]", None),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_a_code_is_found_where_there_is_one_and_a_sentence_is_none(
    content: bytes, code: str | None
) -> None:
    assert code_in(answer(content), [["code"], ["data", 0, "code"]]) == code
