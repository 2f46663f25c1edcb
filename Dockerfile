# The one image of all our services; docker-compose.yaml says which command each of them runs.
# The exact environment comes from requirements.lock, checked against its hashes.

FROM python:3.11.15-slim-bookworm AS build
ARG UV_VERSION=0.13.9
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1
RUN pip install --no-cache-dir --disable-pip-version-check uv==${UV_VERSION} \
 && python -m venv /opt/venv
WORKDIR /build
COPY requirements.lock ./
RUN uv pip sync --python /opt/venv/bin/python --require-hashes --compile-bytecode requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY plugins/fairness_audit plugins/fairness_audit
RUN uv pip install --python /opt/venv/bin/python --no-deps --no-build-isolation .


FROM python:3.11.15-slim-bookworm

# Any user of group 0 may run the image (FAIRNESS_AUDIT_UID): such a user need not be in
# /etc/passwd, so its name and home are said here.
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    USER=auditor \
    PYTHONUNBUFFERED=1

ENV AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/fairness-audit/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/fairness-audit/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=false \
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=/opt/airflow/logs \
    AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY=/opt/airflow/logs/dag_processor \
    FAIRNESS_AUDIT_HOME=/opt/fairness-audit \
    FAIRNESS_AUDIT_STATE=/var/lib/fairness-audit

# Nothing calls home.
ENV AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=false \
    MLFLOW_DISABLE_TELEMETRY=true \
    GX_ANALYTICS_ENABLED=false \
    DO_NOT_TRACK=true \
    GIT_PYTHON_REFRESH=quiet

# Airflow writes an airflow.cfg with random secrets where it finds none; ours come from the
# environment, and the file system is read-only when the image runs.
RUN useradd --uid 50000 --gid 0 --no-create-home --home-dir /tmp auditor \
 && install -d -o 50000 -g 0 -m 0770 \
      /opt/airflow /opt/airflow/logs \
      /var/lib/fairness-audit /var/lib/fairness-audit/heads /var/lib/fairness-audit/seen \
      /var/lib/fairness-audit/data_docs \
      /var/lib/mlflow \
 && install -o 50000 -g 0 -m 0640 /dev/null /opt/airflow/airflow.cfg

COPY --from=build /opt/venv /opt/venv
WORKDIR /opt/fairness-audit
COPY plugins/.airflowignore plugins/*.py plugins/
COPY dags dags
COPY sql sql
COPY expectations expectations

USER 50000:0
