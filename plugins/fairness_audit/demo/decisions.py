"""The score log: what each model version decided, once for every lead and every campaign member.

Version 1 of each model decided for real; version 2 scored the same cases in its shadow. Both
began with the audited window.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from fairness_audit.demo.columns import Ints, Times, nullable, timestamps
from fairness_audit.demo.customers import Customers
from fairness_audit.demo.features import customer_features, lead_features
from fairness_audit.demo.leads import Leads
from fairness_audit.demo.models import LEAD_SCORING, TrainedModel
from fairness_audit.demo.timeline import LEAD_TIMELINE, OFFER_TIMELINE, moment


def score_log(
    leads: Leads, customers: Customers, models: Sequence[TrainedModel]
) -> Iterator[pa.Table]:
    """Yield the decisions of one version after the other, numbered through."""
    scored = np.flatnonzero(leads.decided_at >= moment(LEAD_TIMELINE.window_start))
    offered = np.flatnonzero(customers.decided_at >= moment(OFFER_TIMELINE.window_start))
    of_leads = lead_features(leads, scored)
    of_customers = customer_features(customers, offered)
    number = 1
    for model in models:
        if model.design.model == LEAD_SCORING:
            table = _decisions(model, of_leads, scored + 1, leads.decided_at[scored], None, number)
        else:
            campaigns, times = customers.campaign[offered] + 1, customers.decided_at[offered]
            table = _decisions(model, of_customers, offered + 1, times, campaigns, number)
        number += len(table)
        yield table


def _decisions(
    model: TrainedModel,
    features: pd.DataFrame,
    subjects: Ints,
    times: Times,
    campaigns: Ints | None,
    first_number: int,
) -> pa.Table:
    scores = model.score(features)
    size = len(scores)
    no_campaign = np.full(size, campaigns is None)
    return pa.table(
        {
            "decision_id": pa.array(first_number + np.arange(size)),
            "model": pa.repeat(model.design.model, size),
            "model_version": pa.repeat(model.design.version, size),
            "subject_id": pa.array(subjects),
            "campaign_id": nullable(subjects if campaigns is None else campaigns, no_campaign),
            "score": pa.array(scores),
            "selected": pa.array(model.select(scores)),
            "decided_at": timestamps(times),
        }
    )
