"""The sample CRM behind the web APIs of CRM vendors, with the vendors' manners and bad days.

One server on a real socket speaks as the vendors' documentation says (Salesforce REST and Bulk
API 2.0, Zoho CRM v8, HubSpot CRM v3), and a script of faults makes it fail as real ones do.
"""
