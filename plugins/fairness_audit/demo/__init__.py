"""The sample CRM, its planted biases, and vendors' APIs on this machine.

It makes two versions each of two models; ``prepare`` makes all of it, and the biases are listed
in ``biases``. Nothing outside this package imports it.
"""
