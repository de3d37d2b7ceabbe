// SPDX-License-Identifier: Apache-2.0
/*
 * usage: node draw.mjs PROMETHEUS DASHBOARD SECONDS PICTURE [PANEL...]
 *
 * Draw panels of a dashboard (all, or those with the given ids) into a PNG, with the last SECONDS of a
 * running Prometheus that scrapes every 15 seconds.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';
import { chromium } from 'playwright-core';

const [prometheus, file, seconds, picture, ...ids] = process.argv.slice(2);
const values = {
    job: 'sockdiag', cluster: '.*', instance: '127.0.0.1:10073', top: '10',
    __rate_interval: '60s', __range: `${seconds}s`,
};
const to = Math.floor(Date.now() / 15000) * 15, from = to - seconds;

const fillIn = (text, more) => text.replace(/\$([A-Za-z_]\w*)/g, (_, name) => ({ ...values, ...more })[name] ?? _);

async function ask(target, more) {
    const query = encodeURIComponent(fillIn(target.expr, more));
    const path = target.instant
        ? `query?query=${query}&time=${to}`
        : `query_range?query=${query}&start=${from}&end=${to}&step=15`;
    const answer = await (await fetch(`${prometheus}/api/v1/${path}`)).json();
    if (answer.status !== 'success') throw new Error(`${target.expr}: ${answer.error}`);
    return answer.data;
}

// A panel that repeats for each state is drawn side by side for the two default states.
function repeated(panel) {
    if (!panel.repeat) return [{ ...panel, state: 'time_wait|established' }];
    return ['time_wait', 'established'].map((state, i) => ({
        ...panel, state, id: `${panel.id} ${state}`, gridPos: { ...panel.gridPos, w: 12, x: 12 * i },
    }));
}

// The chosen panels, moved up to the end of the panels above them.
function chosenPanels(board) {
    const wanted = ({ id, type }) => type !== 'row' && (ids.length === 0 || ids.includes(String(id)));
    const chosen = board.panels.filter(wanted).flatMap(repeated);
    const above = (one, other) => one.y < other.y && one.x < other.x + other.w && other.x < one.x + one.w;
    const places = chosen.map(({ gridPos }) => ({ ...gridPos }));
    places.forEach((place, i) => {
        const bottoms = places.flatMap((one, k) => (above(one, place) ? [chosen[k].gridPos.y + one.h] : []));
        chosen[i].gridPos.y = Math.max(0, ...bottoms);
    });
    return chosen;
}

const panels = chosenPanels(JSON.parse(readFileSync(file)));
const answers = {};
for (const panel of panels) {
    const { state } = panel;
    panel.title = fillIn(panel.title, { state: state.replace('|', ' + ') });
    answers[panel.id] = await Promise.all(panel.targets.map((target) => ask(target, { state })));
}

// Grafana's table scrolls with a package that esbuild cannot bundle; a picture does not scroll.
const still = {
    name: 'still',
    setup(build) {
        build.onResolve({ filter: /^react-custom-scrollbars-2$/ }, () => ({ path: 'still', namespace: 'still' }));
        build.onLoad({ filter: /.*/, namespace: 'still' }, () => ({
            contents: 'export default ({ children }) => children',
        }));
    },
};
const bundle = await esbuild.build({
    plugins: [still],
    entryPoints: [fileURLToPath(new URL('page.jsx', import.meta.url))],
    bundle: true, write: false, outdir: '.', format: 'iife', jsx: 'automatic', logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
    loader: Object.fromEntries(['.woff', '.woff2', '.ttf', '.gif', '.png', '.svg'].map((end) => [end, 'empty'])),
});
const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
           '--disable-component-update', '--disable-sync'],
});
const page = await browser.newPage({ viewport: { width: 24 * 62, height: 1200 } });
page.on('pageerror', (error) => console.error(String(error).slice(0, 600)));
page.on('console', (message) => message.type() === 'error' && console.error(message.text().slice(0, 300)));
// The page needs an address to use local storage, so the request for it is answered here.
const input = `window.input = ${JSON.stringify({ panels, answers, from, to })}`;
const body = `<html><body><div id="root"></div><script>${input}</script></body></html>`;
await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body }));
await page.goto('http://localhost/');
for (const { path, text } of bundle.outputFiles) {
    if (path.endsWith('.css')) await page.addStyleTag({ content: text });
    else await page.addScriptTag({ content: text });
}
await page.waitForSelector('#board', { timeout: 10000 });
await page.waitForTimeout(1500);
await page.locator('#board').screenshot({ path: picture });
await browser.close();
