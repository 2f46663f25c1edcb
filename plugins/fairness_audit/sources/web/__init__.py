"""What reading a CRM through its web API takes, whoever the vendor is.

`transport` asks and asks again, `tokens` keeps logins, `csv_pages` and `values` turn answers into
Arrow. What a vendor means by an answer is the vendor's module's business.
"""
