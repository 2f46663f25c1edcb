"""Our numbers are those that were published, and those that other libraries find."""
