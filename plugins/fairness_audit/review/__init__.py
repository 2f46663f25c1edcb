"""What people are asked about an audit, and what their answers make."""
