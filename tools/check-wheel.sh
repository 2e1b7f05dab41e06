#!/usr/bin/env bash
# Build the sdist and, from it, the wheel; install the wheel away from the source tree, and let npe2 validate the plugin.

source "$(dirname "$0")/common.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export NAPARI_CONFIG="$scratch/settings.yaml" QT_QPA_PLATFORM=offscreen
python="$PWD/$(venv_bin)/python"

"$python" -m build --outdir "$scratch/dist" . >"$scratch/build.log" 2>&1 || { cat "$scratch/build.log"; exit 1; }
# The dependencies are those of the development environment; the package itself is the wheel's, put in front of it.
"$python" -m pip install --quiet --no-deps --target "$scratch/site" "$scratch"/dist/*.whl
cd "$scratch"
PYTHONPATH="$scratch/site" "$python" - "$scratch/site" <<'PY'
import sys
from pathlib import Path

from npe2 import PluginManifest

import napari_vcf

site = Path(sys.argv[1])
if site not in Path(napari_vcf.__file__).parents:
    sys.exit(f"imported from {napari_vcf.__file__}, not from the wheel")
manifest = site / "napari_vcf" / "napari.yaml"
if manifest.is_symlink() or not manifest.is_file():
    sys.exit("the wheel does not carry the manifest as a file")
PluginManifest.from_distribution("napari-vcf").validate_imports()
print(f"wheel: {len(list((site / 'napari_vcf').rglob('*.py')))} modules, manifest valid")
PY
