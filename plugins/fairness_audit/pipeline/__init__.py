"""All that knows Airflow: tasks, questions to people, notifications, the local runner."""
