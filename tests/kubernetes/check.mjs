// SPDX-License-Identifier: Apache-2.0
// usage: node check.mjs DIRECTORY...
// Check directories like packaging/kubernetes: all fields are in the schema made from manifests.ts, and names refer to
// what is there. Prints a line for each complaint; fails if there is one.
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { createGenerator } from 'ts-json-schema-generator';
import { kustomization, render } from './render.mjs';

const program = { path: 'manifests.ts', tsconfig: 'tsconfig.json', expose: 'none', topRef: false };
const schema = createGenerator(program).createSchema('Manifests');
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
ajv.addSchema(schema, 'manifests');

function* schemaComplaints(resource) {
    if (!resource) return;
    const judge = schema.properties[resource.kind] && ajv.getSchema(`manifests#/properties/${resource.kind}`);
    if (!judge) yield `kind ${resource.kind} is not expected`;
    else if (!judge(resource))
        yield* judge.errors.map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
}

const isSelected = (labels, { matchLabels }) =>
    Object.entries(matchLabels).every(([name, value]) => labels[name] === value);

function* podComplaints({ spec: { selector, template } }) {
    if (!isSelected(template.metadata.labels, selector)) yield 'it does not select its own pods';
    const [container] = template.spec.containers;
    const volumes = template.spec.volumes.map(({ name }) => name);
    for (const { name } of container.volumeMounts) if (!volumes.includes(name)) yield `there is no volume ${name}`;
    for (const probe of [container.livenessProbe, container.readinessProbe])
        if (!container.ports.some(({ name }) => name === probe.httpGet.port))
            yield `there is no port ${probe.httpGet.port}`;
}

function* monitorComplaints({ spec: { selector, podMetricsEndpoints } }, pods) {
    const selected = pods.filter(({ spec }) => isSelected(spec.template.metadata.labels, selector));
    if (!selected.length) yield 'it selects no pod';
    const ports = selected.flatMap(({ spec }) => spec.template.spec.containers[0].ports);
    for (const { port } of podMetricsEndpoints)
        if (!ports.some(({ name }) => name === port)) yield `the pods have no port ${port}`;
}

function* resourceComplaints(resource, pods) {
    const faults = [...schemaComplaints(resource)];
    if (!faults.length && resource.kind === 'DaemonSet') faults.push(...podComplaints(resource));
    if (!faults.length && resource.kind === 'PodMonitor') faults.push(...monitorComplaints(resource, pods));
    yield* faults.map((fault) => `${resource.kind}: ${fault}`);
}

function complaints(directory) {
    const paths = ['base', 'walks', 'events', 'podmonitor.yaml'].map((name) => join(directory, name));
    const faults = paths.flatMap((path) => [...schemaComplaints(kustomization(path))]);
    if (faults.length) return faults;
    try {
        const resources = paths.flatMap(render);
        const pods = resources.filter(({ kind }) => kind === 'DaemonSet');
        return resources.flatMap((resource) => [...resourceComplaints(resource, pods)]);
    } catch ({ message }) {
        return [message.split('\n')[0]];
    }
}

let bad = 0;
for (const directory of process.argv.slice(2)) {
    for (const complaint of complaints(directory)) {
        console.error(`${directory}: ${complaint}`);
        bad++;
    }
}
process.exit(bad ? 1 : 0);
