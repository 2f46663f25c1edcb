"""Files of strangers, changed anywhere: only an error of our own comes out, or what they say."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope

from fairness_audit.encoding import canonical_bytes, read_yaml
from fairness_audit.errors import (
    PolicyError,
    RecordError,
    RegistryError,
    ReviewError,
    SettingsError,
    SourceError,
)
from fairness_audit.ledger.keys import load_trusted_keys, public_pem
from fairness_audit.policy.load import load_policy
from fairness_audit.records.evidence import Evidence
from fairness_audit.records.signed.dsse import (
    PAYLOAD_TYPE,
    is_same_head,
    open_envelope,
    open_head,
    signers_of,
    unverified_record,
)
from fairness_audit.registry.artifact import folder_digest
from fairness_audit.registry.training import moment_of_tag
from fairness_audit.review.seal import PAYLOAD_TYPE as SEALED
from fairness_audit.review.seal import opened
from fairness_audit.steps.extract.manifest import MANIFEST, read_manifest
from fairness_audit.steps.score.signature import check_inputs
from fairness_audit.web.relay import _uid_of
from tests.builders.domain import policy_content
from tests.builders.envelopes import ENVELOPES, payload
from tests.builders.mutated import ODD, mutations
from tests.builders.published import SIGNER, TRUSTED

OFTEN = settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

CELLS = {
    **{name: [1, 2] for name in ("tp", "fp", "fn", "tn")},
    **{name: [1, 2] for name in ("selectedUnlabelled", "notSelectedUnlabelled")},
}
EVIDENCE: dict[str, Any] = {
    "layout": 1,
    "model": "lead_scoring",
    "modelVersion": "1",
    "audited": "decisions",
    "unit": "week",
    "countsFrom": "2026-01-01T00:00:00Z",
    "starts": ["2026-01-05", "2026-01-12"],
    "groupings": [
        {
            "grouping": "gender",
            "rates": ["selection_rate"],
            "figures": ["area_under_curve"],
            "groups": [
                {
                    "group": "F",
                    **CELLS,
                    "subjects": {
                        "selection_rate": {
                            **{"first": [0], "second": [1], "mm": [1], "yy": [1]},
                            **{"my": [0], "ym": [0]},
                        }
                    },
                    "figures": {
                        "area_under_curve": {
                            "value": [0.5, None],
                            "variance": [0.1, None],
                            "size": [3, 0],
                        }
                    },
                }
            ],
        }
    ],
}


def signed(content: Any) -> bytes:
    """Signed by whom we trust, whatever it is: a key that leaked, a release to come."""
    said = content if isinstance(content, bytes) else json.dumps(content).encode()
    envelope = Envelope(said, PAYLOAD_TYPE, {})
    envelope.sign(SIGNER)
    return canonical_bytes(envelope.to_dict())


READERS: dict[str, Callable[[bytes], object]] = {
    "record": lambda envelope: open_envelope(envelope, TRUSTED),
    "head": lambda envelope: open_head(envelope, TRUSTED),
    "unverified": unverified_record,
    "signers": signers_of,
    "same head": lambda envelope: is_same_head(envelope, ENVELOPES["a head"]),
}


def read_by_all(envelope: bytes) -> None:
    for reader in READERS.values():
        with suppress(RecordError):
            reader(envelope)


@pytest.mark.parametrize("kind", ["an audit with everything", "a review", "a head"])
@OFTEN
@given(data=st.data())
def test_what_is_signed(kind: str, data: st.DataObject) -> None:
    content = payload(ENVELOPES[kind])
    read_by_all(signed(data.draw(mutations(content))))
    text = json.dumps(content)
    cut = data.draw(st.integers(0, len(text)))
    read_by_all(signed((text[:cut] + data.draw(st.text(max_size=3)) + text[cut:]).encode()))


@OFTEN
@given(data=st.data())
def test_envelopes(data: st.DataObject) -> None:
    content = json.loads(ENVELOPES["a head"])
    mutated = data.draw(mutations(content))
    read_by_all(json.dumps(mutated, ensure_ascii=False).encode(errors="surrogatepass"))
    with suppress(ValueError):  # of numbers and texts that canonical JSON does not have
        read_by_all(canonical_bytes(mutated))


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5_000, b"", b"\xff", b'"\\ud800"']
)
def test_what_readers_of_json_fall_over(content: bytes) -> None:
    for name, reader in READERS.items():
        with pytest.raises(RecordError):
            reader(content)
        if name != "signers":  # which are those of any envelope
            with pytest.raises(RecordError):
                reader(signed(content))
    with pytest.raises(RecordError):
        Evidence.read(content)


def test_the_evidence_that_is_changed_here_is_some() -> None:
    assert Evidence.read(json.dumps(EVIDENCE).encode()).starts


@OFTEN
@given(content=mutations(EVIDENCE))
def test_evidence(content: Any) -> None:
    with suppress(RecordError):
        read = Evidence.read(json.dumps(content).encode())
        assert Evidence.read(read.content) == read
        assert all(group.table for grouping in read.groupings for group in grouping.groups)


# --- answers of people, snapshots, reviews of a cluster ------------------------------------------

ANSWER: dict[str, Any] = {
    **{"run_id": "run", "record_id": "0" * 64, "known": 1, "choice": "waive", "findings": ["a"]},
    **{"person": {"id": "ada", "name": "Ada"}, "at": "2026-06-29T00:00:00Z", "reason": "why"},
    **{"compensating_control": "calls", "owner": "ada", "days": 30},
}
DEEP = "[" * 100_000


def seal_of(content: Any) -> str:
    envelope = Envelope(json.dumps(content).encode(), SEALED, {})
    envelope.sign(SIGNER)
    return json.dumps(envelope.to_dict())


def test_the_answer_that_is_changed_here_is_one() -> None:
    assert opened(seal_of(ANSWER), SIGNER.public_key, run_id="run").reason == "why"


@OFTEN
@given(content=mutations(ANSWER), seal=mutations(json.loads(seal_of(ANSWER))))
@example(content=DEEP, seal=DEEP)
def test_answers_of_people(content: Any, seal: Any) -> None:
    for text in (seal_of(content), json.dumps(seal), seal if isinstance(seal, str) else ""):
        with suppress(ReviewError):
            assert opened(text, SIGNER.public_key, run_id="run")


@OFTEN
@given(content=mutations({"model": "lead_scoring", "tables": [{"name": "lead"}]}))
@example(content=DEEP)
def test_manifests_of_snapshots(tmp_path: Path, content: Any) -> None:
    said = content if content is DEEP else json.dumps(content)
    (tmp_path / MANIFEST).write_text(said)
    with pytest.raises(SourceError):
        read_manifest(tmp_path)


@pytest.mark.parametrize("content", [DEEP, "[]", "1", '{"request": 1}', "", "{"])
def test_reviews_of_a_cluster(content: str) -> None:
    assert _uid_of(content.encode()) is None


# --- policies -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("home") / "expectations" / "lead_scoring" / "policy.yaml"
    file.parent.mkdir(parents=True)
    return file


@OFTEN
@given(content=mutations(policy_content(candidate={"selects": {"top_share": "2/5"}})))
@example(content=policy_content(source=[1]))
@example(content=policy_content(rules=[{"id": ["a"]}]))
def test_policies(policy: Path, content: Any) -> None:
    policy.write_text(yaml.safe_dump(content, allow_unicode=True), errors="surrogatepass")
    with suppress(PolicyError):
        assert load_policy(policy).digest


ODD_YAML = [
    "[" * 5_000 + "]" * 5_000,
    "{a: " * 5_000,
    "- " * 5_000,
    "when: 2026-13-45",
    "when: 2026-06-29 25:00:00",
    "when: 2001-12-14 21:59:43 +99:99",
    '!!int ""',
    '!!float ""',
    "!!int 0b",
    "!!bool maybe",
    "!!timestamp x",
    "!!binary é",
    "!!set [a]",
    "!!omap [a]",
    "!!pairs [a]",
    f"!!float {'1:' * 400}1",
    "9" * 5_000,
    "? [a]\n: b",
    "? {a: b}\n: c",
    "<<: 1",
    "<<: [{a: b}]",
    "a: *a",
    "&a [*a]",
    "\x00",
    "\ufeff%YAML 9.9\n---\na",
    "--- a\n--- b",
    "!<tag:yaml.org,2002:python/object/apply:os.system> [ls]",
    "",
]
"""Texts that PyYAML fails at, by whatever exception, or reads as something odd."""


@pytest.mark.parametrize("text", ODD_YAML, ids=range(len(ODD_YAML)))
def test_yaml_that_is_odd(text: str, policy: Path, tmp_path: Path) -> None:
    policy.write_text(text)
    with pytest.raises(PolicyError, match=r"policy\.yaml:\d+: "):
        load_policy(policy)
    read_as_artifact(tmp_path, text.encode())


def read_as_artifact(folder: Path, content: bytes) -> None:
    """As the load mark beside a model, and as its MLmodel."""
    with suppress(yaml.YAMLError, UnicodeDecodeError):
        read_yaml(content)
    for name in ("registered_model_meta", "MLmodel"):
        (folder / name).write_bytes(content)
    assert len(folder_digest(folder)) == 64
    check_inputs(folder, ["size"], model="lead_scoring", version="1")


@OFTEN
@given(
    tag=st.sampled_from(
        ["", *(f"!!{name} " for name in yaml.SafeLoader.yaml_constructors if name)]
    ),
    scalar=st.one_of(st.text(max_size=8), st.sampled_from([str(each)[:999] for each in ODD])),
)
def test_marks_and_scalars(tmp_path: Path, tag: str, scalar: str) -> None:
    tag = tag.replace("!!tag:yaml.org,2002:", "!!")
    text = f"model_name: {tag}{json.dumps(scalar)}\nmodel_version: {tag}{scalar}\n"
    read_as_artifact(tmp_path, text.encode(errors="surrogatepass"))


@OFTEN
@given(content=st.binary(max_size=200))
def test_marks_of_any_bytes(tmp_path: Path, content: bytes) -> None:
    read_as_artifact(tmp_path, content)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "text",
    [
        "x: &x {}\n" * 116_000,
        "- *a\n" * 209_000,
        "&a " * 349_000,
        "a: &a [1]\n" + "".join(f"b{n}: [*a, *a]\n" for n in range(70_000)),
    ],
    ids=["anchors", "aliases", "nothing but anchors", "both"],
)
def test_a_mebibyte_of_anchors_is_refused_at_once(
    text: str, encoding: str, tmp_path: Path
) -> None:
    content = text.encode(encoding)[: 1 << 20]
    began = time.process_time()
    with pytest.raises((yaml.YAMLError, UnicodeDecodeError)):
        read_yaml(content)
    (tmp_path / "MLmodel").write_bytes(content)
    check_inputs(tmp_path, ["size"], model="lead_scoring", version="1")
    assert time.process_time() - began < 1


# --- what else is written by hand ---------------------------------------------------------------


@OFTEN
@given(text=st.one_of(st.text(max_size=40), st.sampled_from([str(each) for each in ODD])))
@example(text="0001-01-01T00:00:00+23:59")
@example(text="9999-12-31T23:59:59-23:59")
def test_moments_in_tags(text: str) -> None:
    with suppress(RegistryError):
        assert moment_of_tag("lead_scoring", "1", text) is not None


@pytest.mark.parametrize("text", ["²", "9" * 5_000, "-1", "", "\x00"])
def test_numbers_of_last_records(text: str, tmp_path: Path) -> None:
    (tmp_path / "one.pem").write_bytes(public_pem(SIGNER.public_key))
    (tmp_path / "one.last").write_text(text)
    with pytest.raises(SettingsError, match=r"one\.last: not the number of a record"):
        load_trusted_keys(tmp_path)


@pytest.mark.parametrize("content", [b"", b"-----BEGIN", b"\xff" * 99, b"x" * 99_999])
def test_keys_that_are_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "one.pem").write_bytes(content)
    with pytest.raises(SettingsError, match="not an ed25519 public key"):
        load_trusted_keys(tmp_path)
