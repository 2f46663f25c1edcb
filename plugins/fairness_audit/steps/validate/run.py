"""Run a model's suites over the counts of its population, and publish what they say."""

import contextlib
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import great_expectations as gx
import pandas as pd
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.exceptions import SuiteParameterError

from fairness_audit.errors import ValidationError
from fairness_audit.files import safe_name
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.population import Population
from fairness_audit.records.validation import Check, CheckSeverity, ValidationReport
from fairness_audit.site.data_docs import AuditPages, publish_pages
from fairness_audit.steps.validate.suites import Kind, load_suites, parameters_of, refuse_unchecked
from fairness_audit.steps.validate.tables import Tables, count

log = logging.getLogger(__name__)

SITE = "audit"


def validate(
    policy: AuditPolicy, population: Population, *, suites: Path, sql: Path, docs: Path
) -> ValidationReport:
    """Run every suite of the model and publish its Data Docs.

    Args:
        policy: states the reference populations and sizes that suites name as parameters.
        population: the decisions under audit.
        suites: folder with ``quality.json``, ``representation.json``, ``label_balance.json``.
        sql: folder with ``validate/``.
        docs: folder of the site that holds the Data Docs of all audits.

    Raises:
        ValidationError: when a suite cannot be run; a check that does not pass is no error.
    """
    loaded = load_suites(suites)
    refuse_unchecked(policy, loaded, suites)
    tables = count(policy, population, sql)
    with tempfile.TemporaryDirectory() as built, _quiet():
        context = _context(Path(built))
        name = RunIdentifier(
            run_name=safe_name(f"{population.model}-version-{population.model_version}")
        )
        results = {
            kind: _run(context, kind, suite, _table_of(kind, tables), parameters_of(policy), name)
            for kind, suite in loaded.items()
        }
        context.build_data_docs(site_names=[SITE])
        checks = tuple(
            check for kind, result in results.items() for check in _checks(kind, result, suites)
        )
        pages = AuditPages(
            model=population.model,
            model_version=population.model_version,
            decisions=population.rows,
            digest=population.digest,
            window_start=population.window_start,
            window_end=population.window_end,
            checks=checks,
        )
        index = publish_pages(Path(built), pages, docs)
    return ValidationReport(checks=checks, data_docs=index)


def _context(folder: Path) -> Any:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")  # nothing leaves this machine
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    context.add_data_docs_site(
        SITE,
        {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str(folder),
            },
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        },
    )
    # The context comes with a site of its own in a temporary folder.
    for name in set(context.variables.data_docs_sites) - {SITE}:
        context.delete_data_docs_site(name)
    return context


def _table_of(kind: Kind, tables: Tables) -> pd.DataFrame:
    return tables.profile if kind == "quality" else tables.groups


def _run(
    context: Any,
    kind: Kind,
    suite: Any,
    table: pd.DataFrame,
    parameters: dict[str, Any],
    name: RunIdentifier,
) -> Any:
    asset = context.data_sources.add_pandas(kind).add_dataframe_asset("counts")
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(
            name=kind,
            data=asset.add_batch_definition_whole_dataframe("population"),
            suite=context.suites.add(suite),
        )
    )
    try:
        return definition.run(
            batch_parameters={"dataframe": table},
            expectation_parameters=parameters,
            result_format={"result_format": "BASIC", "include_unexpected_rows": False},
            run_id=name,
        )
    except SuiteParameterError as error:
        raise ValidationError(
            f"{kind}.json: {error}; the policy states {', '.join(sorted(parameters))}"
        ) from error


def _checks(kind: Kind, result: Any, suites: Path) -> Iterator[Check]:
    for each in result.results:
        config = each.expectation_config
        raised = (each.exception_info or {}).values()
        for info in [each.exception_info, *raised]:
            if isinstance(info, dict) and info.get("raised_exception"):
                raise ValidationError(
                    f"{suites / kind}.json: {config.type} could not be checked:"
                    f" {info.get('exception_message')}"
                )
        yield from _seen(kind, each, config)


def _seen(kind: Kind, each: Any, config: Any) -> Iterator[Check]:
    severity = CheckSeverity(getattr(config.severity, "value", config.severity))
    for seen in each.result["details"]["seen"]:
        yield Check(
            suite=kind,
            kind=kind,
            expectation=config.type,
            severity=severity,
            passed=bool(seen["passed"]),
            attribute=config.kwargs.get("attribute"),
            group=seen["group"],
            observed=seen["observed"],
            sentence=seen["sentence"],
            limit=seen.get("limit"),
            stated=seen.get("stated"),
        )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Great Expectations warns of its own and its libraries' deprecations; none are ours.

    What it tells of its files and stores has no place in a task's log, unless it is a warning.
    """
    engine, passed_on = logging.getLogger("great_expectations"), _PassedOn(logging.WARNING)
    engine.addHandler(passed_on)
    engine.propagate = False
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"great_expectations\..*")
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            yield
    finally:
        engine.propagate = True
        engine.removeHandler(passed_on)


class _PassedOn(logging.Handler):
    """Gives what is as grave as its level to whoever listens to everything."""

    def emit(self, record: logging.LogRecord) -> None:
        logging.getLogger().handle(record)
