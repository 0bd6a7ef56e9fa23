#!/usr/bin/env bash
# Installs schemathesis where the tests look for it: in a Python environment of its own in the user's cache directory. Needs Python 3 with venv.
set -euo pipefail
requirements="$(dirname "$0")/requirements.txt"
version="$(sed -n 's/^schemathesis==//p' "$requirements")"
environment="${XDG_CACHE_HOME:-$HOME/.cache}/millrace/schemathesis-$version"
[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements"
