// SPDX-License-Identifier: Apache-2.0
// The rules and dashboards of this directory as a monitoring mixin: prometheusAlerts, prometheusRules and
// grafanaDashboards. The plain files are the source. A user changes fields of _config, for example
//     (import 'mixin.libsonnet') { _config+:: { thresholds+: { close_wait: 500 } } }
local parseYaml = import 'yaml.libsonnet';

local alertFiles = [
  importstr 'alerts_close_wait.yaml',
  importstr 'alerts_events.yaml',
  importstr 'alerts_exporter.yaml',
  importstr 'alerts_listeners.yaml',
  importstr 'alerts_memory.yaml',
  importstr 'alerts_netns.yaml',
  importstr 'alerts_ports.yaml',
  importstr 'alerts_time_wait.yaml',
];
local ruleFiles = [importstr 'recording_rules.yaml'];
local jobs = 'job=~"(.*/)?sockdiag.*"';

local groupsOf(files) = std.flatMap(function(file) parseYaml(file).groups, files);

// The threshold at the end of a line, as in `... > 100 # close_wait`: where its number is among the words of the line,
// and the name.
local thresholdOf(words) =
  local at = std.length(words) - 3;
  if at >= 0 && words[at + 1] == '#' then { at: at, number: words[at], name: words[at + 2] };
local defaultThresholds =
  local lines = [
    std.split(line, ' ')
    for group in groupsOf(alertFiles)
    for rule in group.rules
    for line in std.split(rule.expr, '\n')
  ];
  local add(all, found) =
    if found == null then all
    else if std.get(all, found.name, found.number) != found.number then error found.name + ' has two numbers'
    else all { [found.name]: found.number };
  std.foldl(add, std.map(thresholdOf, lines), {});
local withThreshold(line, thresholds) =
  local words = std.split(line, ' ');
  local found = thresholdOf(words);
  if found == null then line
  else std.join(' ', std.mapWithIndex(function(at, word) if at == found.at then '' + thresholds[found.name] else word, words));

// The expression with the matchers added to each series of the exporter. A recorded series, which has a colon before
// the name, was made of such series.
local withSelector(expression, matchers) =
  local isLetter(c) = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_';
  local nameLength(text, from=0) =
    if from < std.length(text) && isLetter(text[from]) then nameLength(text, from + 1) else from;
  local add(before, after) =
    local end = nameLength(after);
    local rest = after[end:];
    before + 'sockdiag_' + (
      if std.endsWith(before, ':') then after
      else if std.startsWith(rest, '{') then after[:end] + '{' + matchers + ',' + rest[1:]
      else after[:end] + '{' + matchers + '}' + rest
    );
  // std.split of jsonnet 0.18 only takes one character.
  local pieces = std.split(std.strReplace(expression, 'sockdiag_', '¶'), '¶');
  std.foldl(add, pieces[1:], pieces[0]);

{
  _config+:: {
    // Matchers of the exporter's series, such as 'cluster="eu"'. Empty: all of them.
    selector: '',
    // Matchers of the exporter's jobs, for `up`.
    jobSelector: jobs,
    // Where the runbooks are, with https://. null: an external label of Prometheus says it (README.md).
    runbooks: null,
    // The numbers that the plain files have, by the name behind each.
    thresholds: defaultThresholds,
  },

  local config = self._config,
  local unknown = std.setDiff(std.objectFields(config.thresholds), std.objectFields(defaultThresholds)),
  assert unknown == [] : 'unknown thresholds: ' + std.join(', ', unknown),

  local expression(text) =
    local selected = if config.selector == '' then text else withSelector(text, config.selector);
    local lines = [withThreshold(line, config.thresholds) for line in std.split(selected, '\n')];
    std.strReplace(std.join('\n', lines), jobs, config.jobSelector),
  local runbook(url) = if config.runbooks == null then url else config.runbooks + '#' + std.split(url, '#')[1],
  local configured(rule) = rule { expr: expression(rule.expr) } + (
    if std.objectHas(rule, 'annotations') then { annotations+: { runbook_url: runbook(super.runbook_url) } } else {}
  ),
  local configuredGroups(files) = [group { rules: std.map(configured, group.rules) } for group in groupsOf(files)],

  prometheusAlerts+:: { groups+: configuredGroups(alertFiles) },
  prometheusRules+:: { groups+: configuredGroups(ruleFiles) },
  grafanaDashboards+:: {
    'sockdiag-fleet.json': import 'dashboards/fleet.json',
    'sockdiag-host.json': import 'dashboards/host.json',
    'sockdiag-namespaces.json': import 'dashboards/namespaces.json',
  },
}
