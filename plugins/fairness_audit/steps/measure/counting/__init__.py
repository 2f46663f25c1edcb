"""From rows to counts: the one scan of the population, and what rolls its counts up."""
