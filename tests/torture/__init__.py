"""The fault campaign: publishing is killed and starved at every point, and nothing may be harmed.

``make torture`` runs it whole; ``make torture SEED=7 POINT='append:ledger/ledger.py:102#1@4'`` one
point of it alone. Processes are forked from one that has everything imported, so a kill costs a
fraction of a second; each is ended by SIGKILL as a worker is that runs out of memory.
"""
