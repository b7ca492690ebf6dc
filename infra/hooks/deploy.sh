#!/bin/sh
# Runs `python -m reelbrush.deploy "$@"` with the first Python 3.11 or newer that is found.
set -eu
cd "$(dirname "$0")/../.."
if [ "${REELBRUSH_SKIP_HOOKS:-}" = "$1" ] || [ "${REELBRUSH_SKIP_HOOKS:-}" = "all" ]; then
  echo "note  $1: left out, because REELBRUSH_SKIP_HOOKS is $REELBRUSH_SKIP_HOOKS"
  exit 0
fi
for python in "${REELBRUSH_PYTHON:-}" .venv/bin/python python3 python3.13 python3.12 python3.11 python; do
  [ -n "$python" ] || continue
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    exec "$python" -m reelbrush.deploy "$@"
  fi
done
echo "FAIL  python: Python 3.11 or newer was not found" >&2
echo "      fix: install it, or set REELBRUSH_PYTHON to its path" >&2
exit 1
