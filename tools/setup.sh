#!/bin/sh
# Make $VENV with exactly the packages of requirements.lock. Needs Python 3.11 or newer and nothing else.
set -eu

python="${PYTHON:-python3}"
venv="${VENV:-.venv}"

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "setup: $("$python" --version 2>&1) is too old: Python 3.11 or newer is needed (make PYTHON=/path/to/python3.11)." >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo -n "$@"; else return 1; fi
}

if [ ! -x "$venv/bin/python" ]; then
    echo "setup: making $venv"
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        echo "setup: this Python has no venv module; installing python3-venv"
        { as_root apt-get update -qq && as_root apt-get install -y -qq python3-venv; } >/dev/null 2>&1 || {
            echo "setup: install it by hand: apt install python3-venv" >&2
            exit 1
        }
    fi
    "$python" -m venv "$venv"
fi

# uv takes seconds where pip takes minutes; it is in the lock itself, so its hash is checked like any other.
fast() {
    [ -x "$venv/bin/uv" ] || {
        awk '/^uv==/ {on=1} on {print} on && !/\\$/ {exit}' requirements.lock > "$venv/uv.lock"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
            -r "$venv/uv.lock" || return 1
    }
    "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --no-deps --require-hashes -r requirements.lock
}

echo "setup: installing the packages of requirements.lock"
fast || {
    echo "setup: uv could not; installing with pip, which takes a few minutes"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
        -r requirements.lock
}
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
echo "setup: ready"
