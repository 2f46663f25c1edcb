"""Let a model version that is not released yet score the current population, in a sandbox.

The artifact is somebody else's code. It runs in a process of its own that has no network, cannot
start another, reads its own files and inputs alone, and is killed in time.
"""
