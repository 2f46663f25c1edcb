"""Exact thresholds: `4/5` is four fifths, not the nearest float to 0.8."""

import re
from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_WRITTEN = re.compile(r"-?\d{1,9}(/[1-9]\d{0,8})?")


def parse_fraction(written: object) -> Fraction:
    """Read ``4/5`` or a whole number; floats are refused because they are not exact."""
    if isinstance(written, Fraction):
        return written
    if isinstance(written, int) and not isinstance(written, bool):
        return Fraction(written)
    if isinstance(written, str) and _WRITTEN.fullmatch(written.strip()):
        return Fraction(written.strip())
    raise ValueError(f"{written!r} is not an exact fraction; write it as 4/5")


def write_fraction(fraction: Fraction) -> str:
    """The canonical spelling: lowest terms, whole numbers without a denominator."""
    return str(fraction)


ExactFraction = Annotated[
    Fraction,
    BeforeValidator(parse_fraction),
    PlainSerializer(write_fraction, return_type=str),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^-?\d{1,9}(/[1-9]\d{0,8})?$"},
                {"type": "integer"},
            ],
            "format": "exact-fraction",
            "description": "An exact fraction such as 4/5. Decimals are refused.",
        }
    ),
]
