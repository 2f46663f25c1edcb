"""What an installation runs or copies beside Airflow: secrets, databases, CI files."""
