"""Audits of real tables, which lie beside the checkout."""
