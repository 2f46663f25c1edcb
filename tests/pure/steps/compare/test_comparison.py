"""Who wins and who loses with a candidate: numbers that can be checked by hand."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.cli.candidate import print_changes
from fairness_audit.errors import RecordError, ScoringError
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.comparison import Comparison, ComparisonFile, GroupChange
from fairness_audit.records.population import Population, Scoring
from fairness_audit.statistics.paired import Pairs, paired_newcombe
from fairness_audit.steps.compare import compare
from fairness_audit.steps.compare.suppression import Cells, suppressed
from fairness_audit.steps.publish.simulated import simulation_of
from tests.builders.populations import SQL, Row, a_population, policy_over

Groups = Mapping[str, Sequence[int]]
"""Of each gender, or gender and age, how many both select, only the new, only the old, neither."""


def compared(groups: Groups, folder: Path, **changes: Any) -> ComparisonFile:
    """Compare two versions that decided so about people of known gender, or gender and age."""
    names = ("gender", "age_band")[: max(len(each.split()) for each in groups)]
    before: list[Row] = []
    after: list[Row] = []
    for group, (both, gained, lost, neither) in groups.items():
        values = {f"attr_{name}": part for name, part in zip(names, group.split(), strict=True)}
        pairs = [(True, True)] * both + [(False, True)] * gained
        pairs += [(True, False)] * lost + [(False, False)] * neither
        before += [{"selected": selected} | values for selected, _ in pairs]
        after += [{"selected": selected} | values for _, selected in pairs]
    columns = [f"attr_{name}" for name in names]
    candidate = a_population(folder / "new", columns, after)
    return compare(
        _policy(names, **changes),
        a_population(folder / "old", columns, before),
        candidate.model_copy(update={"model_version": "2"}),
        sql=SQL,
        folder=folder,
    )


def _policy(names: Sequence[str], **changes: Any) -> AuditPolicy:
    crossed = [list(names)] if len(names) > 1 else []
    references = {"gender": "M", "age_band": "young"}
    named = {name: references[name] for name in names}
    return policy_over(named, **{"intersections": crossed, "min_group_size": 1} | changes)


def changes_in(file: ComparisonFile) -> dict[tuple[str, str], GroupChange]:
    said = Comparison.model_validate_json(file.path.read_bytes())
    return {(each.attribute, each.group): each for each in said.groups}


TWENTY = {"F": (30, 20, 0, 50), "M": (30, 0, 20, 50)}
"""Twenty women are newly selected, and twenty men no longer."""


def test_who_wins_and_who_loses(tmp_path: Path) -> None:
    file = compared(TWENTY, tmp_path)
    found = changes_in(file)
    assert list(found) == [("everybody", "everybody"), ("gender", "F"), ("gender", "M")]
    women, men = found["gender", "F"], found["gender", "M"]
    assert (women.subjects, women.selected_before, women.selected_after) == (100, 30, 50)
    assert (women.gained, women.lost, men.gained, men.lost) == (20, 0, 0, 20)
    assert women.difference == pytest.approx(0.2)
    assert men.difference == pytest.approx(-0.2)
    assert (women.change, men.change) == ("better", "worse")
    assert (file.better, file.worse, file.against) == (("gender: F",), ("gender: M",), "1")
    low, high = paired_newcombe(Pairs.of(30, 20, 0, 50), 0.95)
    assert (women.low, women.high) == (low[0], high[0])
    assert 0.1 < low[0] < 0.2 < high[0] < 0.3


def test_everybody_is_one_group_of_whom_nothing_changes(tmp_path: Path) -> None:
    everybody = changes_in(compared(TWENTY, tmp_path))["everybody", "everybody"]
    assert (everybody.subjects, everybody.gained, everybody.lost) == (200, 20, 20)
    assert (everybody.selected_before, everybody.selected_after) == (80, 80)
    assert (everybody.difference, everybody.change) == (0, None)


def test_chance_is_told_over_all_groups(tmp_path: Path) -> None:
    """All 20 who changed went one way: mid-p 2·½²⁰ less ½²⁰. Three groups: three times that."""
    found = changes_in(compared(TWENTY, tmp_path))
    assert found["gender", "F"].p_value == pytest.approx(3 * 0.5**20)
    assert found["gender", "M"].p_value == pytest.approx(3 * 0.5**20)
    five = compared({"F": (30, 5, 0, 65), "M": (40, 0, 0, 60)}, tmp_path)
    women = changes_in(five)["gender", "F"]  # 1/32 alone is less than 1/20; three times it is not
    assert women.p_value == pytest.approx(3 / 32)
    assert women.change is None
    assert (five.better, five.worse) == ((), ())


def test_where_it_is_good_not_to_be_selected_more_is_worse(tmp_path: Path) -> None:
    file = compared(TWENTY, tmp_path, favourable="not_selected")
    assert (file.better, file.worse) == (("gender: M",), ("gender: F",))


def test_intersections_are_groups_of_their_own(tmp_path: Path) -> None:
    groups = {"F old": (10, 30, 0, 60), "F young": (10, 0, 30, 60),
              "M old": (40, 0, 0, 60), "M young": (40, 0, 0, 60)}  # fmt: skip
    found = changes_in(compared(groups, tmp_path))
    assert (found["gender", "F"].gained, found["gender", "F"].change) == (30, None)
    assert found["gender*age_band", "F * old"].change == "better"
    assert found["gender*age_band", "F * young"].change == "worse"
    assert found["gender*age_band", "M * old"].gained == 0


def test_intersections_are_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    groups = {f"{gender} {age}": (40, 0, 0, 60) for gender in "FM" for age in ("old", "young")}
    file = compared(groups, tmp_path)
    assert ("gender*age_band", "F * old") in changes_in(file)
    print_changes(Comparison.model_validate_json(file.path.read_bytes()))
    shown = capsys.readouterr().out
    assert "gender: F" in shown
    assert "*" not in shown


def test_the_file_is_what_its_digest_says_and_names_no_decision(tmp_path: Path) -> None:
    file = compared(TWENTY, tmp_path)
    content = file.path.read_bytes()
    assert hashlib.sha256(content).hexdigest() == file.digest
    assert compared(TWENTY, tmp_path).digest == file.digest
    assert b"s199" not in content  # nobody's pseudonym
    assert set(Comparison.model_validate_json(content).model_dump()) == {
        "model", "model_version", "against", "groups",
    }  # fmt: skip


def test_other_decisions_are_not_compared(tmp_path: Path) -> None:
    rows = [{"selected": True, "attr_gender": "F"}] * 3
    decided = a_population(tmp_path / "old", ["attr_gender"], rows)
    for others in (rows[:2], [*rows[:2], rows[2] | {"decision_id": "another"}]):
        candidate = a_population(tmp_path / "new", ["attr_gender"], others)
        with pytest.raises(ScoringError, match="were not about the same decisions"):
            compare(_policy(["gender"]), decided, candidate, sql=SQL, folder=tmp_path)


# --- small groups -------------------------------------------------------------------------------


def hidden_among(smallest: int, **sizes: int) -> list[str]:
    """Which groups of an attribute are without figures."""
    groups = {
        GroupChange(attribute="gender", group=group, subjects=size, difference=0): (size, 0, 0, 0)
        for group, size in sizes.items()
    }
    left = list(suppressed(groups, smallest))
    assert [each.group for each in left] == list(sizes)
    return [each.group for each in left if each.difference is None]


def uncounted_among(smallest: int, attribute: str = "gender", **cells: Cells) -> list[str]:
    """Which groups have figures but no counts."""
    groups = {
        GroupChange(attribute=attribute, group=group, subjects=sum(some), difference=0): some
        for group, some in cells.items()
    }
    left = list(suppressed(groups, smallest))
    return [each.group for each in left if each.subjects is None and each.difference is not None]


def test_few_who_gained_are_not_told_of_a_large_group() -> None:
    """Nor by what is left: everybody's are known, and so would be those of one group alone."""
    assert uncounted_among(30, F=(100, 29, 0, 100), M=(100, 0, 0, 100)) == ["F", "M"]
    assert uncounted_among(30, F=(100, 30, 0, 100), M=(100, 0, 0, 100)) == []
    three = {"F": (100, 29, 0, 100), "M": (200, 50, 0, 100), "X": (300, 50, 0, 100)}
    assert uncounted_among(30, **three) == ["F", "M"]


def test_of_intersections_all_counts_are_told_or_none() -> None:
    three = {"F": (100, 29, 0, 100), "M": (200, 50, 0, 100), "X": (300, 50, 0, 100)}
    assert uncounted_among(30, "gender*age_band", **three) == ["F", "M", "X"]


def test_a_small_group_is_left_out_with_the_next_larger_one() -> None:
    assert hidden_among(30, F=500, M=400, X=29) == ["M", "X"]
    assert hidden_among(30, F=500, M=400, X=30) == []


def test_what_is_left_out_is_together_no_small_group() -> None:
    """Everybody less the rest is known: two people who both gained would be two known people."""
    assert hidden_among(30, F=500, M=400, X=1, Y=1) == ["M", "X", "Y"]
    assert hidden_among(30, F=500, M=400, X=15, Y=15) == ["X", "Y"]
    assert hidden_among(30, X=1) == ["X"]


def test_a_small_group_is_left_out_of_the_file_and_of_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = compared(TWENTY | {"X": (0, 7, 0, 22)}, tmp_path, min_group_size=30)
    found = changes_in(file)
    assert found["gender", "X"].model_dump(exclude_none=True).keys() == {"attribute", "group"}
    assert [name for name, each in found.items() if each.difference is not None] == [
        ("everybody", "everybody"), ("gender", "M"),
    ]  # fmt: skip
    assert all(each.subjects is None for each in found.values())  # 27 gained, 20 lost
    assert "gender: X" not in file.better
    print_changes(Comparison.model_validate_json(file.path.read_bytes()))
    (row,) = (line for line in capsys.readouterr().out.splitlines() if "gender: X" in line)
    assert "too few" in row
    assert " 7 " not in row


# --- what the record says -----------------------------------------------------------------------

SCORING = Scoring(
    artifact_digest="a" * 64, against="1", confinement=("landlock", "seccomp"),
    missing_confinement=("cgroup",), cut=0.5, tied=3, tied_selected=2,
)  # fmt: skip


def simulated(folder: Path, scoring: Scoring | None = SCORING) -> Population:
    population = a_population(folder, [], [{"selected": True}])
    return population.model_copy(update={"scoring": scoring, "model_version": "2"})


def test_the_record_says_how_the_scores_came_about(tmp_path: Path) -> None:
    said = simulation_of(simulated(tmp_path), "a" * 64, "c" * 64)
    assert said is not None
    assert said.model_dump() == {
        "against": "1", "confinement": ("landlock", "seccomp"),
        "missing_confinement": ("cgroup",), "cut": 0.5, "tied": 3, "tied_selected": 2,
        "comparison_digest": "c" * 64,
    }  # fmt: skip


def test_of_logged_decisions_it_says_nothing(tmp_path: Path) -> None:
    assert simulation_of(simulated(tmp_path, None), "a" * 64, None) is None


def test_no_record_is_made_of_other_files_or_without_a_comparison(tmp_path: Path) -> None:
    population = simulated(tmp_path)
    with pytest.raises(RecordError, match="version 2 has other files in the registry than those"):
        simulation_of(population, "b" * 64, "c" * 64)
    with pytest.raises(RecordError, match="version 2 was not compared with version 1"):
        simulation_of(population, "a" * 64, None)
