"""What an audit checks, as its owner wrote it; every fault is named with its line."""
