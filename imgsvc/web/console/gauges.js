/** The instruments: what the figures of the service look like. */

import { announce, byId, draw, make, say, table } from './dom.js';
import { as, count, figure, percent } from './format.js';
import { chart } from './memory.js';
import { answersByTier, isOwnRoute, Minute } from './rates.js';

const TIERS = ['memory', 'store', 'origin', 'generated'];
const LEAST_MS = 0.05;
const MOST_MS = 30_000;
const BAND_PX = 300;

const minute = new Minute();
const told = { status: null, level: null };

/** Show an answer of the service. */
export function show({ health, metrics }) {
  bind('health', health);
  bind('figure', metrics);
  showStatus(health.status, health.reasons);
  showLevel(metrics.memory.state);
  showMemory(metrics);
  showTiers(answersByTier(metrics.latency_ms));
  showRefusals(metrics.refusals);
  byId('latency').replaceChildren(latency(metrics.latency_ms));
}

/** Show that nothing answers; the last figures stay, greyed by the style sheet. */
export const showSilence = () => showStatus('unreachable', ['the service does not answer; asking again']);

function bind(kind, values) {
  for (const element of document.querySelectorAll(`[data-${kind}]`)) {
    const value = element.dataset[kind].split('.').reduce((found, name) => found?.[name], values);
    const write = as[element.dataset.as] ?? String;
    say(element, value === undefined || value === null ? '–' : write(value));
  }
}

function showStatus(status, reasons) {
  const pill = byId('status');
  pill.dataset.status = status;
  document.body.dataset.status = status;
  say(pill, status);
  say(byId('reasons'), reasons.join(', '));
  if (told.status !== null && told.status !== status) announce(`The service is ${status}${reasons.length ? `: ${reasons.join(', ')}` : ''}.`);
  told.status = status;
}

function showLevel(level) {
  const pill = byId('level');
  pill.dataset.level = level;
  say(pill, level.toLowerCase());
  if (told.level !== null && told.level !== level) announce(`Memory level ${level.toLowerCase()}.`);
  told.level = level;
}

function showMemory({ memory, samples }) {
  const place = byId('chart');
  place.replaceChildren(chart(memory, samples, place.clientWidth, place.clientHeight));
}

function showTiers(counts) {
  const { growth, seconds } = minute.grown(performance.now(), counts);
  const recent = Object.values(growth).reduce((sum, n) => sum + n, 0);
  say(byId('rate'), seconds ? `${figure(recent / seconds)} /s` : '–');
  byId('tiers').replaceChildren(
    tierBar('since the start', counts), tierBar('in the last minute', growth), legend(counts, growth),
  );
}

const pictures = (counts) => TIERS.reduce((sum, tier) => sum + counts[tier], 0);

function tierBar(span, counts) {
  const all = pictures(counts);
  let x = 0;
  const parts = TIERS.filter((tier) => counts[tier]).map((tier) => {
    const width = (counts[tier] / all) * 100;
    const part = draw('rect', { class: `tier-${tier}`, x: x.toFixed(2), y: 0, width: width.toFixed(2), height: 10 });
    x += width;
    return part;
  });
  return make('div', { class: 'tier-bar' },
    make('span', { class: 'dim' }, span), make('b', {}, all ? `${percent(counts.memory / all)} from memory` : 'no picture yet'),
    draw('svg', { viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, ...parts));
}

function legend(counts, growth) {
  const [all, lately] = [pictures(counts), pictures(growth)];
  const share = (n, of) => (of ? percent(n / of) : '–');
  const rows = TIERS.map((tier) => [
    make('span', {}, make('i', { class: `swatch tier-${tier}` }), tier), count(counts[tier]), share(counts[tier], all), share(growth[tier], lately),
  ]);
  return table('Where pictures came from', [['Tier'], ['Answers'], ['All'], ['Last min']], rows, { class: 'figures' });
}

function showRefusals(refusals) {
  const seen = Object.entries(refusals).filter(([, n]) => n);
  const list = seen.map(([reason, n]) => make('div', {}, make('dt', {}, reason), make('dd', {}, count(n))));
  byId('refusals').replaceChildren(seen.length ? make('dl', { class: 'reasons-list' }, ...list) : 'none');
}


function latency(latencies) {
  const routes = Object.entries(latencies).filter(([route]) => !isOwnRoute(route)).sort(([a], [b]) => a.localeCompare(b));
  const rows = routes.flatMap(([route, byTier]) => Object.entries(byTier).sort(([a], [b]) => a.localeCompare(b)).map(([tier, figures], n) => [
    n ? make('span', { class: 'ditto' }, route) : route,
    make('span', {}, make('i', { class: `swatch tier-${tier}` }), tier === 'none' ? 'no tier' : tier),
    count(figures.count), figure(figures.p50), figure(figures.p90), figure(figures.p99), band(figures),
  ]));
  if (!rows.length) return make('p', { class: 'dim' }, 'Nothing has been asked for yet.');
  const columns = [['Route', 'mono'], ['Tier'], ['Answers', 'number'], ['p50', 'number'], ['p90', 'number'], ['p99', 'number'], ['p50 to p99, from 0.1 ms to 10 s', 'band-cell']];
  return table('Latency of answers in milliseconds, without probes and this page', columns, rows, { class: 'list latency' });
}

/** Draw from p50 to p99 on a logarithmic scale, p90 as a tick; the figures beside it say the same. */
function band({ p50, p90, p99 }) {
  const x = (value) => (Math.log(Math.max(value, LEAST_MS) / LEAST_MS) / Math.log(MOST_MS / LEAST_MS)) * BAND_PX;
  const decades = [0.1, 1, 10, 100, 1000, 10_000].map((value) => draw('path', { class: 'decade', d: `M${x(value).toFixed(1)} 0V12` }));
  return draw('svg', { class: 'latency-band', viewBox: `0 0 ${BAND_PX} 12`, width: BAND_PX, height: 12, 'aria-hidden': 'true' },
    ...decades,
    draw('rect', { class: 'reach', x: x(p50).toFixed(1), y: 3, width: Math.max(2, x(p99) - x(p50)).toFixed(1), height: 6, rx: 1 }),
    draw('path', { class: 'ninety', d: `M${x(p90).toFixed(1)} 1V11` }));
}
