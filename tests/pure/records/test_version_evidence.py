"""Evidence files, and the evidence about a version that all of them make together."""

import itertools
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fairness_audit.errors import RecordError
from fairness_audit.policy.metrics import (
    BASE_RATE,
    FALSE_NEGATIVE_RATE,
    IMPACT_RATIO,
    RATES,
    SELECTION_RATE,
    TRUE_NEGATIVE_RATE,
    TRUE_POSITIVE_RATE,
)
from fairness_audit.policy.units import closed_units, first_day
from fairness_audit.records.counted_units import Entry, Group, Place
from fairness_audit.records.evidence import CELLS, Evidence, GroupCounts, digest_of_content
from fairness_audit.records.measurement import OVERALL
from fairness_audit.records.subject_sums import PairSums, summed_as, summed_rates
from fairness_audit.records.version_evidence import Amendment, VersionEvidence, fold, pooled
from fairness_audit.statistics.clustering import SubjectSums
from tests.builders.dated import Decided, after, counted_by_hand
from tests.builders.judging import gender_policy

POLICY = gender_policy(
    {"id": "share", "metric": "impact_ratio", "compare": "ratio", "threshold": "4/5"},
    {"id": "reach", "metric": "true_positive_rate", "compare": "difference", "threshold": "1/10"},
)
GENDER, EVERYBODY = Place("gender"), Place("overall")
WOMEN, MEN, ALL = Group("F"), Group("M"), Group("overall")


def a_file(
    weeks: Sequence[int], *women: Sequence[int], first: int = 0, **changes: Any
) -> Evidence:
    """Evidence of so many men selected a week, and as many women as said, none with an outcome."""
    starts = tuple((after(7 * (first + i))).date() for i in range(len(weeks)))
    zero = dict.fromkeys(CELLS, (0,) * len(weeks))

    def group(name: str, selected: Sequence[int]) -> dict[str, Any]:
        return zero | {"group": name, "selected_unlabelled": tuple(selected)}

    groups = [group("M", weeks), *(group("F", each) for each in women)]
    total = [weeks, *women]
    everybody = group("overall", [sum(each) for each in zip(*total, strict=True)])
    content: dict[str, Any] = {
        "model": "lead_scoring",
        "model_version": "1",
        "audited": "decisions",
        "unit": "week",
        "starts": starts,
        "groupings": [
            {"grouping": "overall", "groups": [everybody], "rates": ["selection_rate"]},
            {"grouping": "gender", "groups": groups, "rates": ["selection_rate"]},
        ],
    }
    return Evidence.model_validate(content | changes)


def entries(*files: Evidence, days: Sequence[float] | None = None) -> list[Entry]:
    """Audits that counted these, a week apart unless said."""
    when = days or [7.0 * i for i in range(len(files))]
    return [
        Entry(after(day), seq, digest_of_content(file.content), file)
        for seq, (file, day) in enumerate(zip(files, when, strict=True), 1)
    ]


def folded(audits: Iterable[Entry], **changes: Any) -> VersionEvidence:
    return fold(audits, **({"unit": "week", "counts_from": None} | changes))


def selected(found: VersionEvidence, group: Group = MEN) -> list[int]:
    return list(found.counts(GENDER, group).selected)


# --- units --------------------------------------------------------------------------------------


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
    st.timedeltas(timedelta(0), timedelta(days=60)),
    st.sampled_from(["day", "week"]),
)
def test_closed_units_are_all_that_lie_inside(start: datetime, much: timedelta, unit: Any) -> None:
    window = start.replace(tzinfo=UTC), start.replace(tzinfo=UTC) + much
    step = timedelta(days=7 if unit == "week" else 1)
    found = closed_units(unit, *window)
    days = [window[0].date() + timedelta(days=i) for i in range(-7, much.days + 8)]
    at = [datetime.combine(day, datetime.min.time(), UTC) for day in days]
    assert list(found) == [
        moment.date()
        for moment in at
        if (unit == "day" or moment.weekday() == 0)
        and window[0] <= moment
        and moment + step <= window[1]
    ]


def test_a_week_is_that_of_iso_8601() -> None:
    for day in (date(2024, 12, 30), date(2026, 1, 1), date(2027, 1, 3)):
        moment = datetime.combine(day, datetime.min.time(), UTC)
        year, week, _ = day.isocalendar()
        assert first_day("week", moment) == date.fromisocalendar(year, week, 1)


# --- the file -----------------------------------------------------------------------------------


def test_a_file_says_what_was_written() -> None:
    made = counted_by_hand(POLICY, some_decisions(1), (after(0), after(28)), counts_from=after(3))
    assert Evidence.read(made.content) == made
    assert made.content == Evidence.read(made.content).content
    assert b"null" not in made.content


@pytest.mark.parametrize(
    "wrong",
    [
        {"starts": [date(2026, 3, 3)], "groupings": []},  # a Tuesday
        {"starts": [date(2026, 3, 2), date(2026, 3, 16)], "groupings": []},
        {"unit": "month"},
        {"layout": 2},
        {"subjects": 3},
        {"counts_from": datetime(2026, 3, 2)},
        {"groupings": [{"grouping": "gender", "groups": []}] * 2},
        {"groupings": [{"grouping": "gender", "groups": [{"group": "F"}]}]},
    ],
)
def test_what_is_no_evidence_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        a_file([1], [1], **wrong)


def a_group(**changes: Any) -> dict[str, Any]:
    return dict.fromkeys(CELLS, (1, 2)) | {"group": "F"} | changes


PAIR = {"first": [0], "second": [1], "mm": [1], "yy": [1], "my": [1], "ym": [1]}


@pytest.mark.parametrize(
    "groups",
    [
        [a_group(tp=(1,))],
        [a_group(tp=(1, -1))],
        [a_group(), a_group()],
        [a_group(value="north")],
        [a_group(subjects={"base_rate": PAIR})],
        [a_group(subjects={"selection_rate": PAIR | {"second": [2]}})],
        [a_group(subjects={"selection_rate": PAIR | {"first": [1], "second": [0]}})],
        [a_group(subjects={"selection_rate": PAIR | {"mm": []}})],
        [a_group(subjects={"selection_rate": {name: each * 2 for name, each in PAIR.items()}})],
    ],
)
def test_counts_that_do_not_fit_are_refused(groups: list[dict[str, Any]]) -> None:
    grouping = {"grouping": "gender", "rates": ["selection_rate"], "groups": groups}
    assert a_file([1, 2], groupings=[grouping | {"groups": [a_group()]}])
    with pytest.raises(ValidationError):
        a_file([1, 2], groupings=[grouping])


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"tp": 4711}', b"\xff"])
def test_what_cannot_be_read_is_an_error_without_a_number_in_it(content: bytes) -> None:
    with pytest.raises(RecordError, match="is no evidence") as caught:
        Evidence.read(content)
    assert "4711" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_counts_that_are_no_counts_are_not_repeated_in_the_error() -> None:
    content = a_file([1, 2]).content.replace(b"[1,2]", b"[-47,11]", 1)
    with pytest.raises(RecordError) as caught:
        Evidence.read(content)
    assert "47" not in str(caught.value)


# --- which sums are kept ------------------------------------------------------------------------


def test_the_sums_of_every_rate_are_those_of_one_that_is_kept() -> None:
    for rate in (*RATES, IMPACT_RATIO, IMPACT_RATIO.where(selected_is_favourable=True)):
        kept, is_rest = summed_as(rate)
        whole = [each for _, each in rate.cells]
        assert [each for _, each in kept.cells] == whole
        part = [whole - part if is_rest else part for part, whole in kept.cells]
        assert part == [part for part, _ in rate.cells]


def test_a_policy_needs_the_sums_of_its_rules_and_the_base_rate() -> None:
    assert [each.name for each in summed_rates(POLICY, "gender")] == [
        "selection_rate", "base_rate", "true_positive_rate",
    ]  # fmt: skip
    other = gender_policy(
        {"id": "a", "metric": "true_negative_rate", "compare": "ratio", "threshold": "4/5"},
        favourable="not_selected",
    )
    assert [each.name for each in summed_rates(other, "gender")] == [
        "selection_rate", "base_rate", "false_positive_rate",
    ]  # fmt: skip
    assert summed_as(TRUE_NEGATIVE_RATE)[1]


def test_of_everybody_the_rates_of_both_outcomes_are_summed_whatever_rules_name() -> None:
    assert [each.name for each in summed_rates(gender_policy(), OVERALL)] == [
        "selection_rate", "base_rate", "true_positive_rate", "false_positive_rate",
    ]  # fmt: skip


# --- the fold -----------------------------------------------------------------------------------


def some_decisions(seed: int, weeks: int = 6, people: int = 12, number: int = 80) -> list[Decided]:
    draw = np.random.default_rng(seed)
    made = []
    for _ in range(number):
        person = int(draw.integers(people))
        made.append(
            Decided(
                at=after(float(draw.uniform(0, 7 * weeks))),
                subject=f"s{person}",
                selected=bool(draw.random() < 0.4),
                outcome=[True, False, None][int(draw.integers(3))],
                groups={"gender": ["F", "M", "unknown"][person % 3]},
            )
        )
    return made


def audits(
    decisions: Sequence[Decided], ends: Iterable[float], days: float, **changes: Any
) -> list[Entry]:
    """What audits of windows of so many days count, that end on these days."""
    made = []
    for seq, end in enumerate(ends, 1):
        file = counted_by_hand(POLICY, decisions, (after(end - days), after(end)), **changes)
        made.append(Entry(after(end), seq, digest_of_content(file.content), file))
    return made


def held_at_once(found: VersionEvidence, by: Iterable[Entry]) -> np.ndarray[Any, Any]:
    """By pairs of units, whether an audit held both."""
    held = np.zeros((len(found.starts), len(found.starts)), dtype=bool)
    for each in by:
        at = [found.starts.index(day) for day in each.evidence.starts]
        held[np.ix_(at, at)] = True
    return held


SUMS = SubjectSums._fields
schedules = st.lists(st.floats(7, 42), min_size=1, max_size=4)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**31), schedules, schedules, st.sampled_from([14.0, 21.5, 42.0]), st.data())
def test_how_often_and_when_it_was_asked_changes_nothing(
    seed: int, one: list[float], other: list[float], days: float, data: st.DataObject
) -> None:
    """Of what both schedules counted, counts and sums are the same, in any order."""
    decisions = some_decisions(seed)
    asked = [audits(decisions, ends, days) for ends in (one, other)]
    found = [folded(data.draw(st.permutations(each))) for each in asked]
    assert not any(each.amendments for each in found)
    both = sorted(set(found[0].starts) & set(found[1].starts))
    at = [[each.starts.index(day) for day in both] for each in found]
    for place, rates in itertools.product(
        (GENDER, EVERYBODY), (SELECTION_RATE, BASE_RATE, FALSE_NEGATIVE_RATE)
    ):
        counted = [each.counted(place)[units] for each, units in zip(found, at, strict=True)]
        shared = counted[0] & counted[1]
        for group in {*found[0].groups(place), *found[1].groups(place)}:
            for cell in CELLS:
                a, b = (
                    getattr(each.counts(place, group), cell)[units][shared]
                    for each, units in zip(found, at, strict=True)
                )
                assert a.tolist() == b.tolist()
            sums = [each.subjects(place, group, rates) for each in found]
            held = np.logical_and(
                *(
                    held_at_once(each, by)[np.ix_(u, u)]
                    for each, by, u in zip(found, asked, at, strict=True)
                )
            )
            for name in SUMS:
                a, b = (
                    getattr(each, name)[np.ix_(u, u)][held]
                    for each, u in zip(sums, at, strict=True)
                )
                assert a.tolist() == b.tolist()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**31), st.lists(st.integers(2, 6), min_size=1, max_size=4, unique=True))
def test_many_windows_know_what_one_long_one_does_but_for_pairs_that_none_held(
    seed: int, weeks: list[int]
) -> None:
    decisions = some_decisions(seed)
    asked = audits(decisions, [7.0 * week for week in weeks], 14)
    found = folded(asked)
    (whole,) = audits(decisions, [42], 42)
    units = [whole.evidence.starts.index(day) for day in found.starts]
    once = folded([whole])
    for group in once.groups(GENDER):
        counted = found.counted(GENDER)
        for cell in CELLS:
            mine = getattr(found.counts(GENDER, group), cell)
            theirs = getattr(once.counts(GENDER, group), cell)[units]
            assert mine.tolist() == np.where(counted, theirs, 0).tolist()
        sums, all_sums = (each.subjects(GENDER, group, SELECTION_RATE) for each in (found, once))
        held = held_at_once(found, asked)
        for name in SUMS:
            theirs = getattr(all_sums, name)[np.ix_(units, units)]
            assert (getattr(sums, name) == np.where(held, theirs, 0)).all()


def test_sums_over_people_by_hand() -> None:
    """Ann is decided about twice in week 0 and once in week 2; Bea once; Cay in both weeks."""
    once = [("ann", 0, True), ("ann", 1, False), ("ann", 15, True), ("bea", 2, True),
            ("cay", 3, False), ("cay", 16, True)]  # fmt: skip
    made = [
        Decided(after(day), who, is_selected, None, {"gender": "F"})
        for who, day, is_selected in once
    ]
    (audit,) = audits(made, [21], 21)
    sums = folded([audit]).subjects(GENDER, WOMEN, SELECTION_RATE)
    assert sums.decisions.tolist() == [[4 + 1 + 1, 0, 2 + 1], [0, 0, 0], [3, 0, 2]]
    assert sums.successes.tolist() == [[1 + 1, 0, 1], [0, 0, 0], [1, 0, 2]]
    assert sums.mixed.tolist() == [[2 + 1, 0, 2 + 1], [0, 0, 0], [1, 0, 2]]
    rest = folded([audit]).subjects(GENDER, WOMEN, IMPACT_RATIO)  # not selected is favourable
    assert rest.decisions.tolist() == sums.decisions.tolist()
    assert rest.successes.tolist() == [[1 + 1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert rest.mixed.tolist() == [[2 + 1, 0, 0], [0, 0, 0], [1 + 1, 0, 0]]


def test_the_newest_audit_that_counted_a_unit_holds_and_the_correction_is_dated() -> None:
    first, second = entries(a_file([5, 6], [1, 2]), a_file([6, 7], [3, 4], first=1))
    found = folded([second, first])
    assert selected(found) == [5, 6, 7]
    assert selected(found, WOMEN) == [1, 3, 4]
    assert found.entered == (after(0), after(0), after(7))
    assert found.amendments == (Amendment(found.starts[1], after(7), first.digest, second.digest),)


def test_what_was_published_first_of_a_unit_is_known_without_its_corrections() -> None:
    """Also where the correction is of an audit of an earlier moment, made late."""
    first, second, late = entries(
        a_file([5, 6], [1, 2]), a_file([6, 7], [3, 4], first=1), a_file([8, 9], [6, 6]),
        days=[0, 7, -7],
    )  # fmt: skip
    found = folded([late, second, first]).as_first_counted
    assert selected(found) == [5, 6, 7]
    assert selected(found, WOMEN) == [1, 2, 4]
    assert found.starts == folded([late, second, first]).starts


def test_a_correction_that_is_taken_back_is_two() -> None:
    three = entries(a_file([5]), a_file([6]), a_file([5]))
    found = folded(three)
    assert selected(found) == [5]
    assert [(each.was, each.became) for each in found.amendments] == [
        (three[0].digest, three[1].digest),
        (three[1].digest, three[2].digest),
    ]


def test_a_group_that_is_there_no_more_is_a_correction_too() -> None:
    found = folded(entries(a_file([5], [1]), a_file([5])))
    assert [each.start for each in found.amendments] == [found.starts[0]]
    assert found.groups(GENDER) == (MEN,)


def test_of_two_audits_as_of_one_moment_the_later_in_the_ledger_holds() -> None:
    one, other = entries(a_file([5]), a_file([6]), days=[7, 7])
    assert selected(folded([other, one])) == [6]
    judged = Entry(after(7), None, "0" * 64, a_file([7]))
    assert selected(folded([judged, other, one])) == [7]


def test_an_old_window_that_is_audited_late_does_not_take_over() -> None:
    new, late = entries(a_file([5, 6]), a_file([9, 9], first=-1), days=[14, 7])
    found = folded([new, late])
    assert selected(found) == [9, 5, 6]
    assert found.entered == (after(7), after(7), after(14))


def test_a_unit_that_nobody_counted_is_a_gap() -> None:
    found = folded(entries(a_file([5]), a_file([6], first=3)))
    assert selected(found) == [5, 0, 0, 6]
    assert found.gaps == found.starts[1:3]
    assert found.counted(GENDER).tolist() == [True, False, False, True]
    assert found.entered == (after(0), None, None, after(7))


def test_a_unit_in_which_nobody_was_decided_about_was_counted() -> None:
    found = folded(entries(a_file([5, 0, 6])))
    assert not found.gaps
    assert found.counted(GENDER).all()


def test_units_from_before_the_version_was_trained_are_left_out_of_what_did_not_know() -> None:
    """The audit that knows leaves them out itself, decision by decision."""
    unaware, aware = entries(
        a_file([5, 6, 7]), a_file([2, 7, 8], first=1, counts_from=after(10)), days=[0, 7]
    )
    found = folded([unaware, aware], counts_from=after(10))
    assert found.starts == aware.evidence.starts
    assert selected(found) == [2, 7, 8]
    assert not found.amendments
    before = folded([unaware, aware])
    assert selected(before) == [5, 2, 7, 8]


def test_an_audit_that_knew_of_a_later_training_counts() -> None:
    """It left out more than it must have, and no unit of it holds what trained the version."""
    later = entries(a_file([0, 6], counts_from=after(7)))
    assert selected(folded(later, counts_from=after(3))) == [0, 6]


def test_a_grouping_that_a_policy_did_not_have_was_not_counted() -> None:
    old = a_file([5, 6])
    old = old.model_copy(update={"groupings": old.groupings[:1]})
    found = folded(entries(old, a_file([6, 7], first=1)))
    assert found.counted(GENDER).tolist() == [False, True, True]
    assert found.counted(EVERYBODY).all()
    assert not found.amendments
    assert selected(found) == [0, 6, 7]


def test_a_grouping_that_a_policy_dropped_keeps_what_was_counted() -> None:
    """Whoever drops it and takes it up again does not begin anew."""
    new = a_file([6, 7], first=1)
    without = new.model_copy(update={"groupings": new.groupings[:1]})
    found = folded(entries(a_file([5, 6]), without))
    assert found.counted(GENDER).tolist() == [True, True, False]
    assert selected(found) == [5, 6, 0]


def test_sums_that_a_policy_did_not_take_are_not_known() -> None:
    found = folded(entries(a_file([5, 6])))
    assert not found.subjects(GENDER, MEN, TRUE_POSITIVE_RATE).decisions.any()
    assert found.subjects(GENDER, MEN, SELECTION_RATE).decisions.any()


def test_sums_of_an_audit_hold_until_another_takes_them() -> None:
    """The newer audit counted the unit, but not the sums of this rate."""
    pair = PairSums(first=(0,), second=(0,), mm=(9,), yy=(9,), my=(9,), ym=(9,))
    old = a_file([5, 6])
    gender = old.groupings[1]
    own = gender.groups[0].model_copy(update={"subjects": {"selection_rate": pair}})
    summed = gender.model_copy(update={"groups": (own,)})
    old = old.model_copy(update={"groupings": (old.groupings[0], summed)})
    new = a_file([5, 6])
    without = new.groupings[1].model_copy(update={"rates": ("base_rate",)})
    new = new.model_copy(update={"groupings": (new.groupings[0], without)})
    found = folded(entries(old, new))
    sums = found.subjects(GENDER, MEN, SELECTION_RATE)
    assert sums.decisions.tolist() == [[9, 0], [0, 6]]


def test_what_nobody_counted_is_nothing() -> None:
    found = folded(entries(a_file([5, 6])))
    nowhere, nobody = Place("age"), Group("X")
    assert found.groups(nowhere) == ()
    assert not found.counted(nowhere).any()
    for place, group in ((nowhere, nobody), (GENDER, nobody)):
        assert found.counts(place, group).n.tolist() == [0, 0]
        assert not found.subjects(place, group, SELECTION_RATE).decisions.any()


def test_audits_without_a_closed_unit_are_no_evidence() -> None:
    found = folded(entries(a_file([], [])))
    assert (found.starts, found.gaps, found.amendments) == ((), (), ())
    assert folded([]).starts == ()


def test_groups_come_in_order_the_unknown_last_and_searched_groupings_after_the_others() -> None:
    policy = gender_policy(subgroup_search={"depth": 1}, strata=["segment"])
    groups = [("F", "big"), ("unknown", "big"), ("M", "smb"), ("A", "smb")]
    made = [
        Decided(after(1), f"s{i}", True, None, {"gender": gender, "segment": segment})
        for i, (gender, segment) in enumerate(groups)
    ]
    file = counted_by_hand(policy, made, (after(0), after(7)))
    searched = file.groupings[1].model_copy(update={"grouping": "age", "searched": True})
    file = file.model_copy(update={"groupings": (searched, *file.groupings)})
    found = folded([Entry(after(7), 1, "0" * 64, file)])
    assert [each.name for each in found.groups(GENDER)] == ["A", "F", "M", "unknown"]
    assert found.places[-1] == Place("age")
    assert found.is_searched(Place("age"))
    assert not found.is_searched(GENDER)
    within = Place("gender", "segment")
    assert set(found.groups(within)) == {Group(*each) for each in groups}
    assert found.counts(within, Group("M", "smb")).n.tolist() == [1]


def test_everybody_of_a_version_pooled() -> None:
    found = pooled("1", folded(entries(a_file([5, 6], [1, 1]), a_file([7], first=2))))
    assert found.rate(SELECTION_RATE) == (20, 20)
    assert found.rate(BASE_RATE) == (0, 0)
    made = [Decided(after(1), "s", True, True, {"gender": "F"}),
            Decided(after(2), "s", False, False, {"gender": "F"})]  # fmt: skip
    rates = pooled("1", folded(audits(made, [7], 7)))
    assert (
        Fraction(*rates.rate(SELECTION_RATE)) == Fraction(*rates.rate(BASE_RATE)) == Fraction(1, 2)
    )


def test_no_count_is_in_what_a_log_would_show() -> None:
    found = folded(entries(a_file([4711, 4712], [4713, 4714])))
    assert "471" not in repr(found)


def test_two_hundred_audits_are_folded_within_a_second() -> None:
    """26 weeks each, 40 groups, read from their files."""

    def file(week: int) -> bytes:
        groups = [
            GroupCounts(group=f"g{i}", **{cell: tuple(range(week, week + 26)) for cell in CELLS})
            for i in range(40)
        ]
        made = a_file([1] * 26, first=week)
        wide = made.groupings[1].model_copy(update={"groups": tuple(groups)})
        return made.model_copy(update={"groupings": (made.groupings[0], wide)}).content

    contents = [file(week) for week in range(200)]
    began = time.process_time()
    made = [
        Entry(after(7 * (week + 26)), week + 1, digest_of_content(each), Evidence.read(each))
        for week, each in enumerate(contents)
    ]
    found = folded(made)
    taken = time.process_time() - began
    assert len(found.starts) == 225
    assert taken < 1
