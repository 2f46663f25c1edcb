"""The defects of real CRM data that the sample carries, and how often. A test finds each one."""

DUPLICATE_LEADS = 0.015  # the same person entered again, weeks later, as a lead of its own
DUPLICATE_CONTACTS = 0.015
DELETED_LEADS = 0.004  # gone from the CRM, still in the score log
ERASED_LEADS = 0.01  # on the person's request: no name, no survey link, outcome not known
TEST_RECORDS = 0.005  # made by staff to try something out
ARCHIVED = 0.30  # of what is older than a year and never came to anything
MISSING_PICKS = 0.06  # a pick list nobody filled in: NULL
UNKNOWN_PICKS = 0.03  # a pick list filled in with 'unknown'
MISSING_NUMBERS = 0.08
MISSING_BIRTH_DATES = 0.05
PLACEHOLDER_BIRTH_DATES = 0.02  # 1900-01-01
LATE_OUTCOMES = 0.06  # of the good outcomes: they come after the maturity period
REMARKS = 0.40  # records with free text
NASTY_REMARKS = 0.10  # of the free text
