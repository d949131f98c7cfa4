#!/bin/sh
# Make sure that there is a Chromium for tests and screenshots: the one that is there, else Debian's, else Playwright's
# own. $1 is the Python of the environment.
set -eu
cd "$(dirname "$0")/.."

python="${1:-.venv/bin/python}"
there() { "$python" tools/find_browser.py >/dev/null 2>&1; }
there && exit 0

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo -n "$@"; else return 1; fi
}

log="$(mktemp)"
trap 'rm -f "$log"' EXIT
if command -v apt-get >/dev/null; then
    echo "browser: none found; installing the distribution's chromium"
    { as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } \
        >"$log" 2>&1 </dev/null || { cat "$log"; echo "browser: that needs an administrator or failed"; }
fi
there && exit 0

echo "browser: downloading Playwright's own Chromium"
"$python" -m playwright install chromium || true
there && exit 0

echo "browser: found none; install Chromium or Chrome, or set CHROMIUM to its path" >&2
exit 1
