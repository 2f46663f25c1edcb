"""The suites of one model: JSON files beside its policy, one per kind of check."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import great_expectations as gx

from fairness_audit.errors import ValidationError
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.steps.validate import expectations  # noqa: F401 - registers them
from fairness_audit.steps.validate.counts_expectation import CountsExpectation
from fairness_audit.text import html_safe

Kind = Literal["quality", "representation", "label_balance"]
KINDS: tuple[Kind, ...] = ("quality", "representation", "label_balance")


def load_suites(folder: Path) -> dict[Kind, gx.ExpectationSuite]:
    """Read the three suites of a model.

    Raises:
        ValidationError: when a file is missing, malformed or empty, for a check that silently
            does not run must not read as one that passed.
    """
    return {kind: _load(folder / f"{kind}.json") for kind in KINDS}


def _load(file: Path) -> gx.ExpectationSuite:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        suite = gx.ExpectationSuite(**content)
    except FileNotFoundError as error:
        raise ValidationError(f"{file}: no such suite; copy it from another model") from error
    except Exception as error:  # Great Expectations raises many types for a malformed suite
        raise ValidationError(f"{file}: not a suite: {error}") from error
    if not content.get("expectations"):
        raise ValidationError(f"{file}: has no expectation; add one or the audit checks nothing")
    # Great Expectations leaves out, with a log line, an expectation that it cannot make.
    if lost := [each for each in content["expectations"] if not _can_be_made(each)]:
        raise ValidationError(
            f"{file}: {lost[0].get('type')} is no known expectation, or its severity"
            f" {lost[0].get('severity')!r} is not critical, warning or info; mend it"
        )
    if theirs := [each for each in suite.expectations if not isinstance(each, CountsExpectation)]:
        raise ValidationError(
            f"{file}: {theirs[0].expectation_type} shows the counts it judges, which may be of a"
            " few people (docs/extend.md lists what may be asked; one of your own is a"
            " CountsExpectation)"
        )
    return suite


def _can_be_made(expectation: dict[str, Any]) -> bool:
    return bool(gx.ExpectationSuite(name="one", expectations=[expectation]).expectations)


def refuse_unchecked(
    policy: AuditPolicy, suites: Mapping[Kind, gx.ExpectationSuite], folder: Path
) -> None:
    """Refuse suites that say nothing about an attribute of the policy.

    Raises:
        ValidationError: names the file and the attributes.
    """
    for kind in ("representation", "label_balance"):
        about = {getattr(each, "attribute", None) for each in suites[kind].expectations}
        if missing := [name for name in policy.attributes if name not in about]:
            raise ValidationError(
                f"{folder / kind}.json: checks nothing about {', '.join(missing)};"
                " add an expectation with that attribute"
            )


def parameters_of(policy: AuditPolicy) -> dict[str, Any]:
    """What a suite may name as ``$PARAMETER``: values that the policy states."""
    parameters: dict[str, Any] = {"min_group_size": policy.min_group_size}
    for name, attribute in policy.attributes.items():
        if attribute.reference_population is not None:
            shares = attribute.reference_population.shares
            parameters[f"{name}_reference_shares"] = {
                html_safe(group): str(share) for group, share in shares.items()
            }
    return parameters
