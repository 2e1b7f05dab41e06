# shellcheck shell=bash
# Sourced by the scripts beside it: where the project is, and how to speak to the person.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
VENV=${VENV:-.venv}
# A bare machine may have no locale at all; file names and output are UTF-8 everywhere.
export LC_ALL=${LC_ALL:-C.UTF-8}

# Told to write no bytecode, Python would compile everything anew in each of the many processes that follow: it is kept
# with the environment then, away from the sources.
if [ -n "${PYTHONDONTWRITEBYTECODE:-}" ]; then
    unset PYTHONDONTWRITEBYTECODE
    PYTHONPYCACHEPREFIX=$(realpath -m "$VENV")/bytecode
    export PYTHONPYCACHEPREFIX
fi

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "error: $1"
    shift
    for line in "$@"; do say "       $line"; done
    exit 1
}

is_linux() { [ "$(uname -s)" = Linux ]; }

# Folder of a virtual environment's programs; Windows has a name of its own for it.
venv_bin() { if [ -d "$VENV/Scripts" ]; then echo "$VENV/Scripts"; else echo "$VENV/bin"; fi; }
