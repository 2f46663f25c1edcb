"""Groups that were inferred: they warn, never fail by themselves, and say how far they reach."""

from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.policy.attribute import Provenance
from fairness_audit.policy.load import load_policies
from fairness_audit.policy.metrics import SELECTION_RATE
from fairness_audit.policy.model import Against, AuditPolicy, Comparison, Rule
from fairness_audit.records.finding import Judgement, Verdict
from fairness_audit.records.signed.dsse import open_envelope
from fairness_audit.records.signed.statement import payload_of, record_of
from fairness_audit.steps.judge.allowed_range import TwoRates
from fairness_audit.steps.judge.cases import Case
from fairness_audit.steps.judge.proxies import contaminated_ends
from tests import CHECKOUT
from tests.builders.domain import a_policy, a_rate
from tests.builders.judging import (
    BIASED,
    CLOSE,
    FAIR,
    a_check,
    a_rule,
    about,
    gender_policy,
    judged,
    judged_counts,
    measured,
    share,
)
from tests.builders.published import TRUSTED, a_loaded_policy, a_record, published

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
    assert finding.sentence.endswith(
        "; the gender is inferred (first names, by a table of 2020), so this cannot fail the"
        " audit by itself; with up to 10 % of each group wrong, the ratio may be from 0.40 to"
        " 0.75."
    )


def test_a_breach_on_a_place_is_a_warning_too_and_claims_no_accuracy() -> None:
    attributes = {"gender": {"provenance": "geographic", "reference_group": "M"}}
    finding = about(judged_counts(gender_policy(attributes=attributes), BIASED), group="F")
    assert (finding.verdict, finding.at_gate) == (Verdict.WARN, "review")
    assert finding.evidence.proxy_low is None
    assert finding.sentence.endswith(
        "; the gender is that of a place and not of the person, so this cannot fail the audit by"
        " itself."
    )


@pytest.mark.parametrize("provenance", ["self_id", "administrative"])
def test_what_is_known_of_people_fails_as_ever(provenance: str) -> None:
    attributes = {"gender": {"provenance": provenance, "reference_group": "M"}}
    judgement = judged_counts(gender_policy(attributes=attributes), BIASED)
    assert (judgement.verdict, judgement.deciding.at_gate) == (Verdict.FAIL, "block")
    assert judgement == judged_counts(gender_policy(), BIASED).model_copy(
        update={"attributes": judgement.attributes}
    )


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
    assert finding.evidence.proxy_high is not None
    assert "the gender is inferred" in finding.sentence


def test_errors_of_two_proxies_add_up() -> None:
    attributes = {"gender": inferred(), "age_band": inferred("4/5") | {"reference_group": "30-49"}}
    policy = a_policy(
        attributes=attributes, strata=[], rules=[a_rule(attributes=["gender*age_band"])]
    )
    counts = {(g, a): share(500, 1000) for g in "MF" for a in ("30-49", "18-29")}
    finding = about(judged_counts(policy, counts), group="F * 18-29")
    assert finding.evidence.proxy_low == pytest.approx((200 / 700) / (500 / 700))
    assert "with up to 30 % of each group wrong" in finding.sentence


def test_a_rule_that_only_warns_blocks_nothing_as_before() -> None:
    finding = about(judged_counts(proxy_policy(a_rule(severity="warn")), BIASED), group="F")
    assert (finding.verdict, finding.at_gate) == (Verdict.WARN, "allow")
    assert "the gender is inferred" in finding.sentence
    assert "cannot fail the audit" not in finding.sentence


def test_an_unclear_result_on_a_proxy_cannot_block_by_policy_either() -> None:
    finding = about(judged_counts(proxy_policy(a_rule(inconclusive="block")), CLOSE), group="F")
    assert (finding.verdict, finding.at_gate) == (Verdict.INCONCLUSIVE, "review")


def test_what_was_not_measured_still_blocks() -> None:
    found = [a_rate("selection_rate", "M", 500, 1000), a_rate("selection_rate", "F", 490, 1000)]
    finding = about(judged(proxy_policy(), found), kind="disparity")
    assert (finding.verdict, finding.at_gate) == (Verdict.INCONCLUSIVE, "block")


def test_a_failed_check_of_an_inferred_group_is_a_warning_too() -> None:
    check = a_check(kind="representation", passed=False, attribute="gender", group="F",
                    sentence="Women are too few.")  # fmt: skip
    known = judged_counts(gender_policy(), FAIR, checks=[check])
    assert about(known, kind="representation").verdict is Verdict.FAIL
    finding = about(judged_counts(proxy_policy(accuracy="1"), FAIR, checks=[check]),
                    kind="representation")  # fmt: skip
    assert (finding.verdict, finding.at_gate) == (Verdict.WARN, "review")
    assert finding.sentence == (
        "Women are too few. The gender is inferred (first names, by a table of 2020), so this"
        " cannot fail the audit by itself."
    )


# --- a pass -------------------------------------------------------------------------------------


def test_a_pass_must_hold_at_both_ends() -> None:
    finding = about(judged_counts(proxy_policy(), FAIR), group="F")
    assert (finding.verdict, finding.at_gate) == (Verdict.INCONCLUSIVE, "review")
    assert finding.evidence.proxy_low == pytest.approx((390 / 900) / (500 / 900))
    assert finding.evidence.proxy_high == pytest.approx((490 / 900) / (400 / 900))
    assert (
        "within the chosen limit of 4/5, but the gender is inferred (first names, by a table of"
        " 2020); with up to 10 % of each group wrong, the ratio may be from 0.78 to 1.23"
    ) in finding.sentence


def test_a_pass_that_holds_at_both_ends_is_one() -> None:
    judgement = judged_counts(proxy_policy(accuracy="99/100"), FAIR)
    finding = about(judgement, group="F")
    assert judgement.verdict is Verdict.PASS
    assert "so is the whole interval; with up to 1 % of each group wrong" in finding.sentence


def test_a_proxy_that_is_always_right_says_what_the_people_would() -> None:
    surely, known = (
        about(judged_counts(policy, FAIR), group="F")
        for policy in (proxy_policy(accuracy="1"), gender_policy())
    )
    assert surely == known


def test_a_pass_just_above_the_smallest_group_needs_no_more_rows() -> None:
    policy = proxy_policy(accuracy="999/1000", min_group_size=1000)
    assert about(judged_counts(policy, FAIR), group="F").verdict is Verdict.PASS


def test_the_unknown_and_the_wrongly_inferred_are_both_paid_for() -> None:
    counts = FAIR | {"unknown": share(60, 120)}
    assert judged_counts(gender_policy(), counts).verdict is Verdict.PASS
    surely = judged_counts(proxy_policy(accuracy="999/1000"), counts)
    perhaps = judged_counts(proxy_policy(accuracy="97/100"), counts)
    assert surely.verdict is Verdict.PASS
    assert perhaps.verdict is Verdict.INCONCLUSIVE
    assert judged_counts(proxy_policy(accuracy="97/100"), FAIR).verdict is Verdict.PASS


# --- the ends -----------------------------------------------------------------------------------


def a_case(against: Against) -> Case:
    rule = Rule(
        id="r",
        metric=SELECTION_RATE,
        compare=Comparison.RATIO,
        against=against,
        threshold="4/5",
    )
    return Case(rule, "gender", "F", None)


@pytest.mark.parametrize("compare", Comparison)
@pytest.mark.parametrize("rates", [TwoRates(4, 10, 12, 20), TwoRates(1, 10, 19, 20)])
def test_no_choice_of_the_rows_that_do_not_belong_lies_outside(
    rates: TwoRates, compare: Comparison
) -> None:
    """One in five rows of either group may be another's: every choice of two and of four."""
    low, high = (
        end.disparity(compare)
        for end in contaminated_ends(a_case(Against.REFERENCE), rates, Fraction(1, 5))
    )
    assert low is not None
    assert high is not None
    own_out = [k for k in range(3) if k <= rates.numerator]
    other_out = [k for k in range(5) if k <= rates.reference_numerator]
    found = []
    for own, other in product(own_out, other_out):  # successes among those that do not belong
        if 2 - own > 10 - rates.numerator or 4 - other > 20 - rates.reference_numerator:
            continue
        left = TwoRates(rates.numerator - own, 8, rates.reference_numerator - other, 16)
        value = left.disparity(compare)
        assert value is not None
        found.append(Fraction(value[0], value[1]))
    assert min(found) == Fraction(low[0]) / low[1]
    assert max(found) == Fraction(high[0]) / high[1]


def test_everybody_stays_everybody() -> None:
    low, high = contaminated_ends(
        a_case(Against.OVERALL), TwoRates(40, 100, 500, 1000), Fraction(1, 10)
    )
    assert low == TwoRates(30, 90, 500, 1000)
    assert high == TwoRates(40, 90, 500, 1000)


def test_a_ratio_to_a_rate_that_may_be_zero_has_no_end() -> None:
    counts = {"M": share(50, 1000), "F": share(300, 1000)}
    finding = about(judged_counts(proxy_policy(), counts), group="F")
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert finding.evidence.proxy_high is None
    assert finding.sentence.endswith("10 % of each group wrong, nothing can be said.")


def test_where_all_may_be_wrong_nothing_is_concluded() -> None:
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
    assert finding.evidence.proxy_low is None


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
    record = a_record(attributes=judgement.attributes)
    assert b'"attributes":{"gender":{"coverage":0.8,"provenance":"proxy"}}' in payload_of(record)
    assert record_of(payload_of(record)) == record


def test_a_record_of_before_says_nothing_of_it_and_still_reads() -> None:
    assert b'"attributes"' not in payload_of(a_record())
    assert record_of(payload_of(a_record())).attributes is None


def test_publish_writes_it(tmp_path: Path) -> None:
    judgement = judged_counts(proxy_policy(), FAIR)
    file = published(a_loaded_policy(tmp_path), tmp_path, judgement=judgement).file
    assert open_envelope(file.read_bytes(), TRUSTED).record.attributes == judgement.attributes


def test_what_was_not_measured_has_no_coverage() -> None:
    found = [each for each in measured(gender_policy(), FAIR) if each.metric != "selection_rate"]
    attributes = judged(gender_policy(), found).attributes
    assert attributes is not None
    assert attributes["gender"].coverage is None
