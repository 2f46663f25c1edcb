"""What an audit checks, as its owner wrote it: strictly parsed, every fault with its line."""
