#!/bin/sh
# Remove what install.sh installed. Readings, studies and preferences stay.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

good() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; }

for python in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14}; do
    if good "$python"; then exec "$python" "$here/install.py" --uninstall "$@"; fi
done
echo "error: Python 3.11 to 3.14 is needed and was not found${PYTHON:+ under $PYTHON}." >&2
echo "       Install one, and name it: PYTHON=/path/to/python3 ./uninstall.sh" >&2
exit 1
