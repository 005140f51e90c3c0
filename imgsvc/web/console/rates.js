/** Counters that only grow, and what became of them within the last minute. */

const SPAN_MS = 60_000;
const TIERS = ['memory', 'store', 'origin', 'generated'];
/** What asks after the service itself: this page and probes. */
const OWN = /^\/(api\/health|console\/|metrics$|$)/;

/** Add up the answers by tier; what no tier has answered (documents, pages, refusals) is `other`. */
export function answersByTier(latencies) {
  const counts = { memory: 0, store: 0, origin: 0, generated: 0, other: 0 };
  for (const [route, byTier] of Object.entries(latencies)) {
    if (OWN.test(route)) continue;
    for (const [tier, figures] of Object.entries(byTier)) counts[TIERS.includes(tier) ? tier : 'other'] += figures.count;
  }
  return counts;
}

export const isOwnRoute = (route) => OWN.test(route);

/** Remembers counters for a minute. */
export class Minute {
  #past = [];

  /** Take counters read at *now* (ms) and give their growth since the oldest of the last minute, and its seconds. */
  grown(now, counters) {
    if (this.#past.length && Object.keys(counters).some((name) => counters[name] < this.#past.at(-1).counters[name])) {
      this.#past = []; // another process answers
    }
    this.#past.push({ now, counters });
    while (this.#past.length > 2 && now - this.#past[1].now >= SPAN_MS) this.#past.shift();
    const [oldest] = this.#past;
    const growth = Object.fromEntries(Object.entries(counters).map(([name, n]) => [name, n - oldest.counters[name]]));
    return { growth, seconds: (now - oldest.now) / 1000 };
  }
}
