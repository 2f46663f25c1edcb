"""Text from elsewhere, made safe for the place it is shown in."""

import unicodedata

_LONGEST_NAME = 80
_LONGEST_SENTENCE = 500


def plain(text: str, longest: int = _LONGEST_NAME) -> str:
    """Text from the data, on one line: shortened, and without control or direction marks."""
    kept = "".join(
        "\ufffd" if unicodedata.category(char)[0] == "C" or char in "\u2028\u2029" else char
        for char in text[: longest + 1]
    )
    return kept if len(kept) <= longest else f"{kept[: longest - 1]}…"


def plain_sentence(text: str) -> str:
    """A sentence that another step wrote, made safe to show on one line."""
    return plain(text, _LONGEST_SENTENCE)
