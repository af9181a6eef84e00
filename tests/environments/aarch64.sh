#!/bin/sh
# Builds a Python for aarch64 out of Debian's packages and PyPI's wheels, to run under qemu on another processor.
#     sh tests/environments/aarch64.sh FOLDER
# Needs Debian or Ubuntu's apt-get and dpkg-deb, qemu-user-static and a Python with pip; nothing is installed.
set -eu
PYTHON=${PYTHON:-python3}
SUITE=bookworm
LITERT=ai-edge-litert==2.1.6 # newer ones crash under qemu 7.2
NUMPY=numpy==1.26.4
command -v qemu-aarch64-static > /dev/null || { echo "qemu is missing; try: apt-get install qemu-user-static"; exit 2; }
# Where this machine gets its own packages of the suite from; on another system DEBIAN_MIRROR must say.
MIRROR=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    sed -n "s/^$SUITE main //p" | head -n 1)}
test -n "$MIRROR" || { echo "No Debian $SUITE among apt's sources; set DEBIAN_MIRROR to a mirror"; exit 2; }
mkdir -p "$1/apt/lists/partial" "$1/apt/cache/archives/partial" "$1/root"
cd "$1"
KEYS=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [arch=arm64 signed-by=$KEYS] $MIRROR $SUITE main" > apt/sources.list
# An apt of its own: the machine's packages and its list of architectures stay as they are.
apt() {
    apt-get -q -y -o APT::Architecture=arm64 -o APT::Architectures::=arm64 \
        -o Dir::Etc::sourcelist="$PWD/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$PWD/apt/lists" -o Dir::Cache="$PWD/apt/cache" \
        -o Dir::State::status=/dev/null -o APT::Sandbox::User=root -o Debug::NoLocking=1 "$@"
}
apt update
apt install --download-only --no-install-recommends python3.11-minimal libpython3.11-stdlib libstdc++6
for package in apt/cache/archives/*.deb; do dpkg-deb -x "$package" root; done
for wheel in "$LITERT" "$NUMPY"; do
    $PYTHON -m pip install --quiet --upgrade --no-deps --only-binary=:all: --python-version 3.11 --implementation cp \
        --platform manylinux_2_27_aarch64 --platform manylinux2014_aarch64 --target site "$wheel"
done
rm -r apt
qemu-aarch64-static -cpu cortex-a53 -L root -E PYTHONPATH="$PWD/site" root/usr/bin/python3.11 \
    -c "import platform, numpy, ai_edge_litert.interpreter; print('ready:', platform.machine())"
