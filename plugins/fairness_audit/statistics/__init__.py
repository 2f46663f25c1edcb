"""Statistics over counts: pure functions of numbers, with the source of each formula."""
