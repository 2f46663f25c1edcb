"""What is written down about every metric of scores."""

from fairness_audit.measure.definition import Better, Definition, Needs

PERCENTILES = (10, 25, 50, 75, 90)
_SCORE = (Needs.SCORE,)
_BOTH = (Needs.SCORE, Needs.OUTCOME)

MEAN = Definition("mean_score", None, "mean of the scores", "any textbook", _SCORE, None, None)
QUANTILES = {
    q: Definition(f"score_quantile_{q}", None, f"{q} % of the scores lie below it",
                  "Hyndman & Fan 1996, type 7", _SCORE, None, None)
    for q in PERCENTILES
}  # fmt: skip
SMD = Definition(
    "standardized_mean_difference", "SMD",
    "mean score of d minus that of a, over the pooled standard deviation of the two",
    "Cohen 1988; sources differ in what they divide by", _SCORE, None, None, 0.0,
)  # fmt: skip
SKS = Definition(
    "score_kolmogorov_smirnov", "SKS", "largest distance of the score distributions of d and a",
    "Smirnov 1948", _SCORE, 0.0, 1.0, 0.0,
)  # fmt: skip
SCORING_RATE = Definition(
    "scoring_rate", "ScR", "share of the group that scores strictly above the median of everybody",
    "6 RCNY 5-300", _SCORE,
)  # fmt: skip
SCORING_RATIO = Definition(
    "scoring_rate_impact_ratio", None, "scoring rate over that of the reference or the highest",
    "6 RCNY 5-300", _SCORE, 0.0, None, 1.0, Better.HIGHER,
)  # fmt: skip
AUC = Definition(
    "area_under_curve", "AUC", "chance that a true outcome has a higher score than a false one",
    "Hanley & McNeil 1982; interval DeLong et al. 1988", _BOTH, better=Better.HIGHER,
)  # fmt: skip
AUC_DIFFERENCE = Definition(
    "area_under_curve_difference", None, "area under the curve of d minus that of a",
    "DeLong et al. 1988", _BOTH, -1.0, 1.0, 0.0, Better.HIGHER,
)  # fmt: skip
CROSS = Definition(
    "cross_area_under_curve", "xAUC",
    "chance that a true outcome of d has a higher score than a false one of a",
    "Kallus & Zhou 2019", _BOTH, better=Better.HIGHER,
)  # fmt: skip
CROSS_MIRROR = Definition(
    "cross_area_under_curve_mirror", None,
    "chance that a true outcome of a has a higher score than a false one of d",
    "Kallus & Zhou 2019", _BOTH,
)  # fmt: skip
ECE = Definition(
    "expected_calibration_error", "ECE",
    "mean distance of score and share of true outcomes over ten equal bins",
    "Naeini et al. 2015", _BOTH, 0.0, 1.0, 0.0, Better.LOWER,
)  # fmt: skip
GAP = Definition(
    "calibration_gap", None, "mean score minus share of true outcomes, in one bin of the scores",
    "Naeini et al. 2015", _BOTH, -1.0, 1.0, 0.0,
)  # fmt: skip
SLOPE = Definition(
    "calibration_slope", None, "slope of the outcome on the log odds of the score", "Cox 1958",
    _BOTH, None, None, 1.0,
)  # fmt: skip
BRIER = Definition(
    "brier_score", "BS", "mean squared distance of score and outcome", "Brier 1950", _BOTH,
    0.0, 1.0, None, Better.LOWER,
)  # fmt: skip
DEFINITIONS = (
    MEAN, *QUANTILES.values(), SMD, SKS, SCORING_RATE, SCORING_RATIO, AUC, AUC_DIFFERENCE, CROSS,
    CROSS_MIRROR, ECE, GAP, SLOPE, BRIER,
)  # fmt: skip
