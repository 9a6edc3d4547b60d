#!/usr/bin/env bash
# Every check and every test: lint, types, then the suite on SQLite and on PostgreSQL at once (one core each).
set -uo pipefail
cd "$(dirname "$0")/.."
started=$SECONDS
failed=0
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

run() { # name, command…
  local name=$1
  shift
  if "$@" >"$logs/$name" 2>&1; then printf 'ok      %-10s (%s s)\n' "$name" $((SECONDS - started)); else
    printf 'FAILED  %-10s\n' "$name"
    return 1
  fi
}

run lint .venv/bin/ruff check . || failed=1
run format .venv/bin/ruff format --check . || failed=1
run types .venv/bin/mypy || failed=1
run sqlite .venv/bin/pytest --db sqlite "$@" & first=$!
# What never touches a database, and the browser, need not run twice.
pure=(tests/test_architecture.py tests/test_translations.py tests/test_docs.py tests/core/test_expressions.py
  tests/core/test_expression_templates.py tests/core/test_scripts.py tests/core/test_intervals.py
  tests/core/test_sheets.py tests/core/test_templates.py tests/decisions/test_agreement.py tests/decisions/test_cage.py
  tests/decisions/test_language.py tests/decisions/test_opening.py tests/decisions/test_rules.py
  tests/processes/test_engine.py tests/processes/test_random_processes.py tests/processes/test_states.py
  tests/processes/test_width_and_length.py tests/hostile/test_schema.py)
run postgres .venv/bin/pytest --db postgres -m "not browser" "${pure[@]/#/--ignore=}" "$@" & second=$!
wait "$first" || failed=1
wait "$second" || failed=1
if [ "$failed" = 1 ]; then
  for log in lint format types sqlite postgres; do
    printf '\n===== %s =====\n' "$log"
    tail -n 80 "$logs/$log" 2>/dev/null
  done
  exit 1
fi
tail -n 3 "$logs/sqlite" "$logs/postgres"
printf 'All green in %s s.\n' $((SECONDS - started))
