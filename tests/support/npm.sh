# SPDX-License-Identifier: Apache-2.0
# To be sourced by bash.

# install_npm_packages DIRECTORY FILE...: copy the files, one of which is package.json, into DIRECTORY and install there
# what package.json names
install_npm_packages() {
    command -v npm >/dev/null || { echo "FAILED: npm is missing: make deps" >&2; exit 1; }
    mkdir -p "$1"
    exec 9<"$1"
    flock 9 # one at a time: tests run side by side
    cp "${@:2}" "$1"
    cd "$1"
    cmp -s package.json node_modules/installed && return
    npm install --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error >&2 &&
        cp package.json node_modules/installed ||
        { echo "FAILED: cannot install the npm packages" >&2; exit 1; }
}
