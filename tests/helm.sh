#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: helm.sh EXPORTER BUILD, from the top of the tree
# Render packaging/helm/sockdiag-exporter, and check what it makes with schemas made from published types, against
# packaging/kubernetes and monitoring/, whose pods and rules other scripts try; and that this check finds mistakes.
# Debian has no helm: a small program with Go's template engine and Debian's copy of helm's functions stands for it.
# Needs Debian's golang-go, golang-github-masterminds-sprig-dev and golang-k8s-sigs-yaml-dev, and node and npm, whose
# packages go into BUILD/kubernetes.
exporter=$(realpath "$1") build=$(realpath "$2")
chart=$PWD/packaging/helm/sockdiag-exporter manifests=$PWD/packaging/kubernetes
if [ "${IN_NAMESPACE:-}" != yes ]; then # the namespace has no network
    . tests/support/npm.sh
    (install_npm_packages "$build/kubernetes" tests/kubernetes/*) || exit 1
fi
. "$(dirname "$0")/support/script.sh"
. tests/support/mistakes.sh
need node
mkdir -p "$build/helm"
GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$build/helm/cache go build -p 2 -o "$build/helm/render" tests/helm/render.go ||
    fail "install golang-go, golang-github-masterminds-sprig-dev and golang-k8s-sigs-yaml-dev"

[ "$chart/files/monitoring" -ef monitoring ] || fail "the chart has rules and dashboards of its own"
version=$("$exporter" --version | cut -d ' ' -f 2)
[ "$(sed -n 's/^\(version\|appVersion\): //p' "$chart/Chart.yaml" | sort -u)" = "$version" ] ||
    fail "the chart has another version than the exporter's, $version"
pass "the chart has the exporter's version, rules and dashboards"

original=$chart
mistake '"hostPid"' templates/daemonset.yaml 's/hostPID/hostPid/'
mistake 'runAsUser is 10074, not 10073' templates/daemonset.yaml 's/runAsUser: 10073/runAsUser: 10074/'
mistake 'capabilities/add/1 is undefined' templates/daemonset.yaml '/SYS_PTRACE/d'
mistake 'args/2 is undefined' templates/daemonset.yaml '/collector.closers/d'
mistake 'hostPID is undefined' templates/daemonset.yaml 's/if or $netns $collectors.events/if $collectors.events/'
mistake 'runAsUser is 10073, not 0' templates/daemonset.yaml 's/:= or $collectors.netnsWalk $collectors.events/:= $collectors.events/'
mistake '/args/0 is' templates/daemonset.yaml '/web.listen-address/d'
mistake 'there is no port metric$' templates/_helpers.tpl 's/port: metrics/port: metric/'
mistake 'there is no volume tracing$' templates/daemonset.yaml '/volumes:/,$s/name: tracing/&s/'
mistake 'does not select its own pods' templates/daemonset.yaml '/matchLabels/{n; s/include.*|/toYaml (dict "a" "b") |/}'
mistake 'endpoints/0/scrapeTimeout is undefined' templates/_helpers.tpl 's/"scrapeTimeout/&s/'
mistake 'no entry for key "secrets"' templates/daemonset.yaml 's/web.secret/&s/'
mistake 'flag is "--collector.netns"' templates/daemonset.yaml '/web.config.file/d'
mistake 'mount/mountPath is' templates/daemonset.yaml 's/mountPath: .etc/&c/'
mistake 'volume/secret/secretName is "web"' templates/daemonset.yaml 's/secretName: .*/secretName: web/'
mistake 'probes/1/scheme is undefined' templates/_helpers.tpl '/scheme: HTTPS/d'
mistake 'probes/0/httpHeaders is undefined' templates/_helpers.tpl '/httpHeaders/,/toYaml/d'
mistake 'endpoints/1/scheme is undefined' templates/_helpers.tpl '/scheme: https/d'
mistake 'PodMonitor lacks its label' templates/podmonitor.yaml 's/.Values.podMonitor.labels/dict/'
mistake '"jobLabels"' templates/podmonitor.yaml 's/jobLabel/&s/'
mistake 'Service: what it selects has no port metric$' templates/servicemonitor.yaml 's/targetPort: metrics/targetPort: metric/'
mistake 'ServiceMonitor: what it selects has no port' templates/servicemonitor.yaml 's/- name: metrics/- name: metric/'
mistake 'alerts-ports/groups is undefined' templates/prometheusrule.yaml 's/ | replace "_" "-"//'
mistake 'not a PrometheusRule for each' templates/prometheusrule.yaml 's/monitoring\/\*/monitoring\/alerts_*/'
mistake 'runbook_url is' templates/prometheusrule.yaml 's/https:/http:/'
mistake 'not a ConfigMap for each' templates/dashboards.yaml 's/dashboards\/\*/dashboards\/f*/'
mistake 'grafana_dashboard is' templates/dashboards.yaml 's/$.Values.dashboards.labels/dict/'
mistake 'not a PrometheusRule for each' .helmignore 's/\*.md/alerts_*.yaml/'
mistake 'function "toYamls" not defined' templates/_helpers.tpl 's/toYaml/&s/'
mistake 'values.yaml lacks priorityClassName' values.yaml '/^priorityClassName/d'
mistake 'the schema allows {"port":70000}' values.schema.json 's/65535/99999/'
mistake 'the schema allows {"web":{"scheme":"HTTPS"}}' values.schema.json 's/"http", "https"/&, "HTTPS"/'
mistake 'the schema allows {"collectors":{"walks":true}}' values.schema.json '/"collectors"/,/}/s/"additionalProperties": false,//'
cd "$build/kubernetes"
find_mistakes node chart.mjs "$build/helm/render" "$manifests"
pass "the published types allow what the chart makes, and it is what packaging/kubernetes and monitoring/ have"
echo "$passed passed, 0 failed"
