"""Texts of others in Markdown, as text.

Names of groups come from the CRM: whatever could be markup in them is made harmless, so that
nobody who fills in a form there can put a link or an image before a reviewer, or turn the
direction of what stands beside it.
"""

import re

_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#|~!&:/@$^?])")
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_JOINER = "\N{WORD JOINER}"  # shows as nothing; addresses are made links whatever is escaped


def plain(text: str) -> str:
    """A text that Markdown shows as it is, on one line."""
    return _MARKUP.sub(r"\\\1", _ADDRESS.sub(_JOINER, _one_line(text)))


def bare(text: str, width: int) -> str:
    """A text for a code block, on one line of at most ``width`` characters, without markup."""
    left = _ADDRESS.sub(_JOINER, _MARKUP.sub(" ", _one_line(text)))
    return left if len(left) <= width else left[: width - 1] + "…"


def _one_line(text: str) -> str:
    return " ".join(_DIRECTION.sub("", text).split())
