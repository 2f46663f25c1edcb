"""Airflow's plugin, in its API server: the gate's API under `/fairness`, and MLflow's webhook.

Airflow loads this file in each of its processes. Only the API server answers questions, so all
else is loaded with the first of them.
"""

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

    from fairness_audit.web.mlflow_webhook import Registered


class GateApp:
    """The gate's application, made when it is first asked."""

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request."""
        await self._app(scope, receive, send)

    @cached_property
    def _app(self) -> "FastAPI":
        from airflow.api_fastapi.core_api.security import get_user

        from fairness_audit.web import Gatekeeper, gate_app

        return gate_app(Gatekeeper(), authenticated=get_user, may_ask=may_read_the_dag)


class WebhookApp:
    """MLflow's webhook: no login, but a signature; made when it is first called."""

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request."""
        await self._app(scope, receive, send)

    @cached_property
    def _app(self) -> "FastAPI":
        from fastapi import FastAPI

        from fairness_audit.installation import Installation
        from fairness_audit.registry.mlflow import workspace
        from fairness_audit.web.mlflow_webhook import webhook_router, webhook_secret

        def secret() -> str:
            return webhook_secret(Installation.from_environment().settings)

        app = FastAPI(openapi_url=None, redirect_slashes=False)
        app.include_router(webhook_router(audit_candidate, secret, workspace=workspace))
        return app


def audit_candidate(registered: "Registered") -> list[str]:
    """Start the audits of a version, once per delivery; none of them promotes it."""
    from airflow.api.common.trigger_dag import trigger_dag
    from airflow.exceptions import DagRunAlreadyExists
    from airflow.utils.types import DagRunTriggeredByType

    from fairness_audit.installation import Installation
    from fairness_audit.web.mlflow_webhook import audits_of, run_id_of

    started = []
    for model in audits_of(Installation.from_environment(), registered.registered_model):
        run_id = run_id_of(model, registered)
        conf = {"model": model, "version": registered.version, "promote": False}
        with suppress(DagRunAlreadyExists):
            trigger_dag(
                "audit_candidate",
                triggered_by=DagRunTriggeredByType.REST_API,
                run_id=run_id,
                conf=conf,
            )
        started.append(run_id)
    return started


def may_read_the_dag(user: Any, model: str) -> bool:
    """Whether Airflow lets somebody read the DAG that audits a model."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
    from airflow.models.dag import DagModel

    dag_id = f"audit_{model}"
    team = DagModel.get_team_name(dag_id)
    return get_auth_manager().is_authorized_dag(
        method="GET", details=DagDetails(id=dag_id, team_name=team), user=user
    )


class FairnessAuditPlugin(AirflowPlugin):
    """What Airflow is given."""

    name = "fairness_audit"
    fastapi_apps = [  # noqa: RUF012 - as Airflow declares it
        # Before the gate's: the first whose prefix fits is asked.
        {"name": "MLflow webhook", "url_prefix": "/fairness/webhooks", "app": WebhookApp()},
        {"name": "fairness audit gate", "url_prefix": "/fairness", "app": GateApp()},
    ]
