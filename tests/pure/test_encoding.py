"""YAML of strangers: plain data, or refused before it costs anything."""

import pytest
import yaml

from fairness_audit.encoding import read_yaml

LAUGHS = b"a: &a [x, x, x, x, x, x, x, x, x, x]\n" + b"".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n".encode()
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
"""A file of some hundred bytes that says x a billion times."""


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "content",
    [
        LAUGHS,
        b"&a [*a]",
        b"x: &a {}\n" * 100_000,
        b"[" * 5_000 + b"]" * 5_000,
        b"when: 2026-13-45",
        b"!!python/object/apply:os.system [ls]",
        b"{unclosed",
        b"? [a]\n: b",
    ],
    ids=["laughs", "itself", "anchors", "deep", "no date", "code", "unclosed", "list as key"],
)
def test_what_is_no_plain_data_is_refused(content: bytes) -> None:
    with pytest.raises(yaml.YAMLError):
        read_yaml(content)


def test_what_is_said_again_by_reference_is_read() -> None:
    """As writers of YAML do where a value is there twice."""
    assert read_yaml(b"a: &x [1, 2]\nb: *x\n") == {"a": [1, 2], "b": [1, 2]}
