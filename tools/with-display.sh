#!/usr/bin/env bash
# Run a command on a virtual display of its own, away from the person's settings.

source "$(dirname "$0")/common.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export NAPARI_CONFIG="$scratch/settings.yaml"

if ! is_linux; then
    "$@"
    exit
fi
mkdir -m 700 "$scratch/runtime"
export XDG_RUNTIME_DIR="$scratch/runtime"
# Qt's "offscreen" platform draws no canvas: only a real X server, if a virtual one, shows what a person would see.
export QT_QPA_PLATFORM=xcb LIBGL_ALWAYS_SOFTWARE=1
unset WAYLAND_DISPLAY
xvfb-run -a -s "-screen 0 1600x1000x24 +extension GLX" "$@"
