"""Who decisions are about: sums over subjects, resamples of subjects."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairness_audit.steps.measure.counting.counts import cell_of
from fairness_audit.steps.measure.counting.people import SubjectKinds, Subjects
from fairness_audit.steps.measure.counting.scan import subject_kinds
from tests.builders.populations import SQL

GROUPS = ("f", "m", "unknown")
Row = tuple[str, str | None, bool | None, bool]
"""Subject, group, outcome, selected."""

rows = st.lists(
    st.tuples(
        st.sampled_from("abcdefg"),
        st.sampled_from(("f", "m", None)),
        st.sampled_from((True, False, None)),
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
)


def kinds_of(given_rows: list[Row], folder: Path) -> SubjectKinds:
    subject, group, outcome, selected = zip(*given_rows, strict=True)
    table = pa.table(
        {
            "subject": pa.array(subject, pa.string()),
            "attr_g": pa.array(group, pa.string()),
            "outcome": pa.array(outcome, pa.bool_()),
            "selected": pa.array(selected, pa.bool_()),
        }
    )
    path = folder / "population.parquet"
    pq.write_table(table, path)
    return SubjectKinds(subject_kinds(path, sql=SQL, folder=folder / "run"), 0.95)


def people_of(given_rows: list[Row], folder: Path) -> Subjects:
    return kinds_of(given_rows, folder).within(["attr_g"], GROUPS)


def by_hand(given_rows: list[Row]) -> np.ndarray:
    """Subjects, groups and cells, counted row by row."""
    subjects = sorted({row[0] for row in given_rows})
    found = np.zeros((len(subjects), len(GROUPS), 6))
    for subject, group, outcome, selected in given_rows:
        place = subjects.index(subject), GROUPS.index(group or "unknown")
        found[(*place, cell_of(outcome, selected))] += 1
    return found


@given(rows)
@settings(max_examples=40)
def test_sums_over_subjects_are_those_of_every_subject(
    tmp_path_factory: pytest.TempPathFactory, given_rows: list[Row]
) -> None:
    folder = tmp_path_factory.mktemp("people")
    kinds, each = kinds_of(given_rows, folder), by_hand(given_rows)
    people = kinds.within(["attr_g"], GROUPS)
    everywhere = each.sum(axis=1, keepdims=True)
    assert kinds.subjects == len(each)
    assert kinds.most == everywhere.sum(axis=-1).max()
    for found, cells in (
        (people.own, each),
        (people.rest, everywhere - each),
        (people.everybody, everywhere),
    ):
        assert np.array_equal(found.cells, np.einsum("sgi,sgj->gij", cells, cells))
        assert np.array_equal(found.subjects, (cells.sum(axis=-1) > 0).sum(axis=0))
    assert np.array_equal(
        people.with_everybody,
        np.einsum("sgi,sgj->gij", each, np.broadcast_to(everywhere, each.shape)),
    )
    assert people.in_several == ((each.sum(axis=-1) > 0).sum(axis=1) > 1).sum()


@given(rows)
@settings(max_examples=10)
def test_resamples_are_of_whole_subjects(
    tmp_path_factory: pytest.TempPathFactory, given_rows: list[Row]
) -> None:
    """On average they are the sample; their covariances are those of its subjects."""
    people = people_of(given_rows, tmp_path_factory.mktemp("people"))
    each = by_hand(given_rows).reshape(-1, 18)
    again = people.resampled(4000, np.random.default_rng(3)).reshape(4000, -1)
    spread = each.T @ each - np.outer(each.sum(axis=0), each.sum(axis=0)) / len(each)
    error = np.sqrt(np.diag(spread).clip(0) / 4000)
    assert np.all(np.abs(again.mean(axis=0) - each.sum(axis=0)) <= 6 * error + 1e-9)
    size = np.sqrt(np.outer(np.diag(spread), np.diag(spread)).clip(0))
    assert np.all(np.abs(np.cov(again.T) - spread) <= 0.25 * size + 1e-6)


def test_resamples_are_the_same_whatever_is_drawn_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some: list[Row] = [("a", "f", True, True), ("a", "f", None, False), ("b", "m", True, True)]
    people = people_of(some * 2, tmp_path)
    at_once = people.resampled(50, np.random.default_rng(1))
    monkeypatch.setattr("fairness_audit.steps.measure.counting.people._AT_ONCE", 7)
    assert np.array_equal(people.resampled(50, np.random.default_rng(1)), at_once)
