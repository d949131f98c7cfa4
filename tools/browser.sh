#!/bin/sh
# Make sure that there is a Chromium for the tests: the one that is there, else Debian's, else Playwright's own.
set -eu

python="${1:-.venv/bin/python}"
"$python" tools/find_browser.py >/dev/null 2>&1 && exit 0

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo -n "$@"; else return 1; fi
}

if command -v apt-get >/dev/null; then
    echo "browser: none found; installing Debian's chromium"
    { as_root apt-get update -qq && as_root apt-get install -y -qq --no-install-recommends chromium; } \
        >/dev/null 2>&1 || echo "browser: apt-get could not"
fi
"$python" tools/find_browser.py >/dev/null 2>&1 && exit 0

echo "browser: downloading Playwright's own Chromium"
"$python" -m playwright install chromium || true
"$python" tools/find_browser.py >/dev/null || {
    echo "browser: install Chromium or Chrome by hand, or set CHROMIUM to its path." >&2
    exit 1
}
