"""Groups that were inferred: they warn, never fail by themselves, and say how far they reach."""

from typing import Any

import pytest

from fairness_audit.policy.attribute import Provenance
from fairness_audit.policy.load import load_policies
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.finding import Judgement, Verdict
from fairness_audit.records.signed.statement import payload_of, record_of
from fairness_audit.steps.measure.counting.counts import Counts
from tests import CHECKOUT
from tests.builders.domain import a_policy
from tests.builders.judging import (
    BIASED,
    CLOSE,
    FAIR,
    a_check,
    a_rule,
    about,
    gender_policy,
    in_words,
    judged,
    judged_counts,
    measured,
    recorded,
    share,
)

TWICE_FAIR = {name: counts.map(lambda n: 2 * n) for name, counts in FAIR.items()}
METHOD = "first names, by a table of 2020"


def inferred(accuracy: str = "9/10") -> dict[str, Any]:
    return {
        "provenance": "proxy",
        "proxy": {"method": METHOD, "accuracy": accuracy},
        "reference_group": "M",
    }


def proxy_policy(*rules: dict[str, Any], accuracy: str = "9/10", **changes: Any) -> AuditPolicy:
    return gender_policy(*rules, attributes={"gender": inferred(accuracy)}, **changes)


def two_attributes(gender: dict[str, Any], **changes: Any) -> AuditPolicy:
    age = {"provenance": "self_id", "reference_group": "30-49"}
    return a_policy(attributes={"gender": gender, "age_band": age}, strata=[], **changes)


# --- a breach -----------------------------------------------------------------------------------


def test_a_breach_on_a_proxy_alone_is_a_warning_that_a_person_decides_on() -> None:
    judgement = judged_counts(proxy_policy(), BIASED)
    finding = about(judgement, group="F")
    assert judgement.verdict is Verdict.WARN
    assert judgement.deciding is finding
    assert (finding.verdict, finding.at_gate) == (Verdict.WARN, "review")
    assert in_words(finding.sentence).endswith(
        "; this stands until later decisions alone show the limit kept (evidence E); the gender"
        " is inferred (first names, by a table of 2020), so this cannot fail the audit by itself."
    )


def test_a_breach_on_a_place_is_a_warning_too_and_claims_no_accuracy() -> None:
    attributes = {"gender": {"provenance": "geographic", "reference_group": "M"}}
    finding = about(judged_counts(gender_policy(attributes=attributes), BIASED), group="F")
    assert (finding.verdict, finding.at_gate) == (Verdict.WARN, "review")
    assert finding.sentence.endswith(
        "; the gender is that of a place and not of the person, so this cannot fail the audit by"
        " itself."
    )


@pytest.mark.parametrize("provenance", ["self_id", "administrative"])
def test_what_is_known_of_people_fails_as_ever(provenance: str) -> None:
    attributes = {"gender": {"provenance": provenance, "reference_group": "M"}}
    judgement = judged_counts(gender_policy(attributes=attributes), BIASED)
    assert (judgement.verdict, judgement.deciding.at_gate) == (Verdict.FAIL, "block")
    known = judged_counts(gender_policy(), BIASED)
    assert judgement == known.model_copy(update={"attributes": judgement.attributes})


def test_an_audit_fails_anyway_where_another_attribute_fails() -> None:
    counts = {("M", "30-49"): share(500, 1000), ("F", "18-29"): share(250, 1000)}
    judgement = judged_counts(two_attributes(inferred()), counts)
    verdicts = {f.attribute: f.verdict for f in judgement.findings if f.kind == "disparity"}
    assert verdicts == {"gender": Verdict.WARN, "age_band": Verdict.FAIL}
    assert judgement.verdict is Verdict.FAIL
    assert judgement.deciding.attribute == "age_band"


def test_an_intersection_with_a_proxy_is_inferred_as_a_whole() -> None:
    policy = two_attributes(inferred(), rules=[a_rule(attributes=["gender*age_band"])])
    counts = {
        (gender, age): share(500 if gender == "M" else 200, 1000)
        for gender in "MF"
        for age in ("30-49", "18-29")
    }
    judgement = judged_counts(policy, counts)
    finding = about(judgement, group="F * 18-29")
    assert (finding.verdict, finding.at_gate) == (Verdict.WARN, "review")
    assert "the gender is inferred" in finding.sentence


def test_errors_of_two_proxies_add_up() -> None:
    attributes = {"gender": inferred(), "age_band": inferred("4/5") | {"reference_group": "30-49"}}
    policy = a_policy(
        attributes=attributes, strata=[], rules=[a_rule(attributes=["gender*age_band"])]
    )
    counts = {(g, a): share(500, 1000) for g in "MF" for a in ("30-49", "18-29")}
    finding = about(judged_counts(policy, counts), group="F * 18-29")
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert in_words(finding.sentence).endswith(", and up to 30 % of each group may be wrong.")


def test_a_rule_that_only_warns_blocks_nothing_as_before() -> None:
    finding = about(judged_counts(proxy_policy(a_rule(severity="warn")), BIASED), group="F")
    assert (finding.verdict, finding.at_gate) == (Verdict.WARN, "allow")
    assert "the gender is inferred" in finding.sentence
    assert "cannot fail the audit" not in finding.sentence


def test_an_unclear_result_on_a_proxy_cannot_block_by_policy_either() -> None:
    finding = about(judged_counts(proxy_policy(a_rule(inconclusive="block")), CLOSE), group="F")
    assert (finding.verdict, finding.at_gate) == (Verdict.INCONCLUSIVE, "review")


def test_what_takes_no_part_in_blocking_takes_no_power_from_what_does() -> None:
    counts = {
        (gender, age): share(selected, 1000)
        for gender, age, selected in (
            ("M", "30-49", 500), ("M", "18-29", 240), ("F", "30-49", 490), ("F", "18-29", 260),
        )
    }  # fmt: skip
    proxy = judged_counts(two_attributes(inferred()), counts)
    only = judged_counts(
        two_attributes(inferred(), rules=[a_rule(attributes=["age_band"])]), counts
    )
    assert proxy.basis is not None
    assert proxy.basis.hypotheses == 2
    assert about(proxy, kind="disparity", attribute="age_band") == about(only, kind="disparity")


def test_what_was_not_counted_still_blocks() -> None:
    rule = a_rule(id="tpr", metric="true_positive_rate")
    finding = about(
        judged_counts(proxy_policy(rule), dict.fromkeys("MF", Counts(fp=100, tn=100))),
        kind="disparity",
    )
    assert (finding.verdict, finding.at_gate) == (Verdict.INCONCLUSIVE, "block")


def test_a_broken_check_of_an_inferred_group_is_a_warning_too() -> None:
    check = a_check(kind="representation", passed=False, attribute="gender", group="F",
                    sentence="F has only 10 %.", limit="4/5", stated="1/2")  # fmt: skip
    counts = {"M": share(900, 1800), "F": share(100, 200)}
    known = about(judged_counts(gender_policy(), counts, checks=[check]), kind="representation")
    assert (known.verdict, known.at_gate) == (Verdict.FAIL, "block")
    judgement = judged_counts(proxy_policy(), counts, checks=[check])
    finding = about(judgement, kind="representation")
    assert (finding.verdict, finding.at_gate) == (Verdict.WARN, "review")
    assert finding.sentence == (
        "F has only 10 %. The limit is broken: chance does not explain it. The gender is inferred"
        " (first names, by a table of 2020), so this cannot fail the audit by itself."
    )


# --- a pass -------------------------------------------------------------------------------------


def test_a_pass_must_hold_at_both_ends() -> None:
    """At 10 % wrong, .49 against .5 may be .43 against .56."""
    finding = about(judged_counts(proxy_policy(), TWICE_FAIR), group="F")
    assert (finding.verdict, finding.at_gate) == (Verdict.INCONCLUSIVE, "review")
    assert in_words(finding.sentence).endswith(
        ", within the limits of 4/5 and 5/4; whether it stays there is not certain yet; the gender"
        " is inferred (first names, by a table of 2020), and up to 10 % of each group may be"
        " wrong."
    )


def test_a_pass_that_holds_at_both_ends_is_one() -> None:
    judgement = judged_counts(proxy_policy(accuracy="99/100"), TWICE_FAIR)
    finding = about(judgement, group="F")
    assert judgement.verdict is Verdict.PASS
    assert finding.sentence.endswith(
        "; the gender is inferred (first names, by a table of 2020), and up to 1 % of each group"
        " may be wrong."
    )


def test_a_proxy_that_is_always_right_counts_as_the_people_do() -> None:
    surely, known = (
        about(judged_counts(policy, FAIR), group="F")
        for policy in (proxy_policy(accuracy="1"), gender_policy())
    )
    assert surely.evidence == known.evidence
    assert surely.verdict is known.verdict


def test_the_unknown_and_the_wrongly_inferred_are_both_paid_for() -> None:
    counts = {name: each.map(lambda n: 4 * n) for name, each in FAIR.items()}
    unknown = {"unknown": share(200, 400)}
    assert judged_counts(proxy_policy(accuracy="97/100"), counts).verdict is Verdict.PASS
    assert judged_counts(gender_policy(), counts | unknown).verdict is Verdict.PASS
    both = judged_counts(proxy_policy(accuracy="97/100"), counts | unknown)
    assert both.verdict is Verdict.INCONCLUSIVE


def test_where_all_may_be_wrong_nothing_passes() -> None:
    attributes = {
        name: inferred("51/100") | {"reference_group": "M"} for name in ("gender", "a", "b")
    }
    policy = a_policy(
        attributes=attributes, strata=[], intersections=[["gender", "a", "b"]],
        rules=[a_rule(attributes=["gender*a*b"])],
    )  # fmt: skip
    counts = {("M", "M", "M"): share(500, 1000), ("F", "M", "M"): share(500, 1000)}
    finding = about(judged_counts(policy, counts), group="F * M * M")
    assert finding.verdict is Verdict.INCONCLUSIVE


# --- policy and record --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"provenance": "proxy"}, "does not say how the values are inferred; add proxy"),
        (inferred() | {"provenance": "self_id"}, "but the provenance is self_id; remove proxy"),
        (inferred("1/2"), r"accuracy 1/2 must lie in \(1/2, 1\]"),
        (inferred("11/10"), r"accuracy 11/10 must lie in \(1/2, 1\]"),
        ({"provenance": "proxy", "proxy": {"method": METHOD}}, "accuracy\n  Field required"),
        ({"provenance": "proxy", "proxy": {"accuracy": "9/10"}}, "method\n  Field required"),
    ],
)
def test_a_proxy_is_declared_whole_or_not_at_all(change: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        gender_policy(attributes={"gender": {"reference_group": "M"} | change})


def test_a_policy_without_a_proxy_has_the_canonical_form_of_before() -> None:
    for loaded in load_policies(CHECKOUT / "expectations"):
        canonical = loaded.policy.model_dump(mode="json", by_alias=True)
        assert all("proxy" not in each for each in canonical["attributes"].values())
    said = proxy_policy().model_dump(mode="json")["attributes"]["gender"]["proxy"]
    assert said == {"method": METHOD, "accuracy": "9/10"}


def test_the_record_says_where_the_groups_come_from_and_of_how_many() -> None:
    judgement = judged_counts(proxy_policy(), FAIR | {"unknown": share(200, 500)})
    assert judgement.attributes is not None
    assert judgement.attributes["gender"].model_dump() == {
        "provenance": Provenance.PROXY,
        "coverage": 0.8,
    }
    assert Judgement.model_validate(judgement.model_dump(mode="json")) == judgement


def test_a_record_keeps_it_and_what_the_verdict_rests_on() -> None:
    judgement = judged_counts(proxy_policy(), FAIR)
    record = recorded(proxy_policy(), judgement)
    payload = payload_of(record)
    assert b'"attributes":{"gender":{"coverage":1,"provenance":"proxy"}}' in payload
    assert record_of(payload) == record
    assert record.basis == judgement.basis is not None


def test_a_record_of_before_says_nothing_of_it_and_still_reads() -> None:
    before = {"attributes": None, "basis": None}
    record = recorded(proxy_policy(), judged_counts(proxy_policy(), FAIR))
    record = record.model_copy(update=before)
    payload = payload_of(record)
    assert b'"attributes"' not in payload
    assert record_of(payload) == record


def test_what_was_not_measured_has_no_coverage() -> None:
    found = [each for each in measured(gender_policy(), FAIR) if each.metric != "selection_rate"]
    attributes = judged(gender_policy(), found).attributes
    assert attributes is not None
    assert attributes["gender"].coverage is None
