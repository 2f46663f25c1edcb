"""The questions people are asked, as Airflow operators.

Who answered is what Airflow's login says. Each answer is sealed in the task that receives it, so
nothing that somebody writes into Airflow's database on the way becomes part of a record.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.common.compat.sdk import conf
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Param
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput
from airflow.sdk.execution_time.hitl import HITLUser

from fairness_audit.errors import AuditError
from fairness_audit.installation import Installation
from fairness_audit.pipeline.notify.notice import Kind, Notice
from fairness_audit.pipeline.notify.notifier import link_to, with_notices
from fairness_audit.pipeline.run import reported
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.signed.statement import Record
from fairness_audit.review.answer import Answer, first_answer, second_answer
from fairness_audit.review.case import Case

Json = dict[str, Any]


class _Question(HITLOperator):
    """Asks one person. What is asked is drawn from the ledger when the task runs."""

    # Not the texts: they hold names from the CRM, and would be rendered as templates.
    template_fields: tuple[str, ...] = ("model", "record")

    def __init__(self, *, model: str, record: str, **kwargs: Any) -> None:
        kwargs.setdefault("options", ["-"])
        super().__init__(subject=kwargs.pop("subject", "-"), **kwargs)
        self.model, self.record = model, record

    def ask(
        self,
        context: Any,
        loaded: LoadedPolicy,
        *,
        options: tuple[str, ...],
        form: Mapping[str, Json],
        **kept: Any,
    ) -> None:
        """Park the task until somebody answers; ``kept`` comes back with the answer."""
        review = loaded.policy.review
        self.options = [each.capitalize() for each in options]
        self.params = ParamsDict({name: Param(**field) for name, field in form.items()})
        self.assigned_users = [HITLUser(id=each, name=each) for each in review.reviewers]
        self.response_timeout = timedelta(hours=review.timeout_hours)
        try:
            super().execute(context)
        except TaskAwaitingInput as parked:
            parked.kwargs = kept
            raise

    def counted(self, context: Any, event: Mapping[str, Any], read: Callable[[], Answer]) -> str:
        """The seal of an answer that counts; else the task fails and says why."""
        from fairness_audit.review.seal import sealed

        if event.get("error_type") == "timeout":
            hours = loaded_policy(self.model).policy.review.timeout_hours
            within = "an hour" if hours == 1 else f"{hours} hours"
            raise self._failed(context, "timed out", f"nobody answered within {within}")
        if "error" in event:
            raise self._failed(context, "not counted", "the question could not be answered")
        try:
            refuse_nameless()
            return sealed(read(), Installation.from_environment().seal_key)
        except AuditError as error:
            raise self._failed(context, "not counted", str(error)) from error

    def _failed(self, context: Any, kind: Kind, why: str) -> AirflowFailException:
        return decided_nothing(context["ti"], self.model, self.record, kind, why)


def decided_nothing(
    ti: Any, model: str, record_id: str, kind: Kind, why: str
) -> AirflowFailException:
    """The error that ends a task of a review, with what people are told of it."""
    sentence = (
        f"the review of {model}, record {record_id[:12]}, decided nothing: {why};"
        " the version stays as it was"
    )
    link = link_to(ti.dag_id, ti.run_id, "tasks", ti.task_id)
    notice = Notice(kind=kind, model=model, sentence=sentence, link=link)
    return with_notices(AirflowFailException(f"{why} (clear this task to ask again)"), notice)


class Decide(_Question):
    """Asks what is to be done about the findings of one record."""

    @reported
    def execute(self, context: Any) -> None:
        """Ask."""
        from fairness_audit.review.form import first_form
        from fairness_audit.review.page import question

        loaded = loaded_policy(self.model)
        case = case_now(loaded, records_now(), self.record)
        record, policy = case.record, loaded.policy
        self.subject = f"May {record.model} version {record.model_version} be promoted?"
        self.body = question(case, policy, _links(self.model))
        self.ask(
            context,
            loaded,
            options=case.choices,
            form=first_form(case, policy.review),
            known=case.known,
            record_id=record.record_id,
        )

    def execute_complete(  # type: ignore[override]
        self, context: Any, event: Json, known: int, record_id: str
    ) -> str:
        """Seal the answer."""

        def read() -> Answer:
            loaded = loaded_policy(self.model)
            case = case_now(
                loaded, [each for each in records_now() if each.seq <= known], record_id
            )
            return first_answer(event, case, loaded.policy.review, run_id=context["ti"].run_id)

        return self.counted(context, event, read)


class Confirm(_Question):
    """Asks somebody else whether they agree with what the first person decided."""

    template_fields = ("model", "record", "first")

    def __init__(self, *, first: str, place: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first, self.place = first, place

    @reported
    def execute(self, context: Any) -> None:
        """Ask."""
        from fairness_audit.review.form import second_form
        from fairness_audit.review.page import second_question

        loaded = loaded_policy(self.model)
        first = answer_behind(self.first, context["ti"].run_id)
        case = case_now(loaded, records_now(), first.record_id)
        record = case.record
        self.subject = (
            f"Do you agree to {first.choice} findings of {record.model}"
            f" version {record.model_version}?"
        )
        self.body = second_question(first, case, _links(self.model))
        self.ask(
            context, loaded, options=("agree", "refuse"), form=second_form(), first=self.first
        )

    def execute_complete(  # type: ignore[override]
        self, context: Any, event: Json, first: str
    ) -> str:
        """Seal the answer."""

        def read() -> Answer:
            run_id = context["ti"].run_id
            review = loaded_policy(self.model).policy.review
            return second_answer(event, answer_behind(first, run_id), review, run_id=run_id)

        return self.counted(context, event, read)


def refuse_nameless() -> None:
    """Answers mean nothing where everybody is the same administrator."""
    if conf.getboolean("core", "simple_auth_manager_all_admins", fallback=False):
        raise AirflowFailException(
            "[core] simple_auth_manager_all_admins is set: nobody would know who answered, and"
            " nothing can be decided (unset it, and give each reviewer a login)"
        )


def loaded_policy(model: str) -> LoadedPolicy:
    """The policy of a model, as it is now."""
    return Installation.from_environment().policy(model)


def records_now() -> list[Record]:
    """Every record of the ledger, verified."""
    with Installation.from_environment() as installation:
        return installation.records()


def case_now(loaded: LoadedPolicy, records: list[Record], record_id: str) -> Case:
    """What there is to decide about a record now."""
    from fairness_audit.review.case import case_of

    return case_of(loaded, records, record_id, datetime.now(UTC))


def answer_behind(seal: str, run_id: str) -> Answer:
    """The answer behind a seal of this installation and this run.

    Raises:
        ReviewError: when it is none of them.
    """
    from fairness_audit.review.seal import opened

    public = Installation.from_environment().seal_key.public_key
    return opened(seal, public, run_id=run_id)


def _links(model: str) -> dict[str, str]:
    base = str(conf.get("api", "base_url", fallback="") or "").rstrip("/")
    links = {"The audits of this model": f"{base}/dags/audit_{model}"}
    if docs := Installation.from_environment().settings.docs_url:
        links["Data Docs"] = f"{docs.rstrip('/')}/index.html"
    return links
