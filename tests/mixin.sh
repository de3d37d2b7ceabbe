#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: mixin.sh EXPORTER BUILD, from the top of the tree
# monitoring/mixin.libsonnet: without a configuration it has the rules and dashboards of the plain files, so their
# tests pass with it; each field of _config changes what it says and nothing else.
build=$(realpath "$2")
tests/fetch_prometheus.sh "$build" || exit 1
PATH=$PATH:$build/prometheus/usr/bin
. "$(dirname "$0")/support/script.sh"
need jsonnet promtool python3
rules=(monitoring/alerts_*.yaml monitoring/recording_rules.yaml)

# mixin EXPRESSION [CONFIGURATION]: print what it is with that _config
mixin() {
    jsonnet --string --exec "local mixin = (import '$PWD/monitoring/mixin.libsonnet') { _config+:: ${2:-{\}} }; $1"
}

groups='(mixin.prometheusAlerts.groups + mixin.prometheusRules.groups)'
expressions="std.join('\n', [std.rstripChars(rule.expr, '\n') for group in $groups for rule in group.rules])"
runbooks="std.join('\n', [rule.annotations.runbook_url for group in $groups for rule in group.rules
    if std.objectHas(rule, 'alert')])"

# is_expected WHAT MADE: the same as on stdin
is_expected() {
    diff - "$2" >"$work/difference.log" || fail "$1: expected (<) and made (>) differ"
}

# changes CONFIGURATION SED-SCRIPT: the configuration does to the expressions what the script does
changes() {
    mixin "$expressions" "$1" >"$work/made"
    ! cmp -s "$work/expressions" "$work/made" || fail "$1 changes nothing"
    sed -E "$2" "$work/expressions" | is_expected "$1" "$work/made"
    mixin "std.toString({groups: $groups})" "$1" >"$work/changed.yaml"
    promtool check rules --lint=all --lint-fatal "$work/changed.yaml" >"$work/promtool.log" 2>&1 || fail "promtool: $1"
}

# refuses COMPLAINT COMMAND...
refuses() {
    ! "${@:2}" >"$work/refused.log" 2>&1 || fail "accepted: ${*:2}"
    grep -q "$1" "$work/refused.log" || fail "another complaint than $1: ${*:2}"
}

check_plain() {
    mkdir "$work/tests"
    mixin "std.toString({groups: $groups})" >"$work/rules.yaml"
    for test in monitoring/tests/*.yaml; do
        sed 's|^rule_files: .*|rule_files: [../rules.yaml]|' "$test" >"$work/tests/${test##*/}"
    done
    promtool test rules "$work"/tests/*.yaml >"$work/tests.log" 2>&1 || fail "the tests of the plain files fail"
    mixin "$expressions" >"$work/expressions"
    awk '/^ *expr: \|$/ { on = 1; next } !/^          / { on = 0 } on { print substr($0, 11) }' "${rules[@]}" |
        is_expected "the plain files" "$work/expressions"
    mixin "$runbooks" >"$work/made"
    sed -n 's/^ *runbook_url: //p' "${rules[@]}" | is_expected "the plain files" "$work/made"
    pass "the mixin has the $(grep -c . "$work/expressions") lines of expressions of the plain files, and passes their tests"
}

check_config() {
    changes '{ selector: "site=~\"a|b\"" }' 's/(^|[^:_a-z0-9])(sockdiag_[_a-z0-9]+)\{/\1\2{site=~"a|b",/g
        s/(^|[^:_a-z0-9])(sockdiag_[_a-z0-9]+)([^_a-z0-9{]|$)/\1\2{site=~"a|b"}\3/g'
    changes '{ jobSelector: "job=\"sockets\"" }' 's/job=~"[^"]*"/job="sockets"/'
    changes "{ thresholds: std.mapWithKey(function(name, number) '7' + number, super.thresholds) }" \
        's/([0-9.]+ # [a-z_]+)$/7\1/'
    pass "the selectors and $(grep -c ' # ' "$work/expressions") numbers with a name change what they name"
    mixin "$runbooks" '{ runbooks: "https://wiki.example.net/x.md" }' >"$work/made"
    mixin "$runbooks" | sed 's|.*#|https://wiki.example.net/x.md#|' | is_expected "runbooks" "$work/made"
    pass "each alert has its runbook below the configured address"
}

# A text with the number of a threshold would be wrong after a change of it.
check_texts() {
    mixin "std.toString($groups)" | python3 -c 'import json, re, sys
for rule in (rule for group in json.load(sys.stdin) for rule in group["rules"] if "alert" in rule):
    text = re.sub("{{.*?}}", "", "{summary} {description}".format(**rule["annotations"]))
    for number in re.findall("([0-9.]+) # ", rule["expr"]):
        for spelling in number, f"{100 * float(number):g} %":
            if re.search(rf"(?<![0-9.]){re.escape(spelling)}(?![0-9])", text):
                sys.exit("{alert} says ".format(**rule) + spelling)' >"$work/texts.log" 2>&1 || fail "a text has a threshold"
    pass "no alert names a threshold in its text"
}

check_refusals() {
    refuses 'unknown thresholds: close_waits' mixin "$expressions" '{ thresholds+: { close_waits: 5 } }'
    cp -r monitoring "$work/monitoring"
    sed -i '0,/0.005 # overflow_share/s//0.006 # overflow_share/' "$work/monitoring/alerts_listeners.yaml"
    sed -i '0,/# overflow_share_critical/s//# overflow_share/' "$work/monitoring/alerts_listeners.yaml"
    refuses 'overflow_share has two numbers' jsonnet --exec "(import '$work/monitoring/mixin.libsonnet').prometheusAlerts"
    pass "a threshold that no rule has and one with two numbers are refused"
}

check_dashboards() {
    mkdir "$work/dashboards"
    jsonnet --multi "$work/dashboards" --exec "(import '$PWD/monitoring/mixin.libsonnet').grafanaDashboards" >/dev/null
    for board in monitoring/dashboards/*.json; do
        python3 -c 'import json, sys
plain, made = (json.load(open(path)) for path in sys.argv[1:])
sys.exit(plain != made)' "$board" "$work/dashboards/sockdiag-${board##*/}" || fail "$board differs"
    done
    pass "the mixin has each dashboard"
}

check_plain
check_config
check_texts
check_refusals
check_dashboards
echo "$passed passed, 0 failed"
