// SPDX-License-Identifier: Apache-2.0
// usage: page.mjs URL FOLDER
// Reads the status page at URL in Chromium and compares it with the metrics; leaves screenshots in
// FOLDER. Prints a line for each check that passes, and stops at the first that fails.
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [url, folder] = process.argv.slice(2);
const LAPTOP = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };

const browser = await chromium.launch({
  timeout: 120_000,
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

const wanted = new WeakSet(); // pages that a test is loading

/** A page in a browser context, with its complaints and requests. It is not refreshed until a test loads it again,
 *  unless `renews`: 204 leaves a browser where it is. */
async function open(options, { renews = false } = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  if (!renews)
    await page.route(`${url}/`, (route) => wanted.delete(page) ? route.continue() : route.fulfill({ status: 204 }));
  const complaints = [], requests = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => requests.push(request.url()));
  return { context, page, complaints, requests };
}

async function scrape() {
  const response = await fetch(`${url}/metrics`);
  assert.equal(response.status, 200);
  return response.text();
}

async function load(page) {
  wanted.add(page);
  return page.goto(url);
}

/** The page and the metrics of one snapshot: metrics that were the same before and after the page. */
async function loadWithMetrics(page) {
  for (let tries = 0; tries < 50; tries++) {
    const before = await scrape();
    const response = await load(page);
    const cards = await readCards(page);
    if (before === await scrape())
      return { response, cards, series: parse(before) };
  }
  throw new Error('no page and metrics of the same snapshot in 50 tries');
}

/** A map from series to value. */
function parse(metrics) {
  const lines = metrics.split('\n').filter((line) => line && !line.startsWith('#'));
  return new Map(lines.map((line) => {
    const space = line.lastIndexOf(' ');
    return [line.slice(0, space), Number(line.slice(space + 1))];
  }));
}

const count = (value) => value.toLocaleString('en-US');

/** A share in the page's format: truncated, with the significant digits. */
function share(value) {
  const step = value >= 0.99 ? 1000 : value >= 0.1 ? 100 : value >= 0.01 ? 1000 : value >= 0.0001 ? 1e4 : 1e6;
  return `${Number((Math.floor(value * step + 1e-6) * 100 / step).toPrecision(6))} %`;
}

const plain = (text) => text.replace(/\u202f/g, ' ').trim();

/** The cards of the page: heading, text, the rows of its tables as lists of text, and its figures by name. */
async function readCards(page) {
  const cards = await page.evaluate(() => [...document.querySelectorAll('section.card')].map((card) => ({
    heading: card.querySelector('h2').textContent,
    text: card.innerText,
    rows: [...card.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText)),
    figures: [...card.querySelectorAll('dl > div')].map((figure) => [...figure.children].map((part) => part.innerText)),
  })));
  return new Map(cards.map(({ heading, text, rows, figures }) => [heading, {
    text: plain(text).replace(/\s+/g, ' '),
    rows: rows.map((row) => row.map(plain)),
    figures: new Map(figures.map((figure) => figure.map(plain))),
  }]));
}

function checkStates(cards, series) {
  const states = [...series.keys()].filter((key) => key.startsWith('sockdiag_tcp_sockets{'));
  assert.equal(states.length, 10);
  const expected = states.map((key) => [key.match(/state="(\w+)"/)[1], count(series.get(key)),
    count(series.get(key.replace('sockets{', 'sockets_peak{')))]);
  const rows = cards.get('TCP sockets by state').rows;
  for (const row of expected)
    assert.deepEqual(rows.find(([state]) => state === row[0]), row);
  const [established] = expected.find(([state]) => state === 'established').slice(1);
  assert.ok(Number(established.replace(',', '')) > 1400, 'the scene is incomplete');
  assert.match(cards.get('Established').text, new RegExp(`^ESTABLISHED ${established} `));
}

function checkTimeWait(cards, series) {
  const roles = ['client', 'server'].map((role) => series.get(`sockdiag_tcp_time_wait_sockets{role="${role}"}`));
  assert.ok(roles[0] >= 120 && roles[1] >= 70, 'the scene is incomplete');
  const now = series.get('sockdiag_tcp_sockets{state="time_wait"}');
  const peak = series.get('sockdiag_tcp_sockets_peak{state="time_wait"}');
  assert.match(cards.get('Time wait').text, new RegExp(`^TIME WAIT ${count(now)} peak ${count(peak)} ` +
    `clients: hold ports ${count(roles[0])} of ${count(roles[0] + roles[1])}`));
}

/** The kernel's limits, some of which only the host's first namespace can read. */
function checkLimits(cards, series) {
  const { figures } = cards.get('Limits');
  const limit = series.get('sockdiag_tcp_time_wait_limit');
  assert.equal(figures.get('TIME_WAIT'), `${count(series.get('sockdiag_tcp_sockets{state="time_wait"}'))} of ${count(limit)}`);
  assert.equal(figures.get('FIN_WAIT2 without a process'),
    `${count(series.get('sockdiag_tcp_fin_wait2_sockets{owner="kernel"}'))} of ` +
    `${count(series.get('sockdiag_tcp_sockets{state="fin_wait2"}'))}`);
  assert.match(figures.get('orphans of the host'), /^[\d,]+ of ([\d,]+|\?)$/);
  const events = [...cards.keys()].find((heading) => heading.startsWith('In the last '));
  assert.match(events, /^In the last (minute|[\d.]+\s(s|ms))$/);
  assert.equal(cards.get(events).figures.get('dropped by listeners'), '0');
}

function checkPorts(cards, series) {
  for (const [protocol, scope] of [['tcp', 'destination'], ['udp', 'host']]) {
    const of = (name, labels = '') => series.get(`sockdiag_ephemeral_${name}{protocol="${protocol}"${labels}}`);
    const utilization = (of_scope) => share(of('port_utilization_ratio', `,scope="${of_scope}"`));
    const { text, figures } = cards.get(`${protocol.toUpperCase()} ephemeral ports in use`);
    assert.ok(text.includes(`IN USE ${utilization(scope)} ${protocol === 'tcp' ? 'towards the fullest destination' : 'of this host'}`), text);
    assert.ok(text.includes(`${count(of('ports_used'))} used, ${count(of('ports_usable'))} usable: range ` +
      `${count(of('ports_range'))}, reserved 0, owned ${count(of('ports_owned'))}`), text);
    assert.equal(figures.get('peak'), share(of('port_peak_utilization_ratio', `,scope="${scope}"`)));
    assert.equal(figures.get('fullest local address'), utilization('local_address'));
    assert.equal(figures.get(protocol === 'tcp' ? 'whole host' : 'fullest destination'),
      utilization(protocol === 'tcp' ? 'host' : 'destination'));
    assert.equal(figures.get('half that connect() tries first'),
      protocol === 'tcp' ? share(of('port_preferred_utilization_ratio')) : undefined);
  }
  assert.ok(series.get('sockdiag_ephemeral_port_utilization_ratio{protocol="tcp",scope="destination"}') > 0.5);
}

function checkDestinations(cards, series) {
  const rows = cards.get('Fullest destinations').rows;
  assert.deepEqual(rows[0].slice(0, 4), ['10.20.0.40:8443', '10.20.0.11', 'TCP', '560']);
  for (const [to, from, protocol, ports] of rows) {
    const [, address, port] = to.match(/^\[?(.*?)\]?:(\d+)$/);
    const value = series.get(`sockdiag_destination_ephemeral_ports_used{protocol="${protocol.toLowerCase()}",` +
      `local_address="${from}",local_interface="",remote_address="${address}",remote_port="${port}"}`);
    assert.equal(ports, count(value));
  }
  const named = [...series.keys()].filter((key) => key.startsWith('sockdiag_destination_ephemeral_ports_used')).length;
  const all = series.get('sockdiag_destinations{protocol="tcp"}') + series.get('sockdiag_destinations{protocol="udp"}');
  assert.ok(all > 40, 'the scene is incomplete');
  assert.ok(cards.get('Fullest destinations').text.endsWith(
    `The top ${rows.length} of ${all} destinations; the top ${named} of ${all} at /metrics.`));
}

function checkListeners(cards, series) {
  const rows = cards.get('Busiest listeners').rows;
  for (const [name, waiting, peak, limit, dropped, ...connections] of rows.slice(0, -1)) {
    const [, address, port] = name.match(/^\[?(.*?)\]?:(\d+)$/);
    const place = `local_address="${address}",local_port="${port}",local_interface=""`;
    const [length, most, highest] = ['length', 'limit', 'peak'].map((figure) =>
      series.get(`sockdiag_listener_accept_queue_${figure}{${place}}`));
    const mark = (value) => count(value) + (value > 0 && value >= most ? ' full' : '');
    assert.deepEqual([waiting, peak, limit], [mark(length), mark(highest), count(most)]);
    assert.equal(dropped, count(series.get(`sockdiag_listener_drops_total{${place}}`)));
    assert.deepEqual(connections, ['established', 'close_wait', 'time_wait'].map((state) =>
      count(series.get(`sockdiag_listener_sockets{${place},state="${state}"}`))));
  }
  assert.deepEqual(rows.slice(0, 2).map((row) => row.slice(0, 4)),
    [['10.20.0.40:8009', '9 full', '9 full', '8'], ['10.20.0.40:8010', '5 full', '5 full', '4']], 'full queues come first');
  assert.equal(rows.at(-1)[0], 'others');
}

function checkSamples(cards, series) {
  const rows = cards.get('Samples').rows;
  assert.deepEqual(rows.map(([kind]) => kind), ['count', 'ports', 'detail']);
  for (const [kind, , , , sockets, , good, failed] of rows) {
    const of = (name) => series.get(`sockdiag_exporter_${name}{sample="${kind}"}`);
    const failures = of('sample_failures_total');
    assert.deepEqual([sockets, good, failed], [of('sample_sockets'), of('samples_total') - failures, failures].map(count));
  }
}

async function checkNumbers() {
  const { context, page, complaints, requests } = await open({ viewport: LAPTOP });
  const { response, cards, series } = await loadWithMetrics(page);
  for (const check of [checkStates, checkTimeWait, checkLimits, checkPorts, checkDestinations, checkListeners, checkSamples])
    check(cards, series);
  const findings = (await page.locator('.verdict :is(h2, h3)').allInnerTexts()).map(plain);
  assert.match(findings[0], /^Critical The accept queue of \S+:8010 is full \(5 waiting, limit 4\), and 1 more queue$/);
  assert.match(findings[1], /^Warning 5\d % of the TCP ports from 10\.20\.0\.11 to 10\.20\.0\.40:8443 are in use$/);
  assert.match(findings[2], /^Watch 110 sockets in CLOSE_WAIT, most at the listener 10\.20\.0\.40:8081$/);
  assert.equal(await page.title(), `Critical: ${hostname()} - sockdiag_exporter`);
  assert.ok((await page.locator('h1').innerText()).startsWith(hostname()));
  console.log(`every number on the page agrees with /metrics (${cards.size} cards)`);

  assert.match(response.headers()['content-security-policy'], /^default-src 'none'; style-src 'sha256-\S+'; script-src 'sha256-\S+'; connect-src 'self'; /);
  assert.deepEqual(complaints, []);
  assert.deepEqual([...new Set(requests)], [`${url}/`]);
  console.log('the page loads nothing else, and the browser logs no complaint');
  await context.close();
}

/** Links keep the prefix of a proxy that adds one to all paths. */
async function checkLinks() {
  const { context, page } = await open({ viewport: LAPTOP });
  const prefix = `${url}/host/sockdiag/`;
  await page.route(prefix, async (route) => route.fulfill({ response: await route.fetch({ url: `${url}/` }) }));
  const links = async (place) => {
    await page.goto(place);
    return page.locator('nav a').evaluateAll((anchors) => anchors.map((anchor) => anchor.href));
  };
  assert.deepEqual(await links(prefix), ['metrics', '-/healthy', '-/ready'].map((path) => prefix + path));
  wanted.add(page);
  for (const link of await links(url))
    assert.equal((await fetch(link)).status, 200, link);
  await context.close();
  console.log('links lead to the exporter, also behind a proxy with a prefix');
}

/** Every element with text whose contrast with its background is below 4.5 : 1. */
function findPale() {
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map((channel) =>
      channel / 255 <= 0.04045 ? channel / 255 / 12.92 : ((channel / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    const color = channels(getComputedStyle(element).backgroundColor);
    return color.length === 4 && color[3] === 0 ? background(element.parentElement) : color;
  };
  return [...document.querySelectorAll('body *:not(svg, svg *)')].filter((element) => {
    if (![...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim()))
      return false;
    const pair = [luminance(channels(getComputedStyle(element).color)), luminance(background(element))];
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05) < 4.5;
  }).map((element) => element.outerHTML.slice(0, 80));
}

async function checkThemes() {
  const backgrounds = [];
  for (const colorScheme of ['light', 'dark']) {
    const { context, page } = await open({ viewport: LAPTOP, colorScheme });
    await load(page);
    assert.deepEqual(await page.evaluate(findPale), [], `contrast, ${colorScheme}`);
    backgrounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
    await page.screenshot({ path: join(folder, `${colorScheme}.png`) });
    await context.close();
  }
  assert.notEqual(backgrounds[0], backgrounds[1]);
  console.log('light and dark differ, and all text is readable in both');
}

/** Three findings and full tables fit on one screen. */
async function checkHeight() {
  const { context, page } = await open({ viewport: LAPTOP });
  await load(page);
  assert.equal(await page.locator('.verdict > div').count(), 3);
  assert.equal(await page.locator('.destinations tbody tr').count(), 8);
  assert.equal(await page.locator('.listeners tbody tr').count(), 9); // and the others
  const ends = await page.locator('.column').evaluateAll((columns) =>
    columns.map((column) => column.getBoundingClientRect().bottom));
  assert.ok(Math.max(...ends) <= LAPTOP.height, `the cards end at ${ends} of ${LAPTOP.height}`);
  await context.close();
  console.log('three findings, ports, destinations, listeners and states fit on one screen');
}

/** How far each card goes on below its content, as a share of its height. */
function findEmpty() {
  return [...document.querySelectorAll('section.card')].map((card) => {
    const { height, bottom } = card.getBoundingClientRect();
    const end = Math.max(...[...card.children].map((child) => child.getBoundingClientRect().bottom));
    return { heading: card.querySelector('h2').textContent, empty: (bottom - end) / height };
  }).filter(({ empty }) => empty > 0.2);
}

/** Each finding names the next command, and leads to advice on the page itself. */
async function checkFindings() {
  const { context, page, requests } = await open({ viewport: LAPTOP });
  await load(page);
  assert.deepEqual(await page.locator('.verdict code').allInnerTexts(),
    ['ss -ltnp sport = :8010', 'ss -tanp dst 10.20.0.40:8443', 'ss -tanp state close-wait sport = :8081']);
  for (const [i, title] of ['Accept queues', 'Ports towards one destination', 'CLOSE_WAIT'].entries()) {
    await page.locator('.verdict .next a').nth(i).click();
    const target = page.locator(':target');
    assert.equal(await target.locator('h3').innerText(), title);
    assert.ok(await target.evaluate((element) => element.getBoundingClientRect().top < innerHeight));
  }
  assert.deepEqual([...new Set(requests)], [`${url}/`], 'advice needs no other page');
  await context.close();
  console.log('each finding has its command, and advice that needs no network');
}

/** Wait for the numbers of a later time in the header. */
async function awaitRenewal(page) {
  const time = () => document.querySelector('.facts li').textContent;
  const before = await page.evaluate(time);
  await page.waitForFunction((then) => document.querySelector('.facts li').textContent !== then, before, { timeout: 30000 });
}

async function checkRenewal() {
  const { context, page, complaints } = await open({ viewport: PHONE }, { renews: true });
  const loads = [];
  page.on('framenavigated', () => loads.push(page.url()));
  await page.goto(url);
  await page.evaluate(() => {
    document.documentElement.style.overflowAnchor = 'none'; // the browser does not follow a line that goes away above
    scrollTo(0, 1000);
    document.querySelector('nav a').focus({ preventScroll: true });
  });
  await awaitRenewal(page);
  assert.equal(await page.evaluate(() => scrollY), 1000);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), '/metrics');
  assert.equal(loads.length, 1, 'it is not loaded again');

  const notice = page.locator('.notice');
  assert.ok(await notice.isHidden());
  await page.evaluate(() => getSelection().selectAllChildren(document.querySelector('.verdict code')));
  await notice.filter({ hasText: 'Not renewed while text is selected.' }).waitFor({ timeout: 30000 });
  const renewed = page.waitForResponse(url + '/', { timeout: 30000 });
  const shown = await page.locator('header').innerText();
  await (await renewed).finished();
  assert.equal(await page.evaluate(() => String(getSelection())), 'ss -ltnp sport = :8010');
  assert.equal(await page.locator('header').innerText(), shown);
  await page.evaluate(() => getSelection().removeAllRanges());
  await awaitRenewal(page);
  await notice.waitFor({ state: 'hidden' });
  assert.deepEqual(complaints, []);

  await page.route(`${url}/`, (route) => route.fulfill({ status: 503, body: 'The sampler is stuck.' }));
  await notice.filter({ hasText: 'These numbers are old: no answer. The sampler is stuck.' }).waitFor({ timeout: 30000 });
  await page.unroute(`${url}/`);
  await notice.waitFor({ state: 'hidden', timeout: 30000 });
  await page.route(`${url}/`, (route) => route.abort());
  await notice.filter({ hasText: /^These numbers are old: no answer. ./ }).waitFor({ timeout: 30000 });
  await context.close();
  console.log('numbers are renewed; scroll position, focus and a selection stay, and old numbers are called old');
}

/** The cells whose text takes more than one line, where it is not a path. */
function findWrapped() {
  return [...document.querySelectorAll('table:not(.unix) tbody :is(th, td)')].map((cell) => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    return { text: cell.textContent, lines: new Set([...range.getClientRects()].map(({ top }) => top)).size };
  }).filter(({ lines }) => lines > 1);
}

/** Cards that must be scrolled sideways, and rows of more lines than one for the name and one for four numbers. */
function findSpread() {
  const wide = [...document.querySelectorAll('section.card')].filter((card) => card.scrollWidth > card.clientWidth);
  const high = [...document.querySelectorAll('.places tr')].filter((row) => {
    const numbers = [...row.cells].slice(1).filter((cell) => cell.getClientRects().length);
    const lines = new Set(numbers.map((cell) => cell.getBoundingClientRect().bottom));
    return lines.size > Math.ceil(numbers.length / 4);
  });
  return [...wide, ...high].map((element) => element.innerText);
}

async function checkWidths() {
  const { context, page } = await open({ viewport: PHONE, deviceScaleFactor: 2, isMobile: true, hasTouch: true });
  for (const width of [320, 390, 600, 760, 761, 900, 901, 1200, 1201, 1400, 1440, 2560]) {
    await page.setViewportSize({ width, height: 844 });
    await load(page);
    const needed = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(needed <= width, `the page needs ${needed} pixels of ${width}`);
    assert.deepEqual(await page.evaluate(findEmpty), [], `at ${width}`);
    assert.deepEqual(await page.evaluate(findWrapped), [], `cells that wrap at ${width}`);
    assert.deepEqual(await page.evaluate(findSpread), [], `cards or rows that are too large at ${width}`);
  }
  await page.setViewportSize(PHONE);
  await load(page);
  // In the layout for phones, rows must still be rows for a screen reader.
  const session = await context.newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  const headers = nodes.filter(({ role }) => role?.value === 'rowheader').map(({ name }) => name.value);
  const rows = await page.locator('tbody tr').count();
  assert.equal(headers.length, rows);
  assert.ok(headers.includes('10.20.0.40: 8009'), headers.join()); // the space is where a line may break
  await page.screenshot({ path: join(folder, 'phone.png'), fullPage: true });
  await context.close();
  console.log('nothing scrolls sideways or is cut, no card is partly empty, from 320 to 2560 pixels');
}

async function checkWithoutScripts() {
  const { context, page, complaints } = await open({ viewport: LAPTOP, javaScriptEnabled: false }, { renews: true });
  const { cards, series } = await loadWithMetrics(page);
  checkStates(cards, series);
  const age = () => page.locator('header').innerText();
  const before = await age();
  await page.waitForEvent('framenavigated', { timeout: 15000 });
  assert.notEqual(await age(), before);
  assert.deepEqual(complaints, []);
  await context.close();
  console.log('without JavaScript it is the same, and it refreshes itself');
}

try {
  await checkNumbers();
  await checkLinks();
  await checkThemes();
  await checkHeight();
  await checkFindings();
  await checkRenewal();
  await checkWidths();
  await checkWithoutScripts();
} finally {
  await browser.close();
}
