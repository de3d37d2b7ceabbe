// SPDX-License-Identifier: Apache-2.0
// usage: node schema.mjs DASHBOARD...
// Check dashboards against the schema that board.ts makes from Grafana's types. Prints a line for each
// complaint; fails if there is one.
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { createGenerator } from 'ts-json-schema-generator';

const program = { path: 'board.ts', tsconfig: 'tsconfig.json', expose: 'none', topRef: false };
const { frame, panels } = createGenerator(program).createSchema('Schema').properties;
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
const judgeFrame = ajv.compile(frame);
const judgePanel = compileEach((schema) => schema);
const judgeFields = compileEach((schema) => schema.properties.fieldConfig?.properties.defaults ?? {});

function compileEach(part) {
    const pairs = Object.entries(panels.properties);
    return Object.fromEntries(pairs.map(([type, schema]) => [type, ajv.compile(part(schema))]));
}

const errorsOf = (judge, value) =>
    judge(value) ? [] : judge.errors.map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);

// An override sets fields of the defaults by a path: convert it into such defaults.
function asDefaults(override) {
    const defaults = {};
    for (const { id, value } of override.properties) {
        if (id.startsWith('custom.')) (defaults.custom ??= {})[id.slice('custom.'.length)] = value;
        else defaults[id] = value;
    }
    return defaults;
}

function* panelComplaints(panel) {
    if (!judgePanel[panel.type]) return yield `panels of type ${panel.type} are not expected`;
    yield* errorsOf(judgePanel[panel.type], panel);
    for (const override of panel.fieldConfig?.overrides ?? [])
        yield* errorsOf(judgeFields[panel.type], asDefaults(override)).map((complaint) => `override ${complaint}`);
}

function* complaints({ panels, ...rest }) {
    yield* errorsOf(judgeFrame, rest);
    for (const panel of panels)
        for (const complaint of panelComplaints(panel)) yield `panel ${panel.id} "${panel.title}": ${complaint}`;
}

let bad = 0;
for (const file of process.argv.slice(2)) {
    for (const complaint of complaints(JSON.parse(readFileSync(file)))) {
        console.error(`${file}: ${complaint}`);
        bad++;
    }
}
process.exit(bad ? 1 : 0);
