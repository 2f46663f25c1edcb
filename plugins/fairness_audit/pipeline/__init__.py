"""All that knows Airflow: tasks, questions to people, notices, the local runner."""
