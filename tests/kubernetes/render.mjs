// SPDX-License-Identifier: Apache-2.0
// The resources of a manifest, or of a directory with a kustomization.yaml, as kubectl would send them.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import patch from 'fast-json-patch';
import { parse } from 'yaml';

const read = (file) => parse(readFileSync(file, 'utf8'), { strict: true });

// The kustomization of a directory; nothing of a file.
export function kustomization(path) {
    const file = join(path, 'kustomization.yaml');
    return existsSync(file) ? read(file) : undefined;
}

export function render(path) {
    const customized = kustomization(path);
    if (!customized) return [read(path)];
    const rendered = customized.resources.flatMap((resource) => render(join(path, resource)));
    for (const { path: file, target } of customized.patches ?? []) {
        const targets = rendered.filter(({ kind }) => kind === target.kind);
        if (!targets.length) throw new Error(`${file} changes no ${target.kind}`);
        for (const resource of targets) patch.applyPatch(resource, read(join(path, file)), true);
    }
    return rendered;
}
