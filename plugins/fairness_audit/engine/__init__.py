"""What runs the static SQL: an engine that is locked before it sees data."""
