#!/usr/bin/env bash
# Open the reading desk on the sample case; where there is no display, let the scripted reader work it on a virtual one.

source "$(dirname "$0")/common.sh"

if ! is_linux || [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    exec "$(venv_bin)/napari-vcf" demo
fi
say "No display: the scripted reader works the sample case on a virtual one; see demo-output/."
exec tools/with-display.sh "$(venv_bin)/napari-vcf" demo --scripted --out demo-output
