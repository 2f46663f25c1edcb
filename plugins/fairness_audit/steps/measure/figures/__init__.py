"""From rates to figures: values, intervals and tests, group against group, as one table."""
