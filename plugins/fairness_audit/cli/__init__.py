"""The command `fairness-audit`: one module per noun, one way to print and to exit."""
