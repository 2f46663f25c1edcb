"""What tests talk to, started or imitated: databases, registries, vendors' APIs, Airflow."""
