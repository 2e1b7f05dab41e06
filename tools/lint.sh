#!/usr/bin/env bash
# Every check that runs no test. All of them run, so that one round shows everything; the exit status tells if any failed.

source "$(dirname "$0")/common.sh"
PATH="$PWD/$(venv_bin):$PATH"
failed=()

check() {
    local name=$1
    shift
    say "--- $name"
    "$@" >&2 || failed+=("$name")
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export NAPARI_CONFIG="$scratch/settings.yaml"

check "ruff check" ruff check
check "ruff format" ruff format --check
check "mypy" mypy
check "import-linter" lint-imports
check "codespell" codespell
check "npe2 validate" npe2 validate napari-vcf

# A hint and no more: a long file may be one thing that is long.
find src -name '*.py' -exec wc -l {} + | awk '$1 > 400 && $2 != "total" { print "hint: " $2 " has " $1 " lines" }' >&2

[ ${#failed[@]} -eq 0 ] || fail "failed: $(printf '%s; ' "${failed[@]}")"
say "lint: all checks passed"
