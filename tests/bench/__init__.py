"""Speed, and coverage at full size; only `make bench` runs them."""
