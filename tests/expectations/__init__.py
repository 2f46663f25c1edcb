"""The suites that are shipped, over populations with every fault they are to find."""
