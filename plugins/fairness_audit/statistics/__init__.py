"""Pure functions of counts, each with the source of its formula."""
