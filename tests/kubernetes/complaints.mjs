// SPDX-License-Identifier: Apache-2.0
// What is wrong with a resource of Kubernetes: fields that are not in the schema made from manifests.ts, and names that
// refer to nothing.
import { Ajv } from 'ajv';
import { createGenerator } from 'ts-json-schema-generator';

const program = { path: 'manifests.ts', tsconfig: 'tsconfig.json', expose: 'none', topRef: false };
const schema = createGenerator(program).createSchema('Manifests');
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
ajv.addSchema(schema, 'manifests');

export function* schemaComplaints(resource) {
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

// What a Service or a monitor selects must exist and have the port.
function* selectionComplaints(selector, ports, selected) {
    const found = selected.filter(({ labels }) => isSelected(labels, selector));
    if (!found.length) yield 'it selects nothing';
    for (const port of ports) if (!found.some((one) => one.ports.includes(port))) yield `what it selects has no port ${port}`;
}

const portNames = (ports) => ports.map(({ name }) => name);
const podsOf = (resources) =>
    resources
        .filter(({ kind }) => kind === 'DaemonSet')
        .map(({ spec: { template } }) => ({
            labels: template.metadata.labels,
            ports: portNames(template.spec.containers[0].ports),
        }));
const servicesOf = (resources) =>
    resources
        .filter(({ kind }) => kind === 'Service')
        .map(({ metadata: { labels }, spec: { ports } }) => ({ labels, ports: portNames(ports) }));

const references = {
    DaemonSet: podComplaints,
    Service: ({ spec: { selector, ports } }, resources) =>
        selectionComplaints({ matchLabels: selector }, ports.map(({ targetPort }) => targetPort), podsOf(resources)),
    PodMonitor: ({ spec: { selector, podMetricsEndpoints } }, resources) =>
        selectionComplaints(selector, podMetricsEndpoints.map(({ port }) => port), podsOf(resources)),
    ServiceMonitor: ({ spec: { selector, endpoints } }, resources) =>
        selectionComplaints(selector, endpoints.map(({ port }) => port), servicesOf(resources)),
};

export function* resourceComplaints(resource, resources) {
    const faults = [...schemaComplaints(resource)];
    if (!faults.length) faults.push(...(references[resource.kind]?.(resource, resources) ?? []));
    yield* faults.map((fault) => `${resource.kind}: ${fault}`);
}
