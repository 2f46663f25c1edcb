"""A run shuffled: what stays, what an audit would count, and what every path then blocks."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairness_audit.errors import InputError, MeasurementError
from fairness_audit.policy.metrics import RATES, SELECTION_RATE
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.counted_units import Entry, Group, Place
from fairness_audit.records.measurement import OVERALL
from fairness_audit.records.validation import NO_CHECKS, Check, ValidationReport
from fairness_audit.records.version_evidence import fold
from fairness_audit.replay.calibration.calibrate import Calibration, calibrate, largest
from fairness_audit.replay.calibration.judged import Asked, Judged
from fairness_audit.replay.calibration.people import RunPeople, people_of
from fairness_audit.replay.calibration.shuffled import Harm, Layout, ShuffledEvidence
from fairness_audit.statistics.course import State
from fairness_audit.steps.judge.cases import Case
from fairness_audit.steps.judge.questions import OfShare
from fairness_audit.steps.judge.tables import Tables
from fairness_audit.steps.judge.trial import Trial
from tests.builders.dated import Decided, after, counted_by_hand, dated_population
from tests.builders.evidence import AS_OF
from tests.builders.point_shares import by_point_shares
from tests.builders.populations import SQL, policy_over

WEEKS = 8
WINDOW = after(0), after(7 * WEEKS)
SHARES = {"gender": {"F": 0.45, "M": 0.45, "X": 0.1}, "age": {"18": 0.4, "30": 0.6}}
RULES = [
    {"id": "share", "metric": "impact_ratio", "compare": "ratio", "threshold": "4/5"},
    {"id": "reach", "metric": "false_negative_rate", "compare": "difference", "threshold": "1/10"},
]


AT_RANDOM = {"assume": "at_random", "reason": "Who is unknown is drawn without regard to groups"}
ATTRIBUTES = {
    name: {"provenance": "self_id", "reference_group": group, "unknown": AT_RANDOM}
    for name, group in (("gender", "M"), ("age", "30"))
}


def a_policy(**changes: Any) -> AuditPolicy:
    content: dict[str, Any] = {
        "attributes": ATTRIBUTES,
        "rules": RULES,
        "intersections": [["age", "gender"]],
        "subgroup_search": {"depth": 2, "severity": "fail"},
        "min_group_size": 20,
    }
    return policy_over({}, **(content | changes))


def made_up(
    people: int, *, times: int = 1, known: float = 0.8, selected: float = 0.4, seed: int = 1
) -> list[Decided]:
    """Decisions about people, up to so many about each, that have nothing to do with groups."""
    draw = random.Random(seed)
    found = []
    for person in range(people):
        groups = {
            name: draw.choices([*shares], [*shares.values()])[0]
            if draw.random() < known
            else "unknown"
            for name, shares in SHARES.items()
        }
        found += [
            Decided(
                at=after(draw.uniform(0, 7 * WEEKS)),
                subject=f"s{person}",
                selected=draw.random() < selected,
                outcome=draw.choice([True, False, False, None]),
                groups=groups,
            )
            for _ in range(draw.randint(1, times))
        ]
    return found


def read(folder: Path, policy: AuditPolicy, decisions: Sequence[Decided]) -> RunPeople:
    population = dated_population(folder, policy, decisions, WINDOW)
    return people_of(policy, population, sql=SQL, counts_from=None)


def checks(*stated: tuple[str, str, str], limit: str = "4/5") -> ValidationReport:
    """A suite that holds groups to a fraction of their stated shares."""
    return ValidationReport(
        checks=tuple(
            Check(
                suite="representation",
                kind="representation",
                expectation="expect_groups_to_be_represented",
                severity="critical",
                passed=True,
                attribute=attribute,
                group=group,
                observed="",
                sentence="As it should be.",
                limit=limit,
                stated=share,
            )
            for attribute, group, share in stated
        ),
        data_docs=Path("d"),
    )


AS_STATED = checks(("gender", "F", "45/100"), ("gender", "M", "45/100"), ("age", "18", "40/100"))


class Still(np.random.Generator):
    """Chance that leaves everybody where they are."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(1))

    def permutation(self, x: Any, axis: int = 0) -> Any:
        return x


# --- counted as an audit counts -----------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 5])
def test_unshuffled_it_is_what_an_audit_counts(tmp_path: Path, times: int) -> None:
    policy, decisions = a_policy(), made_up(150, times=times)
    counted = counted_by_hand(policy, decisions, WINDOW)
    real = fold([Entry(AS_OF, None, "0" * 64, counted)], unit="week", counts_from=None)
    layout = Layout.of(policy, read(tmp_path, policy, decisions))
    seen = ShuffledEvidence.drawn(layout, 2, Still())

    assert seen.starts == real.starts
    assert set(seen.places) == set(real.places)
    for place in real.places:
        assert seen.groups(place) == real.groups(place)
        for group in real.groups(place):
            cells = real.counts(place, group)
            for name in ("tp", "fp", "fn", "tn", "selected_unlabelled", "not_selected_unlabelled"):
                drawn = getattr(seen.counts(place, group), name)
                assert (drawn == getattr(cells, name)).all()
    tables = [Tables(policy, each) for each in (real, seen)]  # type: ignore[arg-type]
    for place in real.places:
        for group in real.groups(place):
            for rate in RATES:
                own, drawn = (each.of(rate, place.grouping, group.name) for each in tables)
                np.testing.assert_allclose(np.atleast_2d(drawn.factor)[-1], own.factor)
    assert (times > 1) == bool((tables[0].everybody(SELECTION_RATE).factor > 1).any())


def test_unshuffled_it_is_judged_as_an_audit_judges(tmp_path: Path) -> None:
    """Every group and check: one that fails, some that pass, some too small to be told."""
    policy = a_policy()
    decisions = [
        replace(each, selected=each.selected and hash_of(each) > 0.8)
        if each.groups["gender"] == "F"
        else each
        for each in made_up(1500, times=2)
    ]
    counted = counted_by_hand(policy, decisions, WINDOW)
    real = fold([Entry(AS_OF, None, "0" * 64, counted)], unit="week", counts_from=None)
    trial = Trial.of(Tables(policy, real), policy.rules, AS_STATED)
    where = trial.positions({})
    layout = Layout.of(policy, read(tmp_path, policy, decisions))
    asked = Asked(policy, policy.rules, AS_STATED)
    found = Judged.of(asked.of(ShuffledEvidence.drawn(layout, 2, Still())), Still())

    states = set()
    for at, tested in enumerate(found.asked):
        if isinstance(tested, Case | OfShare):
            state = where[tested].state
            states.add(state)
            assert found.fails[:, at].all() == (state is State.FAIL), tested
            assert found.passes[:, at].all() == (state is State.PASS), tested
    assert states == {State.FAIL, State.PASS, State.OPEN}
    assert found.is_blocked.all()
    assert not found.is_passed.any()


def hash_of(decision: Decided) -> float:
    return random.Random(f"{decision.subject}{decision.at}").random()


def test_those_who_changed_groups_are_a_person_in_each(tmp_path: Path) -> None:
    policy, decisions = a_policy(), made_up(60, times=4)
    moved = [
        replace(each, groups={"gender": "X", "age": "18"}) if i % 7 == 0 else each
        for i, each in enumerate(decisions)
    ]
    people = read(tmp_path, policy, moved)
    each_once = {(each.subject, *each.groups.values()) for each in moved}
    assert len(people.of) == len(each_once)
    assert len(people.person) == len(moved)


def test_nobody_in_a_closed_unit_is_no_run(tmp_path: Path) -> None:
    policy, decisions = a_policy(), made_up(5)
    given = dated_population(tmp_path, policy, decisions, WINDOW)
    for late, what in ((after(1000), "closed week"), (after(7 * WEEKS - 0.001), "closed week")):
        with pytest.raises(InputError, match=what):
            people_of(policy, given, sql=SQL, counts_from=late)
    with pytest.raises(MeasurementError, match="no column attr_region"):
        people_of(policy_over({"region": "N"}), given, sql=SQL, counts_from=None)


# --- shuffled -----------------------------------------------------------------------------------


def test_a_shuffle_keeps_sizes_and_the_unknown_and_what_was_decided(tmp_path: Path) -> None:
    policy, decisions = a_policy(), made_up(400)
    layout = Layout.of(policy, read(tmp_path, policy, decisions))
    drawn = ShuffledEvidence.drawn(layout, 20, np.random.default_rng(1))
    still = ShuffledEvidence.drawn(layout, 1, Still())

    everybody = Place(OVERALL), Group(OVERALL)
    assert (drawn.counts(*everybody).tp == still.counts(*everybody).tp).all()
    for place in drawn.places:
        for group in drawn.groups(place):
            sizes = drawn.counts(place, group).n.sum(axis=-1)
            assert (sizes == still.counts(place, group).n.sum()).all()
    for name in SHARES:
        unknown = Place(name), Group("unknown")
        assert (drawn.counts(*unknown).tn == still.counts(*unknown).tn).all()
    women = drawn.counts(Place("gender"), Group("F")).selected.sum(axis=-1)
    assert len(set(women.tolist())) > 5


def test_what_is_expected_is_the_mean_of_the_shuffles(tmp_path: Path) -> None:
    policy, decisions = a_policy(), made_up(300, times=3)
    layout = Layout.of(policy, read(tmp_path, policy, decisions))
    for harm in (None, Harm("gender", "F", 0.6)):
        drawn = ShuffledEvidence.drawn(layout, 3000, np.random.default_rng(2), harm)
        mean = ShuffledEvidence.expected(layout, harm)
        for name in ("F", "M", "X", "unknown"):
            seen, true = (
                each.counts(Place("gender"), Group(name)).selected for each in (drawn, mean)
            )
            error = seen.std(axis=0) / np.sqrt(len(seen))
            assert (abs(seen.mean(axis=0) - true[0]) <= 5 * error + 1e-9).all()


@pytest.mark.parametrize(("favourable", "left"), [("selected", 0), ("not_selected", 1)])
def test_a_group_that_is_harmed_loses_what_is_favourable(
    tmp_path: Path, favourable: str, left: int
) -> None:
    policy, decisions = a_policy(favourable=favourable), made_up(200, times=4)
    layout = Layout.of(policy, read(tmp_path, policy, decisions))
    never, always = (
        ShuffledEvidence.drawn(layout, 3, np.random.default_rng(3), harm)
        for harm in (Harm("gender", "F", 0.0), Harm("gender", "F", 1.0))
    )
    women = Place("gender"), Group("F")
    size = never.counts(*women).n
    assert (never.counts(*women).selected == left * size).all()
    assert (always.counts(*women).n == size).all()
    gone, kept = (each.subjects(*women, SELECTION_RATE) for each in (never, always))
    assert (gone.decisions == kept.decisions).all()
    assert (gone.successes == left * gone.decisions).all()
    assert 0 < kept.successes.sum() < kept.decisions.sum()


# --- through every path -------------------------------------------------------------------------


def calibrated(
    folder: Path,
    policy: AuditPolicy,
    decisions: Sequence[Decided],
    report: ValidationReport = AS_STATED,
    **changes: Any,
) -> Calibration:
    given: dict[str, Any] = {"runs": 100, "seed": 1} | changes
    return calibrate(policy, read(folder, policy, decisions), report, **given)


def test_a_run_whose_groups_mean_nothing_is_blocked_in_few_shuffles(tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    found = calibrated(
        tmp_path,
        a_policy(),
        made_up(2500, times=2),
        runs=60,
        told=lambda done, of: heard.append((done, of)),
    )

    assert [each.name for each in found.paths] == [
        "rule share", "rule reach", "subgroups", "polarity", "representation",
    ]  # fmt: skip
    assert all(not each.broken and each.blocked.of == 60 for each in found.paths)
    assert not found.refutes
    assert found.blocked.share <= 0.05
    assert found.passed.share + found.inconclusive + found.failed.share == pytest.approx(1)
    assert [(each.attribute, each.group, each.ratio) for each in found.found] == [
        ("gender", "F", 0.6), ("gender", "F", 0.7), ("age", "18", 0.6), ("age", "18", 0.7),
    ]  # fmt: skip
    for worse, milder in zip(found.found[::2], found.found[1::2], strict=True):
        assert worse.failed.share > max(0.75, milder.failed.share)
    assert heard[-1] == (300, 300)


def test_equal_seeds_give_equal_answers_and_others_do_not(tmp_path: Path) -> None:
    decisions = made_up(1000)
    first, again, other = (
        calibrated(tmp_path, a_policy(), decisions, runs=20, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again
    assert first.found != other.found


def test_a_path_that_blocks_on_point_shares_shows_up(tmp_path: Path) -> None:
    decisions = made_up(400)
    kept = calibrated(tmp_path, a_policy(), decisions)
    found = calibrated(tmp_path, a_policy(), decisions, trial=by_point_shares)

    by_name = {each.name: each for each in found.paths}
    assert not kept.refutes
    assert found.refutes
    assert found.p_value < 1e-6
    assert by_name["representation"].blocked.low > 0.05
    assert by_name["representation"].broken == 0
    assert all(
        each.blocked.share <= 0.05 for name, each in by_name.items() if name != "representation"
    )


def test_what_the_run_breaks_whoever_is_who_is_no_false_block(tmp_path: Path) -> None:
    """Half as many women as are stated: it fails in every shuffle, and rightly."""
    found = calibrated(
        tmp_path, a_policy(), made_up(3000), checks(("gender", "F", "90/100")), runs=20
    )
    by_name = {each.name: each for each in found.paths}
    assert by_name["representation"].broken == 1
    assert by_name["representation"].failed.share == 1
    assert by_name["representation"].blocked.share == 0
    assert found.failed.share == 1
    assert not found.refutes


def test_labels_that_mean_nothing_are_no_inverted_score(tmp_path: Path) -> None:
    """Selected are those without a positive outcome: in the shuffles that is chance."""
    inverted = [replace(each, selected=each.outcome is False) for each in made_up(1500)]
    found = calibrated(tmp_path, a_policy(), inverted, runs=60)
    polarity = next(each for each in found.paths if each.name == "polarity")
    assert polarity.blocked.share <= 0.05


def test_rules_without_outcomes_are_not_asked(tmp_path: Path) -> None:
    unlabelled = [replace(each, outcome=None) for each in made_up(300)]
    found = calibrated(tmp_path, a_policy(), unlabelled, NO_CHECKS, runs=5)
    assert [each.name for each in found.paths] == ["rule share", "subgroups"]


def test_where_nothing_may_block_there_is_nothing_to_tell(tmp_path: Path) -> None:
    warns = [rule | {"severity": "warn"} for rule in RULES]
    policy = a_policy(rules=warns, subgroup_search=None)
    unlabelled = [replace(each, outcome=None) for each in made_up(100)]
    with pytest.raises(InputError, match="nothing that is asked may block"):
        calibrated(tmp_path, policy, unlabelled, NO_CHECKS)


def test_a_group_that_is_inferred_is_not_harmed(tmp_path: Path) -> None:
    attributes = {
        "gender": {
            "provenance": "proxy",
            "proxy": {"method": "given names", "accuracy": "9/10"},
            "reference_group": "M",
        },
        "age": {"provenance": "self_id", "reference_group": "30"},
    }
    policy = a_policy(attributes=attributes)
    people = read(tmp_path, policy, made_up(100))
    assert list(largest(policy, people)) == [("age", "18")]
