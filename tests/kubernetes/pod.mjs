// SPDX-License-Identifier: Apache-2.0
// usage: node pod.mjs PATH
// Print a line for each word of the command that gives the exporter the user, the capabilities and the flags that it
// has in the pod of PATH. EXPORTER stands for the program, and the image for the last line.
import { render } from './render.mjs';

const pod = render(process.argv[2]).find(({ kind }) => kind === 'DaemonSet').spec.template.spec;
const { args, image, securityContext } = pod.containers[0];
const { runAsUser, runAsGroup, supplementalGroups } = pod.securityContext;
const { drop, add = [] } = securityContext.capabilities;
const capabilities = [...drop.map((name) => `-${name}`), ...add.map((name) => `+${name}`)].join().toLowerCase();
console.log(
    [
        'setpriv',
        `--bounding-set=${capabilities}`,
        '--inh-caps=-all',
        `--groups=${supplementalGroups}`,
        `--regid=${runAsGroup}`,
        `--reuid=${runAsUser}`,
        ...(securityContext.allowPrivilegeEscalation ? [] : ['--no-new-privs']),
        'EXPORTER',
        ...args,
        image,
    ].join('\n'),
);
