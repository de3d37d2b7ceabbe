// SPDX-License-Identifier: Apache-2.0
// usage: node chart.mjs RENDERER MANIFESTS CHART...
// Render charts like packaging/helm/sockdiag-exporter with several values. The resources are in the schema and refer to
// what is there; those that MANIFESTS has as well are the same, and rules and dashboards are those of the files. Prints
// a line for each complaint; fails if there is one.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Ajv } from 'ajv';
import { parse, parseAllDocuments } from 'yaml';
import { resourceComplaints } from './complaints.mjs';
import { render } from './render.mjs';

const [renderer, manifests, ...charts] = process.argv.slice(2);
const isComposite = (value) => value !== null && typeof value === 'object';
const isObject = (value) => isComposite(value) && !Array.isArray(value);
const text = (...path) => readFileSync(join(...path), 'utf8');

// Values as helm merges them.
function merged(values, changes) {
    if (!isObject(values) || !isObject(changes)) return changes;
    const names = Object.entries(changes).map(([name, value]) => [name, merged(values[name], value)]);
    return { ...values, ...Object.fromEntries(names) };
}

function* differences(expected, made, path = '') {
    if (!isComposite(expected) || !isComposite(made)) {
        if (expected !== made) yield `${path} is ${JSON.stringify(made)}, not ${JSON.stringify(expected)}`;
        return;
    }
    for (const name of new Set([...Object.keys(expected), ...Object.keys(made)]))
        yield* differences(expected[name], made[name], `${path}/${name}`);
}

// Without what helm's charts add by convention.
const additions = ['namespace', 'helm.sh/chart', ...['instance', 'version', 'managed-by'].map((name) => `app.kubernetes.io/${name}`)];
const bare = (resource) => JSON.parse(JSON.stringify(resource, (name, value) => (additions.includes(name) ? undefined : value)));

function* sameAs(path, resources) {
    for (const expected of render(join(manifests, path))) {
        const made = resources.find(({ kind }) => kind === expected.kind);
        yield* differences(expected, bare(made ?? {}), path);
    }
}

// The resources of what a renderer printed; a template that makes nothing leaves a document without content.
function parsed(documents) {
    const all = parseAllDocuments(documents, { strict: true });
    for (const { errors } of all) if (errors.length) throw errors[0];
    return all.map((document) => document.toJS()).filter(Boolean);
}

const namesOf = (resources, kind) => resources.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name);

function* rulesComplaints(resources, chart, prefix, runbooks) {
    const directory = join(chart, 'files/monitoring');
    const files = readdirSync(directory).filter((name) => name.endsWith('.yaml'));
    if (namesOf(resources, 'PrometheusRule').length !== files.length) yield 'not a PrometheusRule for each file of rules';
    for (const file of files) {
        const name = `${prefix}-${basename(file, '.yaml').replaceAll('_', '-')}`;
        const made = resources.find(({ kind, metadata }) => kind === 'PrometheusRule' && metadata.name === name);
        const plain = text(directory, file);
        const expected = runbooks ? plain.replaceAll(/runbook_url: .*#/g, `runbook_url: ${runbooks}#`) : plain;
        yield* differences(parse(expected), made?.spec ?? {}, name);
    }
}

function* dashboardsComplaints(resources, chart, labels) {
    const directory = join(chart, 'files/monitoring/dashboards');
    const made = resources.filter(({ kind }) => kind === 'ConfigMap');
    if (made.length !== readdirSync(directory).length) yield 'not a ConfigMap for each dashboard';
    for (const { data, metadata } of made) {
        yield* differences(labels, Object.fromEntries(Object.keys(labels).map((name) => [name, metadata.labels[name]])), 'labels');
        for (const [name, board] of Object.entries(data))
            yield* differences(JSON.parse(text(directory, name.replace('sockdiag-', ''))), JSON.parse(board), name);
    }
}

const runbooks = 'https://wiki.example.net/runbooks.md';
const everything = {
    image: { repository: 'registry.example.net/exporter', tag: 'x', pullPolicy: 'Always' },
    imagePullSecrets: [{ name: 'registry' }],
    fullnameOverride: 'sockets',
    port: 9999,
    collectors: { netns: true, netnsWalk: true, events: true, cgroups: true },
    extraArgs: ['--sample.cpu-budget=5'],
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
    priorityClassName: 'system-node-critical',
    podLabels: { team: 'sre' },
    podAnnotations: { note: 'x' },
    podMonitor: { enabled: true, labels: { release: 'p' }, interval: '15s', scrapeTimeout: '10s' },
    serviceMonitor: { enabled: true, labels: { release: 'p' }, interval: '15s', scrapeTimeout: '10s' },
    prometheusRule: { enabled: true, labels: { release: 'p' }, runbooks },
    dashboards: { enabled: true, labels: { grafana_dashboard: 'yes' }, annotations: { grafana_folder: 'Sockets' } },
};
const scraping = {
    interval: '15s',
    scrapeTimeout: '10s',
    tlsConfig: { serverName: 'sockets', ca: { secret: { name: 'web', key: 'ca.pem' } } },
    basicAuth: { username: { name: 'web', key: 'user' }, password: { name: 'web', key: 'password' } },
};
const probeHeaders = [{ name: 'Authorization', value: 'Basic eDp5' }];
const encrypted = {
    web: { secret: 'sockets-web', scheme: 'https', probeHeaders },
    podMonitor: { enabled: true, ...scraping },
    serviceMonitor: { enabled: true, ...scraping },
};

function* webComplaints(resources) {
    const [daemonSet, podMonitor, serviceMonitor] = ['DaemonSet', 'PodMonitor', 'ServiceMonitor'].map((wanted) =>
        resources.find(({ kind }) => kind === wanted),
    );
    const { containers: [container], volumes } = daemonSet.spec.template.spec;
    const probe = (path) => ({ path, port: 'metrics', scheme: 'HTTPS', httpHeaders: probeHeaders });
    const endpoint = { port: 'metrics', path: '/metrics', scheme: 'https', ...scraping };
    const expected = {
        flag: '--web.config.file=/etc/sockdiag_exporter/web.yml',
        mount: { name: 'web', mountPath: '/etc/sockdiag_exporter', readOnly: true },
        volume: { name: 'web', secret: { secretName: 'sockets-web' } },
        probes: [probe('/-/healthy'), probe('/-/ready')],
        endpoints: [endpoint, endpoint],
    };
    yield* differences(expected, {
        flag: container.args[0],
        mount: container.volumeMounts.at(-1),
        volume: volumes.at(-1),
        probes: [container.livenessProbe.httpGet, container.readinessProbe.httpGet],
        endpoints: [...podMonitor.spec.podMetricsEndpoints, ...serviceMonitor.spec.endpoints].map(
            ({ relabelings, ...rest }) => rest,
        ),
    });
}

const flags = ['--collector.netns', '--collector.netns.walk', '--collector.connect-failures', '--collector.closers'];
const cases = [
    [{}, (resources) => sameAs('base', resources)],
    [{ collectors: { netnsWalk: true } }, (resources) => sameAs('walks', resources)],
    [{ collectors: { events: true } }, (resources) => sameAs('events', resources)],
    [{ podMonitor: { enabled: true } }, (resources) => sameAs('podmonitor.yaml', resources)],
    [encrypted, webComplaints],
    [{ prometheusRule: { enabled: true } }, (resources, chart) => rulesComplaints(resources, chart, 'sockdiag-exporter')],
    [
        everything,
        function* (resources, chart) {
            const { metadata, spec } = resources.find(({ kind }) => kind === 'DaemonSet');
            const pod = spec.template.spec;
            const expected = {
                image: 'registry.example.net/exporter:x',
                args: ['--web.listen-address=:9999', ...flags, '--collector.cgroups', '--sample.cpu-budget=5'],
                port: 9999,
                name: 'sockets',
                capabilities: 'SYS_ADMIN,SYS_PTRACE,PERFMON,DAC_READ_SEARCH',
            };
            yield* differences(expected, {
                image: pod.containers[0].image,
                args: pod.containers[0].args,
                port: pod.containers[0].ports[0].containerPort,
                name: metadata.name,
                capabilities: pod.containers[0].securityContext.capabilities.add.join(),
            });
            for (const { metadata: { labels }, kind } of resources)
                if (/Monitor|Rule/.test(kind) && labels.release !== 'p') yield `${kind} lacks its label`;
            yield* rulesComplaints(resources, chart, 'sockets', runbooks);
            yield* dashboardsComplaints(resources, chart, everything.dashboards.labels);
        },
    ],
];
const wrong = [
    { colectors: {} },
    { collectors: { netns: 'yes' } },
    { collectors: { walks: true } },
    { port: 70000 },
    { web: { scheme: 'HTTPS' } },
    { image: { pullPolicy: 'Sometimes' } },
    { extraArgs: ['collector.netns'] },
    { podMonitor: { interval: '15' } },
    { prometheusRule: { runbooks: 'wiki.example.net' } },
    { dashboards: { labels: { grafana_dashboard: 1 } } },
];

// The schema has the values that there are, so a misspelled one is refused.
function* keyComplaints(values, { properties }, path = '') {
    for (const name of Object.keys(properties)) {
        if (name === 'global') continue; // helm gives it to each chart
        if (!(name in values)) yield `values.yaml lacks ${path}${name}`;
        else if (properties[name].properties) yield* keyComplaints(values[name], properties[name], `${path}${name}.`);
    }
}

function* chartComplaints(chart) {
    const defaults = parse(text(chart, 'values.yaml'));
    const schema = JSON.parse(text(chart, 'values.schema.json'));
    const judge = new Ajv().compile(schema);
    yield* keyComplaints(defaults, schema);
    for (const values of wrong) if (judge(merged(defaults, values))) yield `the schema allows ${JSON.stringify(values)}`;
    for (const [changes, judgeResources] of cases) {
        const values = merged(defaults, changes);
        if (!judge(values)) yield `the schema refuses ${JSON.stringify(changes)}: ${new Ajv().errorsText(judge.errors)}`;
        const made = execFileSync(renderer, [chart, 'sockdiag-exporter', JSON.stringify(values)], { stdio: 'pipe' });
        const resources = parsed(made.toString());
        for (const resource of resources) yield* resourceComplaints(resource, resources);
        yield* judgeResources(resources, chart);
    }
}

let bad = 0;
const complain = (chart, complaint) => {
    console.error(`${chart}: ${complaint}`);
    bad++;
};
for (const chart of charts) {
    try {
        for (const complaint of chartComplaints(chart)) complain(chart, complaint);
    } catch (error) {
        complain(chart, (error.stderr ?? error.message).toString().split('\n')[0]);
    }
}
process.exit(bad ? 1 : 0);
