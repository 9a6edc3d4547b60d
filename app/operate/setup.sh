#!/usr/bin/env bash
# Sets up a machine for `make run` and `make test`. Names what is missing and the command that installs it.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }

missing() { # what, Debian package
  say "Missing: $1"
  say "Install it with:  sudo apt-get install -y $2"
  exit 1
}

python() { # the first Python 3.11 or 3.12 that runs
  local candidate
  for candidate in "${PYTHON:-}" python3.12 python3.11 python3; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  missing "Python 3.11 or 3.12 (durable_rules cannot be imported on 3.13)" "python3"
}

prerequisites() {
  local python headers
  python=$(python)
  command -v gcc >/dev/null || missing "gcc (durable_rules comes as C source)" "gcc"
  printf '#include <stdlib.h>\n' | gcc -E -x c - >/dev/null 2>&1 || missing "the C library's headers" "libc6-dev"
  "$python" -c 'import ensurepip, venv' 2>/dev/null || missing "Python's venv module" "python3-venv"
  headers=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
  [ -e "$headers/Python.h" ] || missing "Python's C headers ($headers/Python.h)" "python3-dev"
}

venv() { # uv's version
  [ -x .venv/bin/python ] || "$(python)" -m venv .venv
  [ -x .venv/bin/uv ] || { say "Installing uv $1 …"; .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$1"; }
}

packages() { # lock file
  say "Installing $1 …"
  # durable_rules is an sdist: its pinned build requirements go first, then nothing is fetched behind the lock's back.
  awk '/^[a-z]/ {keep = /^(setuptools|wheel|packaging)==/} keep' "$1" >.venv/build.lock
  .venv/bin/uv --no-config pip install --quiet --require-hashes --no-deps -r .venv/build.lock
  .venv/bin/uv --no-config pip sync --quiet --require-hashes --no-build-isolation "$1"
}

node_ready() { command -v node >/dev/null && command -v npm >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ]; }

front_end() {
  if ! node_ready; then
    say "No Node 20 or newer here: using the one that comes as a Python package …"
    .venv/bin/uv --no-config pip install --quiet --require-hashes -r app/frontend/node.lock
    PATH="$PWD/.venv/bin:$PATH"
    export PATH
  fi
  say "Building the front end (the first time takes about a minute) …"
  cd app/frontend
  local stamp=node_modules/.installed
  if [ ! -e "$stamp" ] || [ package-lock.json -nt "$stamp" ]; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    touch "$stamp"
  fi
  npx --no-install vite build --logLevel warn
}

case "$1" in
  prerequisites) prerequisites ;;
  venv) venv "$2" ;;
  packages) packages "$2" ;;
  front-end) front_end ;;
  *) say "unknown step $1"; exit 2 ;;
esac
