// SPDX-License-Identifier: Apache-2.0
// usage: node check.mjs DIRECTORY...
// Check directories like packaging/kubernetes: all fields are in the schema made from manifests.ts, and names refer to
// what is there. Prints a line for each complaint; fails if there is one.
import { join } from 'node:path';
import { resourceComplaints, schemaComplaints } from './complaints.mjs';
import { kustomization, render } from './render.mjs';

function complaints(directory) {
    const paths = ['base', 'walks', 'events', 'podmonitor.yaml'].map((name) => join(directory, name));
    const faults = paths.flatMap((path) => [...schemaComplaints(kustomization(path))]);
    if (faults.length) return faults;
    try {
        const resources = paths.flatMap(render);
        return resources.flatMap((resource) => [...resourceComplaints(resource, resources)]);
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
