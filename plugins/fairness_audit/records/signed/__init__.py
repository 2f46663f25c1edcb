"""What is signed: audits, reviews and heads, as in-toto statements in DSSE envelopes."""
