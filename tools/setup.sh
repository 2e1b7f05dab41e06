#!/usr/bin/env bash
# Bring the machine to where the project runs: system packages, virtual environment, package with extras.
#
#   tools/setup.sh EXTRAS [display]     EXTRAS such as "pyside6,dev"; "display" asks for Qt's libraries and Xvfb
#
# Root is needed only where a system package is missing. With nothing changed it takes a fraction of a second.

source "$(dirname "$0")/common.sh"
source tools/system-packages.sh
EXTRAS=$1
DISPLAY_WANTED=${2:-}

# --- Python ----------------------------------------------------------------------------------------------------------

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

can_make_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

need_python() {
    if ! python=$(find_python); then
        install_packages "Python 3.11 or newer is needed and was not found." python3 python3-venv python3-pip
        python=$(find_python) || fail "Python 3.11 or newer is needed, and this system's own python3 is older." \
            "Install one, and name it: make PYTHON=/path/to/python3.11 ..."
    fi
    if ! can_make_venv "$python"; then
        install_packages "Python's venv module is missing." python3-venv python3-pip
        can_make_venv "$python" || fail "$python cannot make virtual environments (no venv and ensurepip)." \
            "Name another Python: make PYTHON=/path/to/python3.11 ..."
    fi
}

# --- Virtual environment ---------------------------------------------------------------------------------------------

venv_works() { "$(venv_bin)/python" -c 'import pip' 2>/dev/null; }

# What the environment was made from: it is made again when one of these changes, and only then.
fingerprint() {
    { printf '%s\n' "$EXTRAS" "$PWD"; "$(venv_bin)/python" --version; cat pyproject.toml; } | cksum
}

if [ "$DISPLAY_WANTED" = display ] && is_linux; then need_display_packages; fi

if ! venv_works; then
    need_python
    say "Making a virtual environment in $VENV ..."
    rm -rf "$VENV"
    "$python" -m venv "$VENV"
fi

stamp="$VENV/.installed-${EXTRAS//,/-}"
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$(fingerprint)" ]; then
    say "Installing the package with its extras [$EXTRAS] into $VENV ..."
    "$(venv_bin)/python" -m pip install --quiet --disable-pip-version-check --editable ".[$EXTRAS]" ||
        fail "pip could not install the package (its message stands above)." \
            "A package index must be reachable; try the same command again once it is."
    fingerprint >"$stamp"
fi
