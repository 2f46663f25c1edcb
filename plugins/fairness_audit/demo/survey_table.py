"""The self-identification survey: voluntary, by e-mail, answered by about three in four.

About 70 % of all people gave an answer that can be used; the others were not invited, did not
answer, or answered 'prefer not to say', 'unknown' or nothing. Some answered twice: the last
answer counts. Who answers does not depend on any group.
"""

import numpy as np
import pyarrow as pa

from fairness_audit.demo.columns import (
    DAY,
    MINUTE,
    Bools,
    Times,
    Words,
    generator,
    happens,
    timestamps,
)
from fairness_audit.demo.people import People
from fairness_audit.demo.records import numbered, remarks, respondent_ids
from fairness_audit.demo.timeline import TODAY, moment

ANSWERS = 0.765  # of those invited
SILENT_BUT_LISTED = 0.5  # of those who did not answer: a row with nothing but the invitation
ANSWERS_TWICE = 0.03  # of those who answered

DECLINED = "prefer not to say"
HOW_ANSWERED = {"answer": 0.94, DECLINED: 0.03, "unknown": 0.02, "": 0.01}

_SPELLINGS = {
    "F": {"female": 0.7, "Female": 0.2, "F": 0.1},
    "M": {"male": 0.7, "Male": 0.2, "M": 0.1},
    "X": {"non-binary": 0.8, "Non-binary ": 0.1, "X": 0.1},
    "18-29": {"18-29": 1.0},
    "30-49": {"30-49": 1.0},
    "50-64": {"50-64": 1.0},
    "65+": {"65+": 0.8, "65 and older": 0.2},
    "Arden": {"Arden": 0.9, "arden": 0.1},
    "Belmar": {"Belmar": 0.9, "belmar": 0.1},
    "Corvo": {"Corvo": 0.9, "corvo": 0.1},
}


def survey_table(seed: int, part: str, people: People, first_response: int) -> pa.Table:
    """``survey.self_identification`` of these people, each given once."""
    rng = generator(seed, f"survey of {part}")
    invited = people.take(np.flatnonzero(people.reachable))
    answers = happens(rng, ANSWERS, len(invited.number))
    listed = answers | happens(rng, SILENT_BUT_LISTED, len(answers))
    twice = answers & happens(rng, ANSWERS_TWICE, len(answers))
    rows = np.concatenate([np.flatnonzero(listed), np.flatnonzero(twice)])
    silent = ~answers[rows]
    earlier = np.arange(len(rows)) >= listed.sum()
    return _responses(rng, invited.take(rows), silent, earlier, first_response)


def _responses(
    rng: np.random.Generator, people: People, silent: Bools, earlier: Bools, first: int
) -> pa.Table:
    size = len(silent)
    last = moment(TODAY) - rng.integers(60, 300 * 24 * 60, size) * MINUTE
    # Somebody who answered twice declined at first, long before.
    when: Times = np.where(earlier, last - 400 * DAY, last)
    declined = {"declined": earlier, "silent": silent}
    return pa.table(
        {
            "response_id": numbered(size, first),
            "respondent_id": respondent_ids(people),
            "gender": _answer(rng, people.gender, **declined),
            "age_band": _answer(rng, people.age_band, **declined),
            "ethnic_group": _answer(rng, people.ethnic_group, **declined),
            "answered_at": timestamps(np.where(silent, np.datetime64("NaT"), when)),
            "remark": remarks(rng, size),
        }
    )


def _answer(rng: np.random.Generator, truth: Words, declined: Bools, silent: Bools) -> pa.Array:
    shares = {word: _SPELLINGS[word] for word in truth.words}
    answer = Words.draw_by(rng, truth, shares)
    how = Words.draw(rng, HOW_ANSWERED, len(truth))
    words = (*answer.words, DECLINED, "unknown")
    codes = np.where(how.among("unknown"), np.int16(len(words) - 1), answer.codes)
    codes = np.where(how.among(DECLINED) | declined, np.int16(len(words) - 2), codes)
    return Words(codes, words).without(silent | (how.among("") & ~declined)).text()
