"""The steps of an audit, from extract to gate: none knows another."""
