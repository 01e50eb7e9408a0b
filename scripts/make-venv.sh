#!/bin/sh
# Makes .venv with the first Python from 3.12 on that this machine has, or with the one that uv finds.
set -eu
for candidate in python3 python3.12 python3.13 python3.14; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
        exec "$candidate" -m venv .venv
    fi
done
if command -v uv >/dev/null 2>&1; then
    exec uv venv --quiet --seed --python 3.12 .venv
fi
echo "make: Python 3.12 or newer (with its venv module), or uv, is needed and was not found" >&2
exit 69
