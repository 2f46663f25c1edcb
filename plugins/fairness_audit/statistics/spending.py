"""One error budget over many audits: how much of alpha each of them may spend.

The audits of one model are tests of the same question, repeated. If audit k alone finds a fair
model unfair with probability at most alpha_k, then any of them does with at most the sum of all
alpha_k (Bonferroni's inequality, or union bound), *however the audits depend on each other*. That
matters here: half a year of decisions audited every week shares nearly all its rows with the
audit before, so neither the product of e-values of fresh data nor a boundary for independent
increments applies. Cutting alpha into shares that are spent one after the other is the idea of
Lan & DeMets, "Discrete sequential boundaries for clinical trials", Biometrika 70 (1983), 659-663;
their boundaries also use the known correlation of the looks, which overlapping windows of
changing populations do not give. Not chosen either: e-processes and confidence sequences (Ramdas,
Grünwald, Vovk & Shafer, "Game-theoretic statistics and safe anytime-valid inference", Statistical
Science 38 (2023), 576-601). They hold over dependent looks only as one process over one stream of
rows, and a population that is assembled anew for each audit, with other versions, filters and
late outcomes, is no such stream.

The shares are harmonic, 1/k of the first: the first audit of a version is the one that a
promotion waits for, and keeps most of its power, while the shares fall so slowly that the last
still finds a large gap. Of 52 audits at alpha 1/20 the first has 0.011 and the last 0.00021. At
half the selection rate, with 500 rows per group and a rate of 0.2 (z about 4.4), the first finds
it in 97 % and the last in 76 % of audits; 52 equal shares would leave 87 % to all of them.
"""

from fractions import Fraction
from functools import cache


def harmonic_share(audit: int, audits: int) -> Fraction:
    """The share of the budget that one audit may spend: ``1 / (audit * H)``, exact.

    ``H = 1 + 1/2 + ... + 1/audits``, so the shares of audits 1 to ``audits`` sum to exactly 1. An
    audit beyond those has no share, 0.

    Args:
        audit: which audit of the period it is, counted from 1.
        audits: how many audits share the budget, at least 1.

    Raises:
        ValueError: when either is below 1.
    """
    if min(audit, audits) < 1:
        raise ValueError(f"audit {audit} of {audits}: both are counted from 1")
    return 1 / (audit * _harmonic_number(audits)) if audit <= audits else Fraction(0)


@cache
def _harmonic_number(terms: int) -> Fraction:
    return sum((Fraction(1, k) for k in range(1, terms + 1)), Fraction(0))
