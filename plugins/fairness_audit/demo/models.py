"""The four models of the demo, trained on the generated history.

A version differs from the other of its model in what it sees and what it learns from; the learner
is the same. Every version selects by a fixed threshold: the score that the best ``SELECTED`` of
its training cases reach.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from fairness_audit.demo.columns import Bools, Floats, Ints
from fairness_audit.demo.customers import Customers
from fairness_audit.demo.features import customer_features, lead_features
from fairness_audit.demo.leads import Leads
from fairness_audit.demo.timeline import LEAD_TIMELINE, OFFER_TIMELINE, moment

LEAD_SCORING = "lead_scoring"
OFFER_TARGETING = "offer_targeting"

SELECTED = 0.40
"""Share of the training cases that a version's threshold selects."""

LARGEST_TRAINING_SET = 50_000
_EXAMPLES = 5


@dataclass(frozen=True)
class Design:
    """What one model version sees, and what it learns from."""

    model: str
    version: str
    sees: tuple[str, ...]
    learns_from: str
    why: str


_LEAD = (
    "lead_source",
    "industry",
    "job_level",
    "budget_stated",
    "employees",
    "website_visits",
    "email_clicks",
)
_CUSTOMER = ("tier", "tenure_years", "orders_last_year", "spend_last_year", "newsletter_opens")

DESIGNS = (
    Design(
        LEAD_SCORING, "1", ("salutation", *_LEAD), "rated_hot", "learns whom salespeople rated hot"
    ),
    Design(LEAD_SCORING, "2", _LEAD, "won", "learns which leads were won"),
    Design(OFFER_TARGETING, "1", _CUSTOMER, "responded", "learns who answered an offer"),
    Design(
        model=OFFER_TARGETING,
        version="2",
        sees=("district", *_CUSTOMER),
        learns_from="responded",
        why="learns who answered an offer, and where they live",
    ),
)


@dataclass(frozen=True)
class TrainedModel:
    """A trained version, the score from which it selects, and a few rows of what it takes."""

    design: Design
    pipeline: Pipeline
    threshold: float
    examples: pd.DataFrame

    def score(self, features: pd.DataFrame) -> Floats:
        """The score of each row, in [0, 1], rounded as the score log keeps it."""
        seen = features[list(self.design.sees)]
        scores: Floats = np.round(self.pipeline.predict_proba(seen)[:, 1], 6)
        return scores

    def select(self, scores: Floats) -> Bools:
        """Which scores are selected."""
        selected: Bools = scores >= self.threshold
        return selected


def train_all(leads: Leads, customers: Customers) -> tuple[TrainedModel, ...]:
    """Train every version on what had a mature outcome when the audited window started."""
    past_leads = _training_rows(leads.decided_at < moment(LEAD_TIMELINE.training_end))
    past_offers = _training_rows(customers.decided_at < moment(OFFER_TIMELINE.training_end))
    features = {
        LEAD_SCORING: lead_features(leads, past_leads),
        OFFER_TARGETING: customer_features(customers, past_offers),
    }
    labels = {
        "rated_hot": leads.rated_hot[past_leads],
        "won": leads.won[past_leads],
        "responded": customers.responded[past_offers],
    }
    return tuple(
        _train(design, features[design.model], labels[design.learns_from]) for design in DESIGNS
    )


def _train(design: Design, features: pd.DataFrame, labels: Bools) -> TrainedModel:
    seen = features[list(design.sees)]
    pipeline = _pipeline(seen)
    pipeline.fit(seen, labels)
    scores = np.round(pipeline.predict_proba(seen)[:, 1], 6)
    threshold = float(np.quantile(scores, 1 - SELECTED))
    return TrainedModel(design, pipeline, threshold, seen.head(_EXAMPLES))


def _pipeline(features: pd.DataFrame) -> Pipeline:
    counted = list(features.select_dtypes("number").columns)
    worded = [name for name in features.columns if name not in counted]
    numbers = make_pipeline(
        SimpleImputer(strategy="median"),
        FunctionTransformer(np.log1p, feature_names_out="one-to-one"),
        StandardScaler(),
    )
    columns = ColumnTransformer(
        [("words", OneHotEncoder(handle_unknown="ignore"), worded), ("numbers", numbers, counted)]
    )
    return Pipeline([("columns", columns), ("learner", LogisticRegression(max_iter=500))])


def _training_rows(past: Bools) -> Ints:
    """The past cases, or as many of them as training gains anything from."""
    return np.flatnonzero(past)[-LARGEST_TRAINING_SET:]
