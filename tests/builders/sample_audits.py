"""The demo audits over generated tables, without a database: as extract would hand them on."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from fairness_audit.demo.crm import SampleCrm, tables
from fairness_audit.demo.timeline import TODAY
from fairness_audit.policy.load import LoadedPolicy, load_policy
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.finding import Judgement
from fairness_audit.records.population import Population
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.steps.assemble import assemble
from fairness_audit.steps.judge import judge
from fairness_audit.steps.measure import measure, read_measurements
from fairness_audit.steps.validate import validate
from tests import CHECKOUT
from tests.builders.evidence import first_audit
from tests.builders.snapshots import a_snapshot

SQL = CHECKOUT / "sql"

Tables = Mapping[tuple[str, str], pa.Table]


def loaded_policy(model: str) -> LoadedPolicy:
    """The policy of a demo audit, and its file."""
    return load_policy(CHECKOUT / "expectations" / model / "policy.yaml")


def policy_of(model: str) -> AuditPolicy:
    """The policy of a demo audit."""
    return loaded_policy(model).policy


def sample_tables(sample: SampleCrm) -> Tables:
    """Every table of a generated company, by schema and name."""
    parts: dict[tuple[str, str], list[pa.Table]] = {}
    for table in tables(sample):
        parts.setdefault((table.schema, table.name), []).append(table.rows)
    return {name: pa.concat_tables(rows) for name, rows in parts.items()}


def sample_snapshot(policy: AuditPolicy, crm: Tables, folder: Path) -> Snapshot:
    """The columns and the window that the policy names."""
    start, end = policy.window(TODAY)
    objects = {}
    for name, each in policy.source.objects.items():
        rows = crm[each.schema_name, each.table].select(list(each.columns))
        if each.window_on is not None:
            when = rows[each.window_on]
            rows = rows.filter(pc.and_(pc.greater_equal(when, start), pc.less(when, end)))
        objects[name] = rows
    return a_snapshot(policy, folder, objects)


def sample_population(model: str, version: str, crm: Tables, folder: Path) -> Population:
    """The population of one model version."""
    snapshot = sample_snapshot(policy_of(model), crm, folder / "snapshot")
    return assembled(snapshot, version, folder)


def assembled(snapshot: Snapshot, version: str, folder: Path) -> Population:
    """The population of a snapshot, with the same pseudonyms every time."""
    return assemble(
        policy_of(snapshot.model),
        snapshot,
        sql=SQL,
        folder=folder,
        subject_key=b"k" * 32,
        model_version=version,
    )


def sample_judgement(model: str, version: str, crm: Tables, folder: Path) -> Judgement:
    """What the audit finds in one model version."""
    policy = policy_of(model)
    population = sample_population(model, version, crm, folder)
    measured = measure(policy, population, sql=SQL, folder=folder)
    return judge(
        policy,
        population=population,
        totals=measured,
        measurements=read_measurements(measured),
        validation=validate(
            policy,
            population,
            suites=CHECKOUT / "expectations" / model,
            sql=SQL,
            docs=folder / "data_docs",
        ),
        history=first_audit(measured),
    )
