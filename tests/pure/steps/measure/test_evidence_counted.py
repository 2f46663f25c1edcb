"""What an audit counts by calendar units, against the same decisions counted one by one."""

import random
import stat
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from fairness_audit.errors import MeasurementError
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.evidence import Evidence, digest_of_content
from fairness_audit.records.population import Scoring
from fairness_audit.steps.measure import measure
from fairness_audit.steps.measure.counting import subjects
from fairness_audit.steps.measure.counting.by_unit import People
from fairness_audit.steps.measure.counting.evidence import evidence_of
from fairness_audit.steps.measure.counting.scan import group_counts
from tests.builders.dated import Decided, after, counted_by_hand, dated_population
from tests.builders.populations import SQL, policy_over

RULES = [
    {"id": "share", "metric": "impact_ratio", "compare": "ratio", "threshold": "4/5"},
    {"id": "reach", "metric": "false_negative_rate", "compare": "difference", "threshold": "1/10"},
]
WINDOW = after(-3.5), after(31.25)
"""Four weeks, with a part of one before and one after them."""


def a_policy(**changes: Any) -> AuditPolicy:
    content: dict[str, Any] = {
        "rules": RULES,
        "strata": ["segment"],
        "intersections": [["age", "gender"]],
        "subgroup_search": {"depth": 3},
    }
    return policy_over({"gender": "M", "age": "30", "region": "N"}, **(content | changes))


def made_up(people: int, decisions: int, *, moving: float = 0.1, seed: int = 1) -> list[Decided]:
    """Decisions about people who are met again; some of them move to other groups."""
    draw = random.Random(seed)
    values = {
        "gender": ["F", "M", "unknown"],
        "age": ["18", "30", "unknown"],
        "region": ["N", "S"],
        "segment": ["smb", "big"],
    }
    own = [{name: draw.choice(each) for name, each in values.items()} for _ in range(people)]
    found = []
    for _ in range(decisions):
        person = draw.randrange(people)
        groups = dict(own[person])
        if draw.random() < moving:
            name = draw.choice(list(values))
            groups[name] = draw.choice(values[name])
        found.append(
            Decided(
                at=after(draw.uniform(-5, 33)),
                subject=f"s{person}",
                selected=draw.random() < 0.4,
                outcome=draw.choice([True, False, False, None]),
                groups=groups,
            )
        )
    return found


def counted(
    folder: Path,
    policy: AuditPolicy,
    decisions: list[Decided],
    *,
    window: tuple[datetime, datetime] = WINDOW,
    counts_from: datetime | None = None,
    **population: Any,
) -> Evidence:
    given = dated_population(folder, policy, decisions, window, **population)
    group_counts(given.path, sql=SQL, folder=folder)
    found = evidence_of(policy, given, window, sql=SQL, folder=folder, counts_from=counts_from)
    assert Evidence.read(found.content) == found
    return found


def test_the_step_writes_it_for_its_owner_alone(tmp_path: Path) -> None:
    policy, made = a_policy(), made_up(25, 200)
    given = dated_population(tmp_path, policy, made, WINDOW)
    file = measure(policy, given, sql=SQL, folder=tmp_path / "run", counts_from=after(1))
    assert file.evidence == tmp_path / "run" / "evidence.json"
    content = file.evidence.read_bytes()
    assert file.evidence_digest == digest_of_content(content)
    assert stat.S_IMODE(file.evidence.stat().st_mode) == 0o600
    assert Evidence.read(content) == counted_by_hand(policy, made, WINDOW, counts_from=after(1))


def test_decisions_of_no_window_are_no_evidence(tmp_path: Path) -> None:
    policy = a_policy()
    given = dated_population(tmp_path, policy, made_up(9, 90), WINDOW, window_start=None)
    file = measure(policy, given, sql=SQL, folder=tmp_path / "run")
    assert (file.evidence, file.evidence_digest) == (None, None)
    assert not (tmp_path / "run" / "evidence.json").exists()


GROUPS = {"gender": "F", "age": "30", "region": "N", "segment": "smb"}


def once(at: datetime, subject: str = "s", **changes: Any) -> Decided:
    return Decided(at=at, subject=subject, **({"selected": True, "groups": GROUPS} | changes))


@pytest.mark.parametrize("unit", ["week", "day"])
@pytest.mark.parametrize(
    ("people", "decisions", "moving"),
    [(400, 300, 0.1), (25, 400, 0.3), (25, 400, 0.0), (1, 40, 1.0)],
)
def test_it_is_what_counting_one_by_one_gives(
    tmp_path: Path, unit: str, people: int, decisions: int, moving: float
) -> None:
    policy = a_policy(evidence={"unit": unit})
    made = made_up(people, decisions, moving=moving)
    found = counted(tmp_path, policy, made)
    assert found == counted_by_hand(policy, made, WINDOW)
    assert len(found.starts) == (4 if unit == "week" else 34)
    assert any(each.subjects for grouping in found.groupings for each in grouping.groups)


def test_people_of_few_combinations_are_summed_by_combination(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each way of summing gives the same, in blocks of any size and passes of any number."""
    policy, made = a_policy(), made_up(60, 500, moving=0.02)
    by_hand = counted_by_hand(policy, made, WINDOW)
    for few, block, room in ((0, 1 << 23, 1 << 25), (10**9, 1 << 23, 1 << 25), (0, 40, 1)):
        for name, value in (("_FEW", few), ("_BLOCK", block), ("_PASS", room)):
            monkeypatch.setattr(subjects, name, value)
        assert counted(tmp_path, policy, made) == by_hand


def test_many_decisions_about_one_person_are_summed_exactly(tmp_path: Path) -> None:
    """Their square is beyond what single floats hold."""
    times = 5001
    policy = a_policy(strata=[], subgroup_search=None, intersections=[])
    made = [once(after(1 + i / times)) for i in range(times)]
    overall = counted(tmp_path, policy, made).groupings[0].groups[0]
    assert overall.subjects["selection_rate"].mm == (times**2,)
    assert times**2 > 1 << 24
    assert times**2 % 2


def test_nobody_decided_about_twice_needs_no_sums(tmp_path: Path) -> None:
    policy = a_policy()
    made = [once(after(i / 4), f"s{i}") for i in range(100)]
    found = counted(tmp_path, policy, made)
    assert found == counted_by_hand(policy, made, WINDOW)
    assert not any(each.subjects for grouping in found.groupings for each in grouping.groups)


def test_who_was_not_counted_before_is_looked_for(tmp_path: Path) -> None:
    policy, made = a_policy(), made_up(25, 200)
    assert counted(tmp_path, policy, made, subjects=None) == counted_by_hand(policy, made, WINDOW)


def test_a_week_begins_on_monday_at_midnight(tmp_path: Path) -> None:
    moment = timedelta(microseconds=1)
    made = [
        once(after(0) - moment, "a"),  # in a week that the window holds a part of
        once(after(0), "b"),
        once(after(7) - moment, "c"),
        once(after(7), "d"),
        once(after(28) - moment, "e"),
        once(after(28), "f"),  # likewise
    ]
    found = counted(tmp_path, a_policy(), made)
    assert found.groupings[0].groups[0].selected_unlabelled == (2, 1, 0, 1)


def test_where_nobody_was_decided_about_it_is_0(tmp_path: Path) -> None:
    found = counted(tmp_path, a_policy(), [once(after(8))])
    assert [day.isoformat() for day in found.starts] == [
        "2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23",
    ]  # fmt: skip
    assert found.groupings[0].groups[0].selected_unlabelled == (0, 1, 0, 0)


def test_a_window_that_ends_with_a_unit_holds_it(tmp_path: Path) -> None:
    window = after(0), after(14)
    assert len(counted(tmp_path, a_policy(), [once(after(1))], window=window).starts) == 2


@pytest.mark.parametrize("days", [0.5, 6.9])
def test_a_window_without_a_closed_unit_counts_nothing(tmp_path: Path, days: float) -> None:
    window = after(0), after(days)
    found = counted(tmp_path, a_policy(), [once(after(0.1))], window=window)
    assert found == counted_by_hand(a_policy(), [], window)
    assert not found.starts


def test_an_empty_window_was_counted(tmp_path: Path) -> None:
    found = counted(tmp_path, a_policy(), [])
    assert found == counted_by_hand(a_policy(), [], WINDOW)
    assert len(found.starts) == 4
    assert [each.grouping for each in found.groupings[:2]] == ["overall", "gender"]


def test_rows_that_trained_the_version_do_not_count(tmp_path: Path) -> None:
    trained = after(8.5)
    moment = timedelta(microseconds=1)
    made = [once(after(1), "a"), once(trained - moment, "b"), once(trained, "c"), *made_up(9, 90)]
    made += [once(trained + moment, "c")]
    policy = a_policy()
    found = counted(tmp_path, policy, made, counts_from=trained)
    assert found == counted_by_hand(policy, made, WINDOW, counts_from=trained)
    assert found.counts_from == trained
    assert sum(found.groupings[0].groups[0].table.n[:1]) == 0


def test_a_version_that_was_trained_on_all_of_it_has_no_evidence(tmp_path: Path) -> None:
    found = counted(tmp_path, a_policy(), made_up(9, 90), counts_from=after(40))
    assert len(found.starts) == 4
    assert not any(grouping.groups for grouping in found.groupings)


def test_the_zone_of_a_moment_changes_nothing(tmp_path: Path) -> None:
    far = timezone(timedelta(hours=9))
    made = [
        once(datetime(2026, 3, 9, 8, 59, tzinfo=far)),
        once(datetime(2026, 3, 9, 9, tzinfo=far)),
    ]
    trained = datetime(2026, 3, 1, 9, tzinfo=far)
    found = counted(tmp_path, a_policy(), made, counts_from=trained)
    assert found.groupings[0].groups[0].selected_unlabelled == (1, 1, 0, 0)
    assert found.counts_from == datetime(2026, 3, 1, tzinfo=UTC)


def test_the_decisions_of_a_candidate_are_told_apart(tmp_path: Path) -> None:
    scoring = Scoring(
        artifact_digest="0" * 64, against="1", confinement=(), cut=0.5, tied=1, tied_selected=1
    )
    found = counted(tmp_path, a_policy(), [once(after(1))], scoring=scoring, model_version="2")
    assert (found.audited, found.model_version) == ("candidate", "2")


def test_the_order_of_the_rows_changes_no_byte(tmp_path: Path) -> None:
    made = made_up(25, 200)
    one = counted(tmp_path / "one", a_policy(), made)
    other = counted(tmp_path / "other", a_policy(), made[::-1])
    assert one.content == other.content


def test_a_population_that_changed_meanwhile_is_refused(tmp_path: Path) -> None:
    policy = a_policy()
    before = dated_population(tmp_path, policy, [once(after(1))], WINDOW)
    group_counts(before.path, sql=SQL, folder=tmp_path / "run")
    moved = [once(after(1), groups=GROUPS | {"gender": "M"})]
    after_it = dated_population(tmp_path, policy, moved, WINDOW)
    with pytest.raises(MeasurementError, match="changed while it was counted"):
        evidence_of(policy, after_it, WINDOW, sql=SQL, folder=tmp_path / "run", counts_from=None)


def test_two_combinations_of_one_hash_are_refused() -> None:
    table = pa.table({"who": pa.array([1, 1], pa.uint64()), "attr_gender": ["F", "M"]})
    with pytest.raises(MeasurementError, match="the same hash"):
        People(table)
