#!/usr/bin/env bash
# Ask the gate in Airflow over HTTP, where the ledger cannot be reached. Exit 0 only on a yes.
#   AIRFLOW=https://airflow.example.org TOKEN=… ask-over-http.sh MODEL VERSION
set -euo pipefail
answer=$(curl --silent --show-error --max-time 60 --header "Authorization: Bearer $TOKEN" \
  "$AIRFLOW/fairness/api/v1/gate/$1/$2")
echo "$answer"
# The decision, not the status: Airflow's pages answer a path that is misspelt with 200.
python3 -c 'import json, sys; sys.exit(json.load(sys.stdin)["decision"] != "allow")' <<<"$answer"
