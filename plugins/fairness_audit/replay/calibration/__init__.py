"""How often a real run would be blocked if groups meant nothing, or if one were wronged."""
