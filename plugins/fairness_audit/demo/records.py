"""Parts that several CRM tables share: who a record is about, remarks, amounts."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairness_audit.demo import defects
from fairness_audit.demo.columns import (
    Bools,
    Floats,
    Ints,
    Times,
    Words,
    happens,
    nullable,
)
from fairness_audit.demo.people import People
from fairness_audit.demo.timeline import TODAY, moment
from fairness_audit.demo.wording import COMPANY_FORMS, COMPANY_STEMS, NASTY_REMARKS, REMARKS

Columns = dict[str, pa.Array]

USERS = 60
COMPANIES = tuple(f"{stem} {form}" for stem in COMPANY_STEMS for form in COMPANY_FORMS)


def respondent_ids(people: People) -> pa.Array:
    """The id under which a person is invited to the survey; NULL without an e-mail address."""
    digits = pc.utf8_lpad(pa.array(people.number).cast(pa.string()), 10, "0")
    ids = pc.binary_join_element_wise("R", digits, "")
    return pc.if_else(pa.array(people.reachable), ids, pa.scalar(None, pa.string()))


def identity(people: People, entered_again: Bools) -> Columns:
    """Who the record is about; a second record of a person has the address in capitals."""
    first, last = people.first_name.text(), people.last_name.text()
    number = pa.array(people.number).cast(pa.string())
    box = pc.utf8_lower(pc.binary_join_element_wise(first, number, "."))
    email = pc.binary_join_element_wise(box, "example.org", "@")
    email = pc.if_else(pa.array(entered_again), pc.utf8_upper(email), email)
    return {
        "survey_respondent_id": respondent_ids(people),
        "salutation": people.salutation.text(),
        "first_name": first,
        "last_name": last,
        "email": pc.if_else(pa.array(people.reachable), email, pa.scalar(None, pa.string())),
    }


def erased(columns: Columns, rows: Bools) -> Columns:
    """The same columns, empty at these rows."""
    gone = pa.array(rows)
    return {
        name: pc.if_else(gone, pa.scalar(None, column.type), column)
        for name, column in columns.items()
    }


def postcodes(rng: np.random.Generator, people: People) -> pa.Array:
    """Five digits, kept as text: the first two are the district and may begin with 0."""
    street = pc.utf8_lpad(
        pa.array(rng.integers(0, 1000, len(people.number))).cast(pa.string()), 3, "0"
    )
    return pc.binary_join_element_wise(people.district.text(), street, "")


def remarks(rng: np.random.Generator, size: int) -> pa.Array:
    """Free text: mostly none, mostly harmless."""
    codes = rng.integers(len(REMARKS), size=size, dtype=np.int16)
    odd = len(REMARKS) + rng.integers(len(NASTY_REMARKS), size=size, dtype=np.int16)
    codes = np.where(happens(rng, defects.NASTY_REMARKS, size), odd, codes)
    words = Words(codes.astype(np.int16), (*REMARKS, *NASTY_REMARKS))
    return words.without(~happens(rng, defects.REMARKS, size)).text()


def amounts(values: Floats) -> pa.Array:
    """Money as numeric(12, 2)."""
    cents = np.round(values * 100).astype(np.int64)
    # A decimal is 128 bits, low word first; the high word repeats the sign.
    words = np.stack([cents, cents >> 63], axis=1)
    buffers = [None, pa.py_buffer(np.ascontiguousarray(words))]
    return pa.Array.from_buffers(pa.decimal128(12, 2), len(cents), buffers)


def some_of(rng: np.random.Generator, last: int, size: int, without: float = 0.0) -> pa.Array:
    """References to rows 1 to ``last`` of another table, a share of them NULL."""
    ids: Ints = rng.integers(1, last + 1, size)
    return nullable(ids, happens(rng, without, size))


def until_today(times: Times) -> Times:
    """What has not happened yet becomes NaT."""
    return np.where(times <= moment(TODAY), times, np.datetime64("NaT"))


def numbered(size: int, first: int = 1) -> pa.Array:
    """Ids counted from ``first``."""
    return pa.array(np.arange(first, first + size))
