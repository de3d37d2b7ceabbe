// SPDX-License-Identifier: Apache-2.0
/*
 * usage: node status.mjs URL DIRECTORY
 *
 * Take pictures of the status page at URL, as a laptop shows it: DIRECTORY/status-page.png and, in dark,
 * status-page-dark.png.
 */
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [url, directory] = process.argv.slice(2);
const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
           '--disable-component-update', '--disable-sync'],
});
for (const [colorScheme, name] of [['light', 'status-page.png'], ['dark', 'status-page-dark.png']]) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme });
    await page.goto(url);
    await page.screenshot({ path: join(directory, name) });
}
await browser.close();
