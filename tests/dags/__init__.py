"""The DAG files, as Airflow reads them."""
