"""People decide about the findings of one audit that its policy sends to them, or waive failures.

An audit whose gate waits for people starts this by itself, once per record. Answer under
**Required Actions**: approve, reject or waive, with a reason. A waiver needs a second person, and
so does an approval where the policy says so. The decision is signed with the names of those who
were logged in, appended to the ledger, and the gate is asked again.

**Run by hand:** trigger it with `model`, and with `record` (from `fairness-audit verify`; 12
characters are enough) to ask for a waiver or to end one. Default: the newest audit that waits.

**A failed run** let nothing through: nobody answered in time, the same person answered twice,
somebody decided meanwhile, or the version is blocked still. Its failed task says which; clear
that task to ask again. Only `show_waivers` is no part of the decision: it lists it on the site.
"""

from datetime import timedelta

from airflow.sdk import DAG, Param

from fairness_audit.pipeline.nightly import show_waivers
from fairness_audit.pipeline.notify.notifier import NotifyPeople
from fairness_audit.pipeline.questions import Confirm, Decide
from fairness_audit.pipeline.review import gate, gather, more_people, publish_review

with DAG(
    dag_id="review_audit",
    schedule=None,
    catchup=False,
    is_paused_upon_creation=False,  # a paused review would let people wait for nothing
    max_active_runs=1000,  # each waits for people for days
    # Airflow may take a task for failed that is answered while it still parks it: it asks anew.
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params={
        "model": Param(type="string", title="Model"),
        "record": Param(None, type=["null", "string"], title="Audit record"),
    },
    tags=["fairness-audit"],
    description="A person decides about the findings of one audit.",
    doc_md=__doc__,
):
    asked = gather()
    question = {"model": asked["model"], "record": asked["record"]}
    decide = Decide(task_id="decide", on_failure_callback=NotifyPeople(), **question)
    wanted = more_people(asked, decide.output)
    confirm = Confirm.partial(
        task_id="confirm", on_failure_callback=NotifyPeople(), first=decide.output, **question
    ).expand(place=wanted)
    published = publish_review(asked, decide.output, confirm.output)
    published >> show_waivers()
    gate(asked, published)
