"""Every record, appended once, with the heads that prove it whole, and the keys.

Verifying record files (``verify``) needs no database: nothing is loaded here that would.
"""
