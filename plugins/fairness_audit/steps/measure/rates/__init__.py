"""From counts to rates: what each rate, difference and ratio of two counts means."""
