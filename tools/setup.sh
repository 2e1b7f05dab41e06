#!/usr/bin/env bash
# Bring the machine to where the project runs: system packages, virtual environment, package with extras.
#
#   tools/setup.sh EXTRAS [display] [judges]     EXTRAS such as "pyside6,dev"; "display" asks for Qt's libraries and Xvfb,
#                                                "judges" for the foreign programs that some tests ask
#
# Root is needed only where a system package is missing. With nothing changed it takes a fraction of a second.

source "$(dirname "$0")/common.sh"
source tools/system-packages.sh
EXTRAS=$1
shift
wanted() { [[ " $WANTED " = *" $1 "* ]]; }
WANTED="$*"

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

has_good_python() { python=$(find_python) && can_make_venv "$python"; }

# --- Virtual environment ---------------------------------------------------------------------------------------------

venv_works() { "$(venv_bin)/python" -c 'import pip' 2>/dev/null; }

# Python compiles what it imports; compiling everything beforehand takes longer than that ever saves.
pip_install() { "$(venv_bin)/python" -m pip install --quiet --disable-pip-version-check --no-compile "$@"; }

# An index of its own, or none at all, is an arrangement between this machine and pip that uv does not know of.
pip_has_own_index() {
    "$(venv_bin)/python" -m pip config list 2>/dev/null | grep -E "[.:](index-url|no-index)=" >/dev/null
}

# uv does in seconds what takes pip more than a minute; where it cannot, pip can.
install_with_uv() {
    if pip_has_own_index; then return 1; fi
    pip_install --only-binary uv "uv>=0.5" || return 1
    "$(venv_bin)/uv" pip install --quiet --python "$(venv_bin)/python" --editable ".[$EXTRAS]" && return
    say "uv could not install the package (its message stands above); trying pip."
    return 1
}

# Debian's own pip takes twice as long as today's, and works as well.
install_with_pip() {
    pip_install --upgrade pip || say "pip could not be brought up to date; going on with the one at hand."
    pip_install --editable ".[$EXTRAS]"
}

# What the environment was made from: it is made again when one of these changes, and only then.
fingerprint() {
    { printf '%s\n' "$EXTRAS" "$PWD"; "$(venv_bin)/python" --version; cat pyproject.toml; } | cksum
}

if [ -n "${PYTHON:-}" ] && ! has_good_python; then
    fail "PYTHON=$PYTHON is not a Python 3.11 or newer that can make virtual environments."
fi
missing=()
if wanted display && is_linux; then mapfile -t missing < <(missing_packages tools/system-packages.txt); fi
venv_works || has_good_python || missing+=(python3 python3-venv)
[ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
if wanted judges && is_linux && command -v apt-get >/dev/null; then
    mapfile -t judges < <(missing_packages tools/test-packages.txt)
    # Not being allowed to install them, or a distribution without them, costs some tests and nothing else.
    [ ${#judges[@]} -eq 0 ] || (install_packages "${judges[@]}") || say "Going on without ${judges[*]}: their tests skip."
fi

if ! venv_works; then
    has_good_python || fail "Python 3.11 or newer with its venv module is needed; this system's own has not got it." \
        "Install one, and name it: make PYTHON=/path/to/python3.11 ..."
    say "Making a virtual environment in $VENV ..."
    rm -rf "$VENV"
    "$python" -m venv "$VENV"
fi

stamp="$VENV/.installed-${EXTRAS//,/-}"
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$(fingerprint)" ]; then
    say "Installing the package with its extras [$EXTRAS] into $VENV ..."
    install_with_uv || install_with_pip ||
        fail "pip could not install the package (its message stands above)." \
            "A package index must be reachable; try the same command again once it is."
    fingerprint >"$stamp"
fi
