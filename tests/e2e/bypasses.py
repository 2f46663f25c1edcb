"""Ways round the gate: each of them promotes on a plain MLflow server.

An attempt prepares what it needs (which neither server refuses), then does the one thing that the
guarded server must refuse. What it is after has happened, or has not: that is looked up in the
registry, and not believed from an answer.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import httpx

from tests.builders.published import SIGNER, STRANGER, WAITS, an_approval, digest
from tests.e2e.bypass_cases import (
    changed_after_the_audit,
    edited_payload,
    failed,
    failure_cut_off,
    failure_filed_elsewhere,
    failure_taken_out,
    failure_voided,
    file_became_a_link,
    folder_became_a_link,
    heads_gone,
    keys_gone,
    ledger_and_heads_grown_anew,
    ledger_and_heads_of_before,
    ledger_broken,
    ledger_gone,
    ledger_of_before,
    of_a_stranger,
    of_another_version,
    other_payload_type,
    pass_put_in_by_a_writer,
    passed,
    policy_broken,
    policy_gone,
    policy_softened,
    rejected_after_the_waiver,
    source_is_a_run_with_a_model_laid_over,
    source_is_its_run,
    superseded,
    tagged_by_hand,
    unaudited,
    waived,
    waiver_of_another_audit,
    with_odd_file,
    with_record,
    without_signature,
)
from tests.e2e.bypass_ways import (
    AJAX,
    API,
    alias,
    alias_at,
    alias_by_client,
    another_model_of_the_same_files,
    as_a_prompt,
    copied_onto_itself,
    copy_to_another_model,
    delete_tag,
    elsewhere,
    has_model_tag,
    has_version_tag,
    in_another_case,
    is_renamed_away,
    is_renamed_onto_it,
    is_tag_gone,
    is_tagged_model,
    is_tagged_version,
    made_again,
    model_tag,
    named,
    newest_promoted,
    promoted,
    renamed_away,
    renamed_onto_it,
    renamed_there_and_back,
    stage,
    tag_at_creation_of_a_model,
    tag_at_creation_of_a_version,
    version_tag,
)
from tests.servers.registry_site import NOW, Site

FAILURE = "four_fifths: Women are selected"
NO_RECORD = "there is no audit record of lead_scoring version"
NO_POLICY = "no policy audits this registered model"
NOT_AUDITED = "the model's files are not those that were audited"
OTHER_POLICY = "the policy has changed since the audit"
LOOKS_LIKE = "would look like a verdict"
RENAME = "fairness-audit refuses to rename"
ONE_PERSON = "the waive is by 1 of 2 people"
LEADS_ON = "leads to whatever is logged there"
LINK = "is a link"
WIDE = "{:wide}"
IN_THREE_HOURS = NOW + timedelta(hours=3)


by_alias = alias()


@dataclass(frozen=True)
class Attempt:
    """One way: ``prepare`` gives the version it is about, ``do`` acts, ``happened`` looks."""

    name: str
    prepare: Callable[[Site], str] = failed
    do: Callable[[Site, str], object] = by_alias
    happened: Callable[[Site, str], bool] = promoted
    reason: str = FAILURE


WAYS = [
    Attempt("client", do=alias_by_client),
    Attempt("REST"),
    Attempt("ajax-api", do=alias_at(f"{AJAX}/registered-models/alias")),
    Attempt("percent-encoded path", do=alias_at(f"{API}/registered%2Dmodels/%61lias")),
    Attempt("alias in capitals", do=alias("CHAMPION")),
    Attempt("alias in mixed case", do=alias("Champion")),
    Attempt("alias with a trailing newline", do=alias("champion\n")),
    Attempt("alias in wide letters", do=alias("\uff43\uff48\uff41\uff4d\uff50\uff49\uff4f\uff4e")),
    Attempt("alias with one wide letter", do=alias("cham\uff50ion")),
    Attempt("alias with an accent", do=alias("ch\u00e1mpion")),
    Attempt("alias with a Cyrillic letter", do=alias("\u0441hampion")),
    Attempt("path with a double slash", do=alias_at(f"{API}//registered-models/alias")),
    Attempt("version in wide digits", do=alias(version_as=WIDE)),
    Attempt("version with a sign", do=alias(version_as="+{}")),
    Attempt("stage of a version with a space", do=stage("Production", version_as=" {}")),
    Attempt(
        "copied onto its own name",
        do=copied_onto_itself,
        happened=newest_promoted,
        reason=NO_RECORD,
    ),
    Attempt("version with leading zeros", do=alias(version_as="00{}")),
    Attempt("stage", do=stage("Production")),
    Attempt("stage in small letters", do=stage("production")),
    Attempt("stage in capitals", do=stage("PRODUCTION")),
    Attempt("stage, archiving the rest", do=stage("Production", archive=True)),
    Attempt("stage by ajax-api", do=stage("Production", AJAX)),
]

USUAL = {
    "production": "production",
    "prod in capitals": "PROD",
    "live": "Live",
    "serving": "serving",
    "deployed": "deployed",
    "current": "current",
    "release": "release",
    "stable": "stable",
    "prod with a trailing newline": "prod\n",
    "live in wide letters": "\uff4c\uff49\uff56\uff45",
    "production with a Cyrillic letter": "pr\u043eduction",
}

SERVED = [
    Attempt(f"alias {name}", do=alias(spelling), happened=named(spelling))
    for name, spelling in USUAL.items()
]

RECORDS = [
    Attempt("no record", unaudited, reason=NO_RECORD),
    Attempt("no record, by stage", unaudited, stage("Production"), reason=NO_RECORD),
    Attempt(
        "waits for a review",
        with_record(verdict="inconclusive", findings=[WAITS]),
        reason="waits for a review by responsible-ai",
    ),
    Attempt("no findings", with_record(findings=[]), reason="has no findings"),
    Attempt("expired", with_record(expires=NOW), reason="the record expired on"),
    Attempt("from the future", with_record(issued=IN_THREE_HOURS), reason="issued in the future"),
    Attempt("other policy", with_record(policy_digest=digest("other")), reason=OTHER_POLICY),
    Attempt("other files", with_record(artifact_digest=digest("other")), reason=NOT_AUDITED),
    Attempt("another version's files", of_another_version, reason=NOT_AUDITED),
    Attempt("other model", with_record(model="offer_targeting"), reason=NO_RECORD),
    Attempt(
        "other registered model",
        with_record(registered_model="other"),
        reason="the record is of the registered model other",
    ),
    Attempt("superseded by a failure", superseded),
    Attempt("files changed after the audit", changed_after_the_audit, reason=NOT_AUDITED),
    Attempt("signed by a stranger", of_a_stranger, reason="which is not trusted"),
    Attempt("edited payload", edited_payload, reason="edited after signing"),
    Attempt("other payload type", other_payload_type, reason="the payload's type is"),
    Attempt("no signature", without_signature, reason="signed with no key"),
    Attempt("failure filed elsewhere", failure_filed_elsewhere, reason="re-filed"),
    Attempt("failure cut off", failure_cut_off, reason="rolled back"),
    Attempt("failure taken out", failure_taken_out, reason="missing"),
    Attempt("ledger of before", ledger_of_before, reason="rolled back"),
    Attempt("ledger and heads of before", ledger_and_heads_of_before, reason="older copy"),
    Attempt("ledger and heads grown anew", ledger_and_heads_grown_anew, reason="older copy"),
    Attempt("failure voided", failure_voided(SIGNER), reason="wrongly voided"),
    Attempt("failure voided by a stranger", failure_voided(STRANGER), reason="not trusted"),
    Attempt("pass put in by a writer", pass_put_in_by_a_writer, reason="ledger void"),
    Attempt("heads gone", heads_gone, reason="there is no signed head"),
    Attempt("ledger gone", ledger_gone, reason="there is no ledger yet"),
    Attempt("ledger broken", ledger_broken, reason="cannot be used"),
    Attempt("keys gone", keys_gone, reason="no public key"),
    Attempt("policy softened", policy_softened, reason=OTHER_POLICY),
    Attempt("policy gone", policy_gone, reason="no policy"),
    Attempt("policy broken", policy_broken, reason="cannot be read"),
]

FILES = [
    Attempt("source is a run", source_is_its_run, reason=LEADS_ON),
    Attempt("model laid over a run", source_is_a_run_with_a_model_laid_over, reason=LEADS_ON),
    Attempt("file became a link", file_became_a_link, reason=LINK),
    Attempt("folder became a link", folder_became_a_link, reason=LINK),
    Attempt("link to a file", with_odd_file(lambda at: at.symlink_to("MLmodel")), reason=LINK),
    Attempt("link to a folder", with_odd_file(lambda at: at.symlink_to("/etc")), reason=LINK),
    Attempt("link to nowhere", with_odd_file(lambda at: at.symlink_to("nowhere")), reason=LINK),
    Attempt("pipe", with_odd_file(os.mkfifo), reason="is neither a file nor a folder"),
]

PEOPLE = [
    Attempt("waiver by one person", waived(approvals=(an_approval("ada"),)), reason=ONE_PERSON),
    Attempt(
        "waiver by one person under two spellings",
        waived(approvals=(an_approval("ada"), an_approval(" \uff21DA"))),
        reason=ONE_PERSON,
    ),
    Attempt(
        "waiver that expired",
        waived(issued=NOW - timedelta(days=2), expires=NOW - timedelta(days=1)),
        reason="the waive expired on",
    ),
    Attempt("waiver of tomorrow", waived(issued=IN_THREE_HOURS), reason="issued in the future"),
    Attempt(
        "failure that was approved, not waived",
        waived(decision="approve"),
        reason="approved, which lets no failure through",
    ),
    Attempt("waiver of another audit", waiver_of_another_audit),
    Attempt("waiver taken back", rejected_after_the_waiver, reason="rejected by ada"),
]


def _elsewhere(name: str, do: Callable[[Site, str], object], model: str) -> Attempt:
    return Attempt(name, do=do, happened=elsewhere(model), reason=NO_POLICY)


def _renamed(
    name: str, do: Callable[[Site, str], object], happened: Callable[[Site, str], bool]
) -> Attempt:
    return Attempt(name, do=do, happened=happened, reason=RENAME)


def _tagged(
    name: str,
    do: Callable[[Site, str], object],
    happened: Callable[[Site, str], bool],
    prepare: Callable[[Site], str] = failed,
) -> Attempt:
    return Attempt(name, prepare, do, happened, LOOKS_LIKE)


def _version_tag(name: str, key: str) -> Attempt:
    return _tagged(name, version_tag(key), has_version_tag(key))


NAMES = [
    _elsewhere("copied", copy_to_another_model, "copies"),
    _elsewhere("registered twice", another_model_of_the_same_files, "twins"),
    _elsewhere("name in another case", in_another_case, "Lead_Scoring"),
    _elsewhere("as a prompt", as_a_prompt, "as-a-prompt"),
    _renamed("renamed there and back", renamed_there_and_back, promoted),
    _renamed("renamed away", renamed_away, is_renamed_away),
    _renamed("renamed onto its name", renamed_onto_it, is_renamed_onto_it),
    _version_tag("tag", "fairness-audit.verdict"),
    _version_tag("tag in capitals", "FAIRNESS_AUDIT.x"),
    _version_tag("tag with other separators", "Fairness Audit/1"),
    _tagged("tag of the model", model_tag, has_model_tag),
    _tagged("tag, creating a model", tag_at_creation_of_a_model, is_tagged_model),
    _tagged("tag, creating a version", tag_at_creation_of_a_version, is_tagged_version),
    _tagged("tag taken away", delete_tag, is_tag_gone, tagged_by_hand),
]

# First, while few numbers are taken that the new versions must reach.
MADE_AGAIN = [Attempt("deleted and made again", passed, made_again, reason=NOT_AUDITED)]

ATTEMPTS = [*MADE_AGAIN, *WAYS, *SERVED, *RECORDS, *FILES, *PEOPLE, *NAMES]


def reason_of(error: Exception) -> str:
    """What the server said, if it refused with 403; else fails."""
    if isinstance(error, httpx.HTTPStatusError):
        answer = error.response
        assert answer.status_code == 403, answer.text
        told = answer.json()
        assert told["error_code"] == "PERMISSION_DENIED"
        return str(told["message"])
    from mlflow.exceptions import RestException

    assert isinstance(error, RestException), repr(error)
    assert error.error_code == "PERMISSION_DENIED", error
    return str(error)
