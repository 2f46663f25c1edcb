"""Whole installations: the demo, the runs, the containers, and every way round the gate."""
