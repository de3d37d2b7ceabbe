#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: browser.sh EXPORTER BUILD
# Compares the status page in Chromium with the metrics. The driver is installed into BUILD/browser,
# where the screenshots are written too.
exporter=$(realpath "$1") build=$(realpath "$2")/browser
source=$(dirname "$(realpath "$0")")/browser
if [ "${IN_NAMESPACE:-}" != yes ]; then # inside it no registry can be reached
    for program in chromium node npm python3; do
        command -v "$program" >/dev/null || { echo "FAILED: $program is missing; .ci/run lists the packages" >&2; exit 1; }
    done
    mkdir -p "$build"
    if ! cmp -s "$source/package.json" "$build/node_modules/installed"; then
        cp "$source/package.json" "$build/package.json"
        (cd "$build" && npm install --no-package-lock --no-audit --no-fund --loglevel=error &&
            cp package.json node_modules/installed) ||
            { echo "FAILED: playwright-core cannot be installed" >&2; exit 1; }
    fi
fi
. "$(dirname "$0")/support/script.sh"
cd "$work"

ip address add 10.20.0.11/32 dev lo
ip address add 10.20.0.40/32 dev lo
echo "40000 40999" >/proc/sys/net/ipv4/ip_local_port_range

mkfifo curtain
"$source/scene.py" <curtain >stage 2>scene.log &
pids="$pids $!"
exec 4>curtain
await 20 grep -q ready stage

page_has() {
    curl -sf http://127.0.0.1:10073/metrics -o page && grep -q "$1" page
}
"$exporter" --sample.detail-interval=1s --sample.cpu-budget=50 2>log &
pids="$pids $!"
await 10 page_has '^sockdiag_destination_ephemeral_ports_used'

# Node looks for modules beside the script.
cp "$source/page.mjs" "$build/"
node "$build/page.mjs" http://127.0.0.1:10073 "$build" >verdict || { cat verdict; fail "the page in a browser"; }
while read -r line; do pass "$line"; done <verdict
echo "screenshots: $build/*.png"
echo "$passed passed, 0 failed"
