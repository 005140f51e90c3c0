/** The chart of memory against the ladder. Lengths are in px, sizes in bytes. */

import { draw } from './dom.js';
import { bytes, duration, percent } from './format.js';

const LEFT = 1;
const RIGHT = 128;
const TOP = 4;
const BOTTOM = 20;
const LEAST_TICK_PX = 64;
const APART = 14;
const SHORTEST_SECONDS = 120;

/** Move labels, given from the top down, so that no two are closer than *apart*; the lowest stays above *floor*. */
export function spread(positions, apart, floor) {
  const placed = [];
  for (const y of positions) placed.push(Math.max(y, placed.length ? placed.at(-1) + apart : y));
  for (let n = placed.length - 1, limit = floor; n >= 0; n -= 1, limit = placed[n + 1] - apart) placed[n] = Math.min(placed[n], limit);
  return placed;
}

/** Say in words what the chart shows. */
export function described(memory, samples) {
  const sizes = samples.map((sample) => sample.rss_bytes);
  const seconds = samples.length ? samples[0].seconds_ago : 0;
  const levels = Object.entries(memory.levels_bytes).map(([name, begin]) => `${name.toLowerCase()} from ${bytes(begin)}`);
  return `Resident memory is ${bytes(memory.rss_bytes)}, ${percent(memory.ratio)} of the budget, level ${memory.state}. `
    + (sizes.length ? `In the last ${duration(seconds)} it was between ${bytes(Math.min(...sizes))} and ${bytes(Math.max(...sizes))}. ` : '')
    + `Levels: ${levels.join(', ')}.`;
}

/** Draw it, *width* × *height* px: the resident size over time, the levels as lines with their names. */
export function chart(memory, samples, width, height) {
  const levels = Object.entries(memory.levels_bytes).sort((a, b) => b[1] - a[1]);
  const most = Math.max(levels[0][1] * 1.06, ...samples.map((sample) => sample.rss_bytes * 1.06));
  const longest = Math.max(SHORTEST_SECONDS, ...samples.map((sample) => sample.seconds_ago));
  const plot = { right: width - RIGHT, floor: height - BOTTOM, most, longest, width };
  plot.x = (ago) => LEFT + (1 - ago / longest) * (plot.right - LEFT);
  plot.y = (size) => TOP + (1 - size / most) * (plot.floor - TOP);
  return draw('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': described(memory, samples) },
    ...bands(levels, plot), ...axis(plot), ...line(memory, samples, plot), ...rungs(levels, memory, plot));
}

const at = (n) => n.toFixed(1);

function bands(levels, { y, right, most }) {
  const tops = [most, ...levels.map(([, begin]) => begin)];
  return levels.map(([name, begin], n) => draw('rect', {
    class: 'band', 'data-level': name, x: LEFT, y: at(y(tops[n])), width: at(right - LEFT), height: at(Math.max(0, y(begin) - y(tops[n]))),
  }));
}

function rungs(levels, memory, { y, right, floor, width }) {
  const heights = levels.map(([, begin]) => y(begin));
  const labels = spread(heights, APART, floor - APART);
  return levels.flatMap(([name, begin], n) => [
    draw('path', { class: 'rung', 'data-level': name, d: `M${LEFT} ${at(heights[n])}H${at(right)}L${at(right + 10)} ${at(labels[n])}` }),
    draw('text', { class: name === memory.state ? 'rung-name now' : 'rung-name', x: at(right + 14), y: at(labels[n] + 4) }, name.toLowerCase()),
    draw('text', { class: 'rung-size', x: width - 1, y: at(labels[n] + 4) }, bytes(begin)),
  ]);
}

function axis({ x, right, floor, longest }) {
  const step = [15, 30, 60, 120, 300].find((seconds) => (right * seconds) / longest >= LEAST_TICK_PX) ?? 600;
  const ticks = [];
  for (let ago = 0; ago <= longest; ago += step) ticks.push(ago);
  const edge = (ago) => (ago ? (x(ago) < LEAST_TICK_PX / 2 ? 'first' : null) : 'last');
  return [
    draw('path', { class: 'axis', d: `M${LEFT} ${at(floor)}H${at(right)}${ticks.map((ago) => `M${at(x(ago))} ${at(floor)}v4`).join('')}` }),
    ...ticks.map((ago) => draw('text', { class: 'tick', x: at(x(ago)), y: at(floor + 16), 'data-edge': edge(ago) }, ago ? `−${duration(ago).replace(' 0 s', '')}` : 'now')),
  ];
}

function line(memory, samples, { x, y, floor }) {
  if (!samples.length) return [];
  const points = [...samples.map((sample) => [sample.seconds_ago, sample.rss_bytes]), [0, memory.rss_bytes]];
  const path = points.map(([ago, size]) => `${at(x(ago))} ${at(y(size))}`).join('L');
  return [
    draw('path', { class: 'area', d: `M${at(x(points[0][0]))} ${at(floor)}L${path}V${at(floor)}Z` }),
    draw('path', { class: 'line', d: `M${path}` }),
    draw('circle', { class: 'dot', cx: at(x(0)), cy: at(y(memory.rss_bytes)), r: 3 }),
  ];
}
