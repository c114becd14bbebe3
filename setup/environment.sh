#!/bin/sh
# Make .venv with everything in requirements-dev.txt, or the file given as argument (requirements-deploy.txt for a pipeline
# that deploys to AWS), and the source of packages/localcloud. Costs nothing when the requirements have not changed.
# Prints to standard error only: `make -s url` must print the URL and nothing else.
set -eu

requirements=${1:-requirements-dev.txt}
venv=.venv
stamp=$venv/.requirements
key="$(pwd) $(cat "$0" requirements-uv.txt "$requirements" | cksum)"

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $1"; say "  fix: $2"; exit 1; }

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
makes_environments() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

# A python that is new enough and can make environments; Debian keeps the second in a package of its own.
choose_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14}; do
        if fits "$candidate" && makes_environments "$candidate"; then
            python=$candidate
            return 0
        fi
    done
    return 1
}

install_python() {
    if [ -n "${PYTHON:-}" ] || [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        return 1
    fi
    say "... installing python3-venv"
    apt="apt-get -q -y -o DPkg::Lock::Timeout=120"
    if ! { $apt update && DEBIAN_FRONTEND=noninteractive $apt install --no-install-recommends python3 python3-venv
    } >.apt.log 2>&1; then
        tail -n 5 .apt.log >&2
    fi
    rm -f .apt.log
}

explain_python() {
    hint="install Python 3.11 or newer with its venv module (Debian, Ubuntu: sudo apt-get install python3-venv), or run make with PYTHON=/path/to/python3.11"
    found=${PYTHON:-python3}
    if ! command -v "$found" >/dev/null; then
        die "there is no $found on PATH" "$hint"
    elif ! version=$("$found" -c 'import platform; print(platform.python_version())' 2>/dev/null); then
        die "$found does not run" "$hint"
    elif ! fits "$found"; then
        die "$found is Python $version; needed is 3.11 or newer" "$hint"
    fi
    die "$found has no venv module" "$hint"
}

quietly() {
    log=$venv/install.log
    if ! "$@" >"$log" 2>&1; then
        tail -n 15 "$log" | sed 's/^/    /; s#//[^@/ ]*@#//***@#g' >&2
        die "installing the requirements failed (whole output: $log)" "check the access to the Python package index, then run the command again"
    fi
}

# uv does not read pip's configuration: tell it where this machine's packages come from.
share_pip_settings() {
    setting() { "$venv/bin/python" -m pip config get "$1.$2" 2>/dev/null; }
    for section in :env: install global; do
        : "${UV_DEFAULT_INDEX:=$(setting $section index-url || true)}"
        : "${UV_INDEX:=$(setting $section extra-index-url || true)}"
        : "${SSL_CERT_FILE:=$(setting $section cert || true)}"
    done
    [ -z "$UV_DEFAULT_INDEX" ] || export UV_DEFAULT_INDEX
    [ -z "$UV_INDEX" ] || export UV_INDEX
    [ -z "$SSL_CERT_FILE" ] || export SSL_CERT_FILE
}

# The local cloud as it is in this checkout, at once after every edit. The path is relative to the file's folder, so that
# a copied environment finds the checkout that it lies in.
link_local_cloud() {
    for site in "$venv"/lib/python3*/site-packages; do
        [ -d "$site" ] || continue
        rm -f "$site/localcloud.pth"
        echo "../../../../packages/localcloud/src" >"$site/localcloud.pth"
    done
}

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$key" ] && [ -x "$venv/bin/python" ]; then
    exit 0
fi

started=$(date +%s)
say "... Python environment in $venv"
# No stamp: never finished, or interrupted in the middle of an installation. Start again from nothing.
if [ ! -f "$stamp" ] || ! fits "$venv/bin/python"; then
    choose_python || { install_python && choose_python; } || explain_python
    rm -rf "$venv"
    "$python" -m venv "$venv" || die "$python -m venv $venv failed" "read the lines above; remove $venv and try again"
fi
rm -f "$stamp"
quietly "$venv/bin/python" -m pip install --disable-pip-version-check --require-hashes -r requirements-uv.txt
share_pip_settings
quietly "$venv/bin/uv" pip install --python "$venv/bin/python" --require-hashes -r "$requirements"
link_local_cloud
printf '%s' "$key" >"$stamp"
say "ok  Python environment in $venv ($(($(date +%s) - started)) s)"
