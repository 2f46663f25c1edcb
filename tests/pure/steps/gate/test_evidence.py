"""What a decision rests on: the same answer as from every record, wherever the ledger was touched.

Somebody rewrites the database, the heads, or both, with every key but the one that signs now. What
the signed heads let through is what verifying every record lets through, but for an edit inside an
older envelope of another model, which changes no answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from securesystemslib.signer import CryptoSigner, Key

from fairness_audit.errors import RecordError
from fairness_audit.ledger.checkpoint import NotVouched, vouched_for
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.verified import verified_ledger
from fairness_audit.policy.document import Document
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.signed.audit import AuditRecord, GateDecision
from fairness_audit.records.signed.dsse import (
    LAST_SEQ,
    SignedRecord,
    open_envelope,
    sign,
    sign_head,
)
from fairness_audit.records.signed.index import IndexRow, Vouch, index_digest
from fairness_audit.records.signed.statement import Record
from fairness_audit.steps.gate.decision import decide
from fairness_audit.steps.gate.evidence import _of_version, evidence, newest_and
from fairness_audit.steps.publish import publish_review
from tests.builders.domain import a_policy
from tests.builders.published import (
    FAILED,
    LOGICAL_DATE,
    MODEL,
    NOW,
    SIGNER,
    STANDS,
    STRANGER,
    a_ledger,
    a_record,
    a_review,
    an_approval,
    appended,
    digest,
)
from tests.builders.tampered_ledger import COLUMNS, Copy

OLD = CryptoSigner.generate_ed25519()
"""It signed the first records, was replaced, and then stolen."""
SIGNED_BY_OLD = 4
VERSIONS = ("1", "2", "3", "4")


def keys() -> tuple[Key, ...]:
    """Who is trusted, now that a key was replaced."""
    old = Key.from_dict(OLD.public_key.keyid, OLD.public_key.to_dict())
    old.unrecognized_fields[LAST_SEQ] = SIGNED_BY_OLD
    return (old, SIGNER.public_key)


KEYS = keys()


class ReadInParts(Ledger):
    """A ledger that is never read as a whole."""

    def all(self) -> Any:
        raise AssertionError("every record was read")


@dataclass(frozen=True)
class Installed:
    """A ledger with what was published in it, and another one by the same key."""

    folder: Path
    copy: Copy
    other: Copy


def day(number: int) -> dict[str, Any]:
    return {"logical_date": LOGICAL_DATE + timedelta(days=number)}


def an_installation(folder: Path) -> Installed:
    """Version 1 failed and its waiver was taken back; 2 passed; 3 was waived; 4 has no record."""
    folder.mkdir()
    ledger = a_ledger(folder)
    fails = {"verdict": "fail", "findings": [FAILED]}
    by_old = {"trusted": (OLD.public_key,)}
    appended(ledger, OLD, model="offer_targeting", **by_old)
    appended(ledger, OLD, **by_old, **day(1))
    failure = appended(ledger, OLD, **by_old, **day(2), **fails)
    appended(ledger, OLD, model="offer_targeting", **by_old, **day(3), **fails)
    now = {"trusted": KEYS}
    appended(ledger, model_version="2", artifact_digest=digest("artifact 2"), **now, **day(4))
    reviewed(ledger, failure.envelope)
    appended(ledger, model="offer_targeting", model_version="2", **now, **day(5))
    third = {"model_version": "3", "artifact_digest": digest("artifact 3")}
    waived = appended(ledger, **third, **now, **day(6), **fails)
    reviewed(ledger, failure.envelope, decision="reject", approvals=(an_approval("ada"),))
    appended(ledger, model="case_routing", **now, **day(7))
    reviewed(ledger, waived.envelope)
    appended(ledger, model="offer_targeting", model_version="2", **now, **day(8), **fails)
    return Installed(folder, Copy.of(folder), Copy.of(another(folder / "other")))


def another(folder: Path) -> Path:
    folder.mkdir()
    for number in range(14):
        appended(a_ledger(folder), verdict="warn", trusted=KEYS, **day(number))
    return folder


def reviewed(ledger: Ledger, envelope: bytes, **changes: Any) -> None:
    audit = open_envelope(envelope, KEYS).record
    assert isinstance(audit, AuditRecord)
    publish_review(
        a_review(audit, **changes),
        ledger=ledger,
        signer=SIGNER,
        trusted=lambda: KEYS,
        records=Path(ledger.heads.place).parent / "records",  # type: ignore[union-attr]
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return an_installation(tmp_path_factory.mktemp("evidence") / "installation")


# --- what is asked, from every record and from what the heads vouch for --------------------------


def decided(records: Sequence[Record], version: str) -> GateDecision:
    loaded = LoadedPolicy(
        policy=a_policy(), digest=digest("policy"), document=Document(Path("policy.yaml"), {}, {})
    )
    files = digest(f"artifact {version}")
    return decide(loaded, model_version=version, artifact_digest=files, records=records, now=NOW)


def from_all(ledger: Ledger, version: str) -> GateDecision:
    return decided(verified_ledger(ledger, KEYS), version)


def from_heads(ledger: Ledger, version: str) -> GateDecision:
    vouched = vouched_for(ledger, KEYS, MODEL)
    return decided(_of_version(vouched, version, digest(f"artifact {version}")), version)


def from_evidence(ledger: Ledger, version: str) -> GateDecision:
    files = digest(f"artifact {version}")
    records = evidence(ledger, KEYS, model=MODEL, model_version=version, artifact_digest=files)
    return decided(records, version)


def tried(
    ask: Callable[[Ledger, str], GateDecision], ledger: Ledger, version: str
) -> GateDecision | Exception:
    try:
        return ask(ledger, version)
    except Exception as error:
        return error


def said(answer: GateDecision | Exception) -> Any:
    return (type(answer), str(answer)) if isinstance(answer, Exception) else answer


@pytest.mark.parametrize(
    ("version", "decision", "reason"),
    [
        ("1", "block", "rejected by ada"),
        ("2", "allow", "verdict pass"),
        ("3", "allow", "waived by ada and grace"),
        ("4", "block", "there is no audit record"),
    ],
)
def test_what_the_heads_vouch_for_says_what_every_record_says(
    installed: Installed, version: str, decision: str, reason: str
) -> None:
    whole = a_ledger(installed.folder)
    parts = ReadInParts(f"sqlite:///{installed.folder / 'ledger.db'}", whole.heads)
    answer = from_evidence(parts, version)
    assert answer == from_all(whole, version)
    assert answer.decision == decision
    assert answer.reasons[0].startswith(reason)


def test_only_what_governs_is_opened(installed: Installed) -> None:
    ledger = a_ledger(installed.folder)
    vouched = vouched_for(ledger, KEYS, MODEL)
    opened = _of_version(vouched, "1", digest("artifact 1"))
    assert [each.seq for each in opened] == [3, 6, 9]
    assert [each.seq for each in _of_version(vouched, "1", digest("other files"))] == [3, 6, 9]
    assert [each.seq for each in _of_version(vouched, "3", digest("artifact 3"))] == [8, 11]


def test_the_newest_audit_of_a_model_and_one_by_its_id_are_opened_alone(
    installed: Installed, tmp_path: Path
) -> None:
    whole = a_ledger(installed.folder)
    parts = ReadInParts(f"sqlite:///{installed.folder / 'ledger.db'}", whole.heads)
    ids = {each.seq: each.record_id for each in verified_ledger(whole, KEYS)}
    for ledger in (parts, whole):
        for asked, found in ((ids[2], [8, 2]), (ids[8], [8]), (ids[1], [8]), ("", [8])):
            audits = newest_and(asked, ledger, KEYS, model=MODEL)
            assert [each.seq for each in audits] == found
        assert newest_and("", ledger, KEYS, model="unheard_of") == []
    copy = installed.copy.again()
    copy.rows[1]["logical_date"] = copy.rows[9]["logical_date"]
    with pytest.raises(RecordError, match="ledger entry 2: re-filed"):
        newest_and("", copy.written(tmp_path / "tampered"), KEYS, model=MODEL)


def test_where_no_head_vouches_every_record_says_the_same(
    installed: Installed, tmp_path: Path
) -> None:
    copy = installed.copy.again()
    copy.heads = {name: head for name, head in copy.heads.items() if name < "000000000008.json"}
    ledger = copy.written(tmp_path / "behind")
    wanted = verified_ledger(ledger, KEYS)[1].record_id
    assert [each.seq for each in newest_and(wanted, ledger, KEYS, model=MODEL)] == [8, 2]


def test_of_another_kind_what_failed_is_opened_and_what_is_newest(tmp_path: Path) -> None:
    """A candidate failed, passed, and failed; its decisions pass, and failed once."""
    ledger = a_ledger(tmp_path)
    candidate = {"audited": "candidate"}
    fails = {"verdict": "fail", "findings": [STANDS]}
    for number, of in enumerate([candidate | fails, candidate, {}, fails, candidate | fails, {}]):
        appended(ledger, trusted=KEYS, **of, **day(number))
        answer = from_evidence(ledger, "1")
        assert answer == from_all(ledger, "1")
    vouched = vouched_for(ledger, KEYS, MODEL)
    opened = _of_version(vouched, "1", digest("artifact 1"))
    assert [each.seq for each in opened] == [5, 6]
    of = f"as a candidate (record {opened[0].record_id[:12]})"
    assert answer.reasons == (f"{of}: four_fifths: {STANDS.sentence}",)


# --- somebody writes to it --------------------------------------------------------------------

Change = Callable[[Copy, Installed, st.DataObject], None]


def a_row(copy: Copy, data: st.DataObject) -> dict[str, Any]:
    row: dict[str, Any] = data.draw(st.sampled_from(copy.rows))
    return row


def edit_a_column(copy: Copy, _: Installed, data: st.DataObject) -> None:
    row, name = a_row(copy, data), data.draw(st.sampled_from(COLUMNS[:-1]))
    values = [each[name] for each in copy.rows]
    row[name] = data.draw(st.sampled_from([*values, "", "x", None, 7, b"x", "999"]))


def move_text_between_columns(copy: Copy, _: Installed, data: st.DataObject) -> None:
    row, place = a_row(copy, data), data.draw(st.integers(1, len(COLUMNS) - 3))
    one, two = COLUMNS[place], COLUMNS[place + 1]
    text = f"{row[one]}{row[two]}"
    cut = data.draw(st.integers(0, len(text)))
    row[one], row[two] = text[:cut], text[cut:]


def file_as_another(copy: Copy, _: Installed, data: st.DataObject) -> None:
    """All that a row is filed under is taken from another row."""
    row, like = a_row(copy, data), a_row(copy, data)
    row |= {name: like[name] for name in ("kind", "model", "model_version", "logical_date")}


def edit_an_envelope(copy: Copy, _: Installed, data: st.DataObject) -> None:
    row = a_row(copy, data)
    edited = row["envelope"].replace("RkFJTEVE", "UEFTU0VE") if row["envelope"] else ""
    like = a_row(copy, data)["envelope"]
    row["envelope"] = data.draw(st.sampled_from([like, edited, "", "{}", None, b"x"]))


def forge_a_record(copy: Copy, _: Installed, data: st.DataObject) -> None:
    """A record that passes, in another's place, by a key that is not trusted or was replaced."""
    row = a_row(copy, data)
    signed = a_forgery(row, data.draw(st.sampled_from([STRANGER, OLD])))
    if signed is not None:
        row["envelope"] = signed.envelope.decode()
        if data.draw(st.booleans()):
            row |= dict(zip(COLUMNS[:-1], IndexRow.of(signed.record), strict=True))


def a_forgery(row: dict[str, Any], signer: CryptoSigner) -> SignedRecord | None:
    try:
        version = str(row["model_version"])
        record = a_record(
            seq=row["seq"],
            prev=row["prev"],
            model=row["model"],
            model_version=version,
            artifact_digest=digest(f"artifact {version}"),
            **day(300),
        )
    except ValueError:
        return None
    return sign(record, signer)


def exchange(copy: Copy, _: Installed, data: st.DataObject) -> None:
    one, two = a_row(copy, data), a_row(copy, data)
    one["envelope"], two["envelope"] = two["envelope"], one["envelope"]
    if data.draw(st.booleans()):
        one["seq"], two["seq"] = two["seq"], one["seq"]


def take_out(copy: Copy, _: Installed, data: st.DataObject) -> None:
    copy.rows.remove(a_row(copy, data))


def put_in(copy: Copy, _: Installed, data: st.DataObject) -> None:
    seq = data.draw(st.sampled_from([0, -1, 99, None, "abc", 1.5, *range(1, 14)]))
    copy.rows.append(a_row(copy, data) | {"seq": seq})


def cut_off(copy: Copy, _: Installed, data: st.DataObject) -> None:
    del copy.rows[data.draw(st.integers(1, len(copy.rows))) :]


def close_the_gap(copy: Copy, _: Installed, data: st.DataObject) -> None:
    """Take a row out, and number those behind it anew."""
    row = a_row(copy, data)
    copy.rows.remove(row)
    for number, each in enumerate(copy.rows, 1):
        each["seq"] = number


def remove_newest_heads(copy: Copy, _: Installed, data: st.DataObject) -> None:
    for name in sorted(copy.heads)[data.draw(st.integers(0, len(copy.heads))) :]:
        del copy.heads[name]


def go_back(copy: Copy, _: Installed, data: st.DataObject) -> None:
    """Rows and heads as they once were."""
    length = data.draw(st.integers(1, len(copy.rows)))
    del copy.rows[length:]
    for name in sorted(copy.heads)[length:]:
        del copy.heads[name]


def replay_a_head(copy: Copy, installed: Installed, data: st.DataObject) -> None:
    """A genuine head, under its number or another; of this ledger or of one by the same key."""
    source = data.draw(st.sampled_from([installed.copy.heads, installed.other.heads]))
    name = data.draw(st.sampled_from(sorted(source)))
    copy.heads[data.draw(st.sampled_from([name, "000000000012.json"]))] = source[name]


def forge_a_head(copy: Copy, _: Installed, data: st.DataObject) -> None:
    """It vouches for what is there now, and is the newest; by a key that must not count."""
    signer = data.draw(st.sampled_from([OLD, STRANGER]))
    last = SIGNED_BY_OLD if signer is OLD else len(copy.rows)
    upto = data.draw(st.integers(1, min(last, len(copy.rows))))
    vouch(copy, upto, signer)


def vouch(copy: Copy, upto: int, signer: CryptoSigner) -> None:
    signed = an_envelope(copy.rows[upto - 1])
    if signed is None:
        return
    try:
        known = index_digest(copy.index(upto))
    except TypeError:
        return
    by = {key.keyid: upto for key in (OLD.public_key, SIGNER.public_key, signer.public_key)}
    by[OLD.public_key.keyid] = min(upto, SIGNED_BY_OLD)
    name = f"{signed.record.seq:012d}.json"
    copy.heads = {each: head for each, head in copy.heads.items() if each < name}
    copy.heads[name] = sign_head(signed, signer, Vouch(known, by))


def an_envelope(row: dict[str, Any]) -> SignedRecord | None:
    try:
        return open_envelope(str(row["envelope"]).encode(), (*KEYS, STRANGER.public_key))
    except RecordError:
        return None


CHANGES: list[Change] = [
    edit_a_column,
    move_text_between_columns,
    file_as_another,
    edit_an_envelope,
    forge_a_record,
    exchange,
    take_out,
    put_in,
    cut_off,
    close_the_gap,
    remove_newest_heads,
    go_back,
    replay_a_head,
    forge_a_head,
]


def test_who_stole_a_replaced_key_files_no_failure_anew(
    installed: Installed, tmp_path: Path
) -> None:
    """Also not with every newer head removed: its records stay, and name the ones before them."""
    copy = installed.copy.again()
    failure = copy.rows[2]
    assert failure["verdict"] == "fail"
    failure["model"] = "offer_targeting"
    vouch(copy, SIGNED_BY_OLD, OLD)
    ledger = copy.written(tmp_path / "tampered")
    assert len(copy.heads) == SIGNED_BY_OLD
    with pytest.raises(RecordError, match="ledger entry 3: re-filed"):
        from_evidence(ledger, "1")


@pytest.mark.parametrize(
    ("seq", "change"),
    [
        (8, {"model": "offer_targeting"}),
        (9, {"verdict": "approve"}),
        (9, {"envelope": "{}"}),
        (10, {"seq": 14}),
        (8, None),
        (9, None),
    ],
)
def test_what_no_head_vouches_for_yet_is_verified_as_ever(
    installed: Installed, tmp_path: Path, seq: int, change: dict[str, Any] | None
) -> None:
    """A publishing was cut off before its head, or somebody removed the heads."""
    copy = installed.copy.again()
    copy.heads = {name: head for name, head in copy.heads.items() if name < "000000000008.json"}
    whole = copy.written(tmp_path / "whole")
    assert from_heads(whole, "1") == from_all(whole, "1")
    if change is None:
        del copy.rows[seq - 1]
    else:
        copy.rows[seq - 1] |= change
    tampered = copy.written(tmp_path / "tampered")
    with pytest.raises((NotVouched, RecordError)):
        from_heads(tampered, "2")
    with pytest.raises(RecordError, match="ledger entry"):
        from_evidence(tampered, "2")


def is_permitted(changed: Copy, genuine: Copy) -> bool:
    """Nothing was touched but envelopes of other models, and none of the newest head's record."""
    newest = int(max(changed.heads).partition(".")[0])
    touched = {
        (row["seq"], row["model"], name)
        for row, was in zip(changed.rows, genuine.rows, strict=False)
        for name in COLUMNS
        if row[name] != was[name]
    }
    return all(
        name == "envelope" and model != MODEL and seq < newest for seq, model, name in touched
    )


@settings(max_examples=100)
@given(data=st.data())
def test_the_heads_let_nothing_through_that_every_record_refuses(
    installed: Installed, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("tampered")
    copy = installed.copy.again()
    changes = data.draw(st.lists(st.sampled_from(CHANGES), min_size=1, max_size=3))
    for change in [*changes, *data.draw(st.sampled_from([[], [forge_a_head]]))]:
        if copy.rows:
            change(copy, installed, data)
    version = data.draw(st.sampled_from(VERSIONS))
    ledger = copy.written(folder)
    full, fast = tried(from_all, ledger, version), tried(from_heads, ledger, version)
    asked = tried(from_evidence, ledger, version)
    if isinstance(fast, Exception):
        assert said(asked) == said(full)  # every fault is named, as ever
        return
    assert asked == fast
    if isinstance(full, Exception):
        assert is_permitted(copy, installed.copy), full
        mended = Copy([*installed.copy.rows[: len(copy.rows)]], copy.heads)
        full = from_all(mended.written(folder / "mended"), version)
    assert fast == full
