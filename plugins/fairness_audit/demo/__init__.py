"""The demo: a sample CRM, its planted biases, and two versions each of two models.

``prepare`` makes all of it; the biases are listed in ``biases``. Nothing outside this package
imports it.
"""
