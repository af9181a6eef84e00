#!/usr/bin/env bash
# Installs what the app's tests need beyond Python: a virtual screen with mouse and keyboard, a software renderer, a
# browser, and a JDK for Android. Debian or Ubuntu, as root or with sudo. Does nothing if everything is installed. Tests that need a
# missing package skip themselves.
set -euo pipefail

packages=()
needs() { # needs COMMAND PACKAGE...
    command -v "$1" >/dev/null || packages+=("${@:2}")
}
needs Xvfb xvfb
needs xdotool xdotool
needs xclip xclip
command -v chromium-browser >/dev/null || needs chromium chromium
needs javac default-jdk-headless
ldconfig -p | grep -q 'libGL\.so\.1' || packages+=(libgl1)
ldconfig -p | grep -q 'libEGL\.so\.1' || packages+=(libegl1 libgles2)
[ -n "$(find /usr/lib -name swrast_dri.so -print -quit)" ] || packages+=(libgl1-mesa-dri)

if [ "${#packages[@]}" -eq 0 ]; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "Not a Debian system. Install the equivalents of: ${packages[*]}" >&2
    exit 0
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Neither root nor sudo. Not installed: ${packages[*]}" >&2; exit 0; }
    as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -qq -y --no-install-recommends "${packages[@]}"
