"""Batches of any size into pages of a size that suits a file."""

from collections.abc import Iterator

import pyarrow as pa

from fairness_audit.sources import Page

_PAGE_BYTES = 8 << 20
_PAGE_ROWS = 65_536


def in_pages(batches: Iterator[pa.RecordBatch]) -> Iterator[Page]:
    """Join small batches until a page has about 8 MiB, or 65,536 rows."""
    kept: list[pa.RecordBatch] = []
    for batch in batches:
        kept.append(batch)
        is_full = sum(each.nbytes for each in kept) >= _PAGE_BYTES
        if is_full or sum(each.num_rows for each in kept) >= _PAGE_ROWS:
            yield _page(kept)
            kept = []
    if kept:
        yield _page(kept)


def _page(batches: list[pa.RecordBatch]) -> Page:
    return Page(pa.concat_batches(batches))
