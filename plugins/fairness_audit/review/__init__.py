"""People decide on the findings of an audit: what they are asked, and what their answers make."""
