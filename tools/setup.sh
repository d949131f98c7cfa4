#!/bin/sh
# Make .venv with exactly the packages of requirements.lock, and this project in it. Needs Python 3.11 or newer and
# nothing else; $PYTHON chooses one. Says nothing when everything is there already.
set -eu
cd "$(dirname "$0")/.."

venv=.venv
# What a finished environment depends on; its scripts hold absolute paths, so it cannot move with its folder.
key="$(pwd) $(cat requirements.lock pyproject.toml tools/setup.sh | cksum)"

say() { echo "setup: $*"; }
fail() {
    say "$*" >&2
    exit 1
}
recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo -n "$@"; else return 1; fi
}

if recent "$venv/bin/python" && [ "$(cat "$venv/.ready" 2>/dev/null)" = "$key" ]; then
    exit 0
fi

make_venv() {
    python=
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if recent "$candidate"; then
            python="$candidate"
            break
        fi
    done
    [ -n "$python" ] || fail "found no Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11"
    say "making $venv with $("$python" --version)"
    # Debian's Python comes without the standard library's ensurepip.
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        if command -v uv >/dev/null && uv venv --quiet --clear --python "$python" "$venv"; then
            return
        fi
        package="$("$python" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')"
        say "its module venv is missing; installing Debian's $package"
        { as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package"; } \
            >"$log" 2>&1 </dev/null || true
        "$python" -c 'import ensurepip' 2>/dev/null || {
            cat "$log" >&2
            fail "could not; as an administrator: apt install $package"
        }
    fi
    "$python" -m venv --clear "$venv"
}

pip() {
    # A `user = true` in pip's settings would forbid installing into an environment.
    PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 "$venv/bin/python" -m pip "$@"
}

with_pip() {
    pip install --quiet --no-deps --require-hashes -r requirements.lock &&
        pip install --quiet --no-deps --no-build-isolation -e .
}

with_uv() {
    "$1" pip install --quiet --python "$venv/bin/python" --no-deps --require-hashes -r requirements.lock &&
        "$1" pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation -e .
}

# uv is in the lock itself, so its own hash is checked like any other.
uv_of_lock() {
    [ -x "$venv/bin/uv" ] || {
        awk '/^uv==/ {on = 1} on {print} on && !/\\$/ {exit}' requirements.lock >"$venv/uv.lock"
        pip install --quiet --no-deps --require-hashes -r "$venv/uv.lock"
    }
}

# uv does not read pip's settings: a mirror and a certificate named there are handed on.
hand_on() {
    mirror="${PIP_INDEX_URL:-$(pip config get global.index-url 2>/dev/null || true)}"
    certificate="${PIP_CERT:-$(pip config get global.cert 2>/dev/null || true)}"
    [ -z "$mirror" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$mirror}"
    [ -z "$certificate" ] || export SSL_CERT_FILE="${SSL_CERT_FILE:-$certificate}"
}

log="$(mktemp)"
trap 'rm -f "$log"' EXIT
recent "$venv/bin/python" || make_venv
"$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$venv/bin/python" -m ensurepip >/dev/null 2>&1 || true

say "installing the packages of requirements.lock (once; a minute or two)"
hand_on
if command -v uv >/dev/null; then uv=uv; else uv="$venv/bin/uv"; fi
if ! { { [ "$uv" = uv ] || uv_of_lock; } && with_uv "$uv"; }; then
    say "uv could not; installing with pip, which takes longer"
    with_pip || fail "could not install the packages; the lines above say why"
fi
printf '%s' "$key" >"$venv/.ready"
say "ready"
