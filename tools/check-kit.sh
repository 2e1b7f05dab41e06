#!/usr/bin/env bash
# Look whether every package of the kits has a wheel on each platform. Build the offline kit of this machine for the Python
# at hand, install it without a network into a home of its own, read the sample there and verify the export, and remove it.

source "$(dirname "$0")/common.sh"

python="$PWD/$(venv_bin)/python"
if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
    say "kit: skipped, installing it is tried on Linux x86-64 only"
    exit
fi
if ! unshare -n true 2>/dev/null; then
    say "kit: skipped, this machine lets nobody cut a process off from the network (unshare -n)"
    exit
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if ! "$python" -m pip download --quiet --no-deps --dest "$scratch/reached" pip 2>/dev/null; then
    say "kit: skipped, no package index is reachable to gather the packages from"
    exit
fi
for platform in linux-x86_64 windows-x86_64 macos-arm64; do
    "$python" tools/kit/build.py --platform "$platform" --resolve || fail "the kit of $platform cannot be resolved"
done
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
"$python" tools/kit/build.py --platform linux-x86_64 --python "$version" --out "$scratch" >/dev/null
tar -C "$scratch" -xf "$scratch"/napari-vcf-*.tar
base=$("$python" -c 'import sys; print(sys._base_executable)')
home="$scratch/home"
mkdir "$home"

# Neither this environment nor the person's settings may help.
offline() { env -i PATH=/usr/bin:/bin HOME="$home" LC_ALL=C.UTF-8 PYTHON="$base" unshare -n "$@"; }

offline sh -c "'$scratch'/napari-vcf-*/install.sh" | tail -1 || fail "the kit could not be installed"
offline tools/with-display.sh "$home/.local/bin/napari-vcf" doctor >"$scratch/doctor" || { cat "$scratch/doctor"; exit 1; }
offline tools/with-display.sh "$home/.local/bin/napari-vcf" demo --scripted --out "$scratch/demo" >"$scratch/log" ||
    { cat "$scratch/log"; exit 1; }
grep -F "0 differ" "$scratch/log" || fail "the export of the sample was not verified"
offline sh -c "'$scratch'/napari-vcf-*/uninstall.sh" || fail "the kit could not be removed"
[ -z "$(find "$home/.local/share/napari-vcf" "$home/.local/bin" -mindepth 1 2>/dev/null)" ] ||
    fail "the uninstaller left files behind"
