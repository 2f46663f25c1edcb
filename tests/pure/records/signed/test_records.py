"""A record as a Statement: read back as written, or refused."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.encoding import canonical_bytes
from fairness_audit.errors import RecordError
from fairness_audit.records.finding import Evidence
from fairness_audit.records.signed.place import place_of
from fairness_audit.records.signed.statement import check_with_in_toto, payload_of, record_of
from tests.builders.published import FAILED, LOGICAL_DATE, WAITS, a_finding, a_record, digest


def content_of(**changes: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(payload_of(a_record(**changes)))
    return content


def test_a_record_reads_back_as_it_was() -> None:
    record = a_record(seq=7, prev=digest("before"), findings=[FAILED, WAITS], verdict="fail")
    assert record_of(payload_of(record)) == record


@given(
    st.builds(
        Evidence,
        value=st.floats(allow_nan=False, allow_infinity=False) | st.none(),
        numerator=st.integers(-(2**53) + 1, 2**53 - 1) | st.none(),
    ),
    st.text(),
)
def test_any_finite_number_and_any_text_reads_back(evidence: Evidence, sentence: str) -> None:
    record = a_record(findings=[a_finding(evidence=evidence, sentence=sentence)])
    assert record_of(payload_of(record)) == record


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_not_signed(number: float) -> None:
    finding = a_finding().model_copy(update={"evidence": Evidence(p_value=number)})
    with pytest.raises(RecordError, match="cannot be signed"):
        payload_of(a_record().model_copy(update={"findings": (finding,)}))


def test_in_toto_itself_accepts_the_statement() -> None:
    check_with_in_toto(payload_of(a_record()))
    with pytest.raises(RecordError, match="not an in-toto Statement: Predicate type required"):
        check_with_in_toto(canonical_bytes(content_of() | {"predicateType": ""}))


def test_the_statement_says_it_in_the_words_of_slsa() -> None:
    predicate = content_of()["predicate"]
    assert predicate["verificationResult"] == "PASSED"
    assert predicate["resourceUri"] == "models:/lead_scoring/1"
    assert predicate["timeVerified"] == "2026-06-30T12:00:00Z"
    assert predicate["policy"]["digest"]["sha256"] == digest("policy")


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({"findings": [a_finding(), WAITS]}, "FAILED"),
        ({"findings": [a_finding(), FAILED]}, "FAILED"),
        ({"verdict": "fail"}, "FAILED"),
        ({"findings": []}, "FAILED"),
        ({"verdict": "warn"}, "PASSED"),
    ],
)
def test_passed_means_that_nothing_stands_against_a_promotion(
    changes: dict[str, Any], result: str
) -> None:
    assert content_of(**changes)["predicate"]["verificationResult"] == result


def changed(where: str, value: Any) -> bytes:
    content = content_of()
    *parents, last = where.split(".")
    place: Any = content
    for each in parents:
        place = place[int(each) if each.isdigit() else each]
    place[last] = value
    return canonical_bytes(content)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("_type", "https://in-toto.io/Statement/v0.1"),
        ("predicateType", "https://slsa.dev/verification_summary/v1"),
        ("predicate.verdict", "passed"),
        ("predicate.unknown", 1),
        ("predicate.findings.0.unknown", 1),
        ("predicate.seq", 0),
        ("predicate.prev", "no digest"),
        ("predicate.expires", "2026-08-04T12:00:00"),
        ("subject.0.name", "report"),
        ("subject.0.name", "snapshot"),
        ("subject.0.digest", {"sha512": "0"}),
    ],
)
def test_what_is_not_ours_is_refused(where: str, value: Any) -> None:
    with pytest.raises(RecordError, match="not an audit record: "):
        record_of(changed(where, value))


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("predicate.recordId", digest("another")),
        ("predicate.verificationResult", "FAILED"),
        ("predicate.verdict", "fail"),
        ("predicate.resourceUri", "models:/lead_scoring/2"),
        ("predicate.modelVersion", "2"),
        ("predicate.expires", "2026-08-04T14:00:00+02:00"),
        ("predicate.prev", None),
        ("subject.1.digest.sha256", digest("another")),
    ],
)
def test_what_contradicts_itself_or_is_spelt_otherwise_is_refused(where: str, value: Any) -> None:
    with pytest.raises(RecordError, match="contradicts itself"):
        record_of(changed(where, value))


def test_a_repeated_field_is_refused() -> None:
    payload = payload_of(a_record())
    twice = payload.replace(b'"verdict":"pass"', b'"verdict":"fail","verdict":"pass"')
    assert twice != payload
    with pytest.raises(RecordError, match="contradicts itself"):
        record_of(twice)


def test_the_record_id_is_of_content_and_date_only() -> None:
    same = a_record(seq=9, prev=digest("x"), issued=LOGICAL_DATE, verdict="fail", findings=[])
    assert same.record_id == a_record().record_id
    for field in ("artifact", "snapshot", "population", "measurements", "policy"):
        assert a_record(**{f"{field}_digest": digest("x")}).record_id != same.record_id
    assert a_record(model="x").record_id != same.record_id
    assert a_record(model_version="x").record_id != same.record_id
    later = a_record(logical_date=LOGICAL_DATE + timedelta(seconds=1))
    assert later.record_id != same.record_id


def test_one_moment_in_two_time_zones_is_one_record() -> None:
    elsewhere = LOGICAL_DATE.astimezone(timezone(timedelta(hours=2)))
    assert a_record(logical_date=elsewhere).record_id == a_record().record_id


def test_a_moment_without_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone"):
        a_record(logical_date=datetime(2026, 6, 29))


HOSTILE = ["../../etc/passwd", "/etc/passwd", "..", ".", "", "a/b", "v\n1", "a\0b", "é", "-" * 400]


@pytest.mark.parametrize("version", HOSTILE)
def test_a_hostile_version_stays_in_the_folder(version: str) -> None:
    place = place_of(a_record(model_version=version))
    assert len(place.parts) == 3
    assert place.parts[0] == "lead_scoring"
    assert all(part.isascii() and part.isprintable() for part in place.parts)
    assert not {".", "..", ""} & set(place.parts)
    assert max(map(len, place.parts)) < 100


def test_different_versions_have_different_folders() -> None:
    folders = {place_of(a_record(model_version=each)).parts[1] for each in [*HOSTILE, "1", "a-b"]}
    assert len(folders) == len(HOSTILE) + 2


def test_a_plain_place_is_readable() -> None:
    start = a_record().record_id[:12]
    assert str(place_of(a_record())) == f"lead_scoring/1/2026-06-29T000000Z-{start}.json"
