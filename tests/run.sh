#!/usr/bin/env bash
# Every check and every test: lint, types, then the suite on SQLite and on PostgreSQL at once.
set -uo pipefail
cd "$(dirname "$0")/.."
export PYTHONDONTWRITEBYTECODE= # where it is set: else each of the queues compiles all modules and rewrites all asserts anew
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
# Queues on two cores. What waits for a browser, for processes or for PostgreSQL goes before what only computes; that takes
# what is left, by two processes that share it, so that both cores are busy to the end.
mapfile -t waiting < <(grep -rl 'mark\.waits' tests --include='test_*.py')
processes() {
  local failed=0
  run waits .venv/bin/pytest --db sqlite -m waits "${waiting[@]}" "$@" || failed=1
  run processes .venv/bin/pytest --db postgres -m waits "${waiting[@]}" "$@" || failed=1
  return $failed
}
computing=(.venv/bin/pytest -m "not browser and not waits" --ignore=tests/e2e)
mkdir "$logs/claims"
half=(nice -n 6 "${computing[@]}" --db sqlite "--claims=$logs/claims") # with "=": pytest would take the folder for one of tests
run types .venv/bin/mypy & queues=($!)
processes "$@" & queues+=($!)
run browser nice -n 2 .venv/bin/pytest --db sqlite -m browser tests/e2e "$@" & queues+=($!)
run postgres nice -n 4 "${computing[@]}" --db postgres "$@" & queues+=($!)
run sqlite "${half[@]}" --from front "$@" & queues+=($!)
run sqlite-2 "${half[@]}" --from back "$@" & queues+=($!)
for queue in "${queues[@]}"; do wait "$queue" || failed=1; done
if [ "$failed" = 1 ]; then
  for log in lint format types browser waits processes postgres sqlite sqlite-2; do
    printf '\n===== %s =====\n' "$log"
    tail -n 80 "$logs/$log" 2>/dev/null
  done
  exit 1
fi
for log in browser waits processes postgres sqlite sqlite-2; do
  printf '%-10s %s\n' "$log" "$(tail -n 1 "$logs/$log")"
done
printf 'All green in %s s.\n' $((SECONDS - started))
