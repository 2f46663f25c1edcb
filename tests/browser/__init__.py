"""Pages as a browser shows them; skipped where there is none."""
