"""Every metric that is more than one rate: scores, values, ranks, classes, people alike."""
