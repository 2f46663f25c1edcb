"""The verdicts: measurements and checks held against the policy, as a pure function."""

from fairness_audit.steps.judge.judgement import judge

__all__ = ["judge"]
