"""Audit the decisions of one model for bias, and promote the model version or block it.

The run copies the CRM tables the model is about, makes one row per decision, checks
representation and label balance, measures every group, judges the measurements against the
policy, publishes a signed record, and asks the gate.

One DAG per folder under `expectations/`, scheduled as its `policy.yaml` says.

**Run by hand:** trigger it. `model_version` names the version (default: the newest in the score
log, so that a candidate scored in the shadow is audited before release); `as_of` audits as of an
earlier moment (default: the run's logical date). An audit of an earlier moment than the newest, or
of an older version than the one in production, says what it found and promotes nothing, as a
backfill does; a reason under `rollback` lets production go back, and is signed with who asked.

**A failed run** is either a blocked version (task `gate`, with the reasons) or a step that could
not finish (its log names the cause). Every task may be cleared and run again.
"""

import re
from pathlib import Path

from airflow.sdk import DAG, Asset, Param, get_parsing_context

from fairness_audit.errors import PolicyError
from fairness_audit.pipeline.audit import (
    assemble,
    extract,
    gate,
    judge,
    measure,
    publish,
    refuse,
    validate,
)
from fairness_audit.policy.load import load_policy, policy_files
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.release import promotion_of
from fairness_audit.settings import Settings

RETRIES = {"retries": 2, "retry_exponential_backoff": True}
PARAMS = {
    "model_version": Param(None, type=["null", "string"], title="Model version"),
    "as_of": Param(None, type=["null", "string"], format="date-time", title="Audit as of"),
    "rollback": Param(
        None,
        type=["null", "string"],
        maxLength=4000,
        title="Why production goes back to this older version",
    ),
}


def audit_of(policy: AuditPolicy) -> DAG:
    """The DAG that audits one model."""
    model, schedule = policy.model, policy.schedule
    with DAG(
        dag_id=f"audit_{model}",
        schedule=Asset(schedule.asset) if schedule.asset else schedule.cron,
        catchup=False,
        max_active_runs=1,
        params=PARAMS,
        default_args=RETRIES,
        tags=["fairness-audit", policy.source.crm],
        description=policy.description,
        doc_md=__doc__,
    ) as dag:
        snapshot = extract(model)
        population = assemble(model, snapshot)
        validation = validate(model, population)
        measurements = measure(model, population)
        judgement = judge(model, population, measurements, validation)
        record = publish(model, snapshot, population, validation, measurements, judgement)
        gate.override(outlets=[promotion_of(model)])(model, population, record)
    return dag


def broken_audit(file: Path, error: PolicyError) -> DAG:
    """A DAG that fails daily until its policy is mended, so that nobody can miss it."""
    with DAG(
        dag_id=dag_id_of(file),
        schedule="@daily",
        catchup=False,
        tags=["fairness-audit", "invalid-policy"],
        description="The policy of this audit is not valid.",
        doc_md=f"# The policy is not valid\n\n```\n{error}\n```",
    ) as dag:
        refuse(str(error))
    return dag


def dag_id_of(file: Path) -> str:
    """The DAG of a policy file, named after its folder."""
    return "audit_" + re.sub(r"[^A-Za-z0-9_.-]", "_", file.parent.name)


def parsed(file: Path) -> DAG:
    """The DAG of one policy file, valid or not."""
    try:
        return audit_of(load_policy(file).policy)
    except PolicyError as error:
        return broken_audit(file, error)


wanted = get_parsing_context().dag_id  # a worker parses the one DAG it runs
for file in policy_files(Settings.from_environment().expectations):
    if wanted in (None, dag_id_of(file)):
        parsed(file)
