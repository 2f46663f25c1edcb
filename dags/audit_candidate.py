"""Audit a model version before its release, by letting it score the current population.

The version's files are copied from the registry and put in the place of the version in
production: they score the same subjects, in a process that has no network and no secrets. Whom
that selects is audited like any decisions, compared with what was decided, published as a signed
record, and asked about at the gate.

**Run by hand:** trigger it with `model`, a folder of `expectations/`, and `version`, a version of
it in the registry. `as_of` audits as of an earlier moment (default: now). Without `promote` a
version that is allowed stays where it is; so do those that MLflow's webhook sends here.

**A failed run** is either a blocked version (task `gate`, with the reasons) or a step that could
not finish (its log names the cause). Every task may be cleared and run again.
"""

from airflow.sdk import DAG, Param

from fairness_audit.pipeline.audit import extract, gate, judge, measure, publish, validate
from fairness_audit.pipeline.candidate import assemble, compare, score
from fairness_audit.release import PROMOTIONS

with DAG(
    dag_id="audit_candidate",
    schedule=None,
    catchup=False,
    is_paused_upon_creation=False,  # it only runs when somebody asks
    max_active_runs=4,
    default_args={"retries": 2, "retry_exponential_backoff": True},
    params={
        "model": Param(type="string", pattern=r"^[a-z][a-z0-9_]{0,62}$", title="Model"),
        "version": Param(type="string", pattern=r"^[1-9][0-9]{0,17}$", title="Version"),
        "as_of": Param(None, type=["null", "string"], format="date-time", title="Audit as of"),
        "promote": Param(True, type="boolean", title="Promote it if it is allowed"),
    },
    tags=["fairness-audit"],
    description="The audit of a model version that is not released yet.",
    doc_md=__doc__,
):
    model, version = "{{ params.model }}", "{{ params.version }}"
    snapshot = extract(model)
    decided = assemble(model, version, snapshot)
    population = score(model, version, snapshot, decided)
    validation = validate(model, population)
    measurements = measure(model, population)
    judgement = judge(model, population, measurements, validation)
    changes = compare(model, decided, population)
    judgement >> changes
    record = publish(model, snapshot, population, validation, measurements, judgement, changes)
    gate.override(outlets=[PROMOTIONS])(model, population, record)
