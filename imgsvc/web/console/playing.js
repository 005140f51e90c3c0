/** A tab of the playground: its form, its samples, and what is asked anew when either changes. */

import { announce, make } from './dom.js';
import { address } from './asking.js';

const PAUSE_MS = 250;

/**
 * Connect a form with what shows its result.
 *
 * `show(form, result, signal)` fills *result*; it is called when the form is sent, when a field is left or a choice is
 * made, and shortly after a number has changed; by these only where the form says something else than was asked for
 * last. What is asked for by then is given up.
 */
export class Play {
  #form;
  #result;
  #show;
  #timer = null;
  #running = null;
  #asked = null;

  constructor(form, result, show) {
    [this.#form, this.#result, this.#show] = [form, result, show];
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.now();
    });
    form.addEventListener('change', () => this.#soon(0));
    form.addEventListener('reset', () => this.#soon(0));
    form.addEventListener('input', ({ target }) => {
      if (target.type === 'number') this.#soon(PAUSE_MS);
    });
  }

  /** Show what the form says, unless that was done before. */
  open() {
    if (this.#asked === null) this.now();
  }

  /** Show what the form says now. */
  async now() {
    clearTimeout(this.#timer);
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.#asked = this.#said();
    this.#result.setAttribute('aria-busy', 'true');
    try {
      const sentence = await this.#show(this.#form, this.#result, running.signal);
      if (!running.signal.aborted && sentence && this.#isHeard()) announce(sentence);
    } catch (error) {
      if (error.name !== 'AbortError') throw error;
    } finally {
      if (this.#running === running) this.#result.removeAttribute('aria-busy');
    }
  }

  /** Whether somebody is at work here: not before the page is used, nor once another tab has been chosen. */
  #isHeard() {
    return document.activeElement !== document.body && !this.#result.closest('[hidden]');
  }

  #said() {
    return new URLSearchParams(new FormData(this.#form)).toString();
  }

  #soon(delay) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#said() !== this.#asked) this.now();
    }, delay);
  }
}

/** The sample pictures of the demo; none elsewhere. */
export const samples = document.body.dataset.samples.split(' ').filter(Boolean);

const nameOf = (url) => url.split('/').at(-1);

/** Offer the samples as buttons; *choose* is told which. */
export function offerSamples(form, choose) {
  const place = form.querySelector('.samples');
  if (!samples.length || !place) return;
  place.hidden = false;
  place.append(...samples.map((url) => make('button', { type: 'button', class: 'sample', title: nameOf(url), click: () => choose(url) },
    make('img', { src: address('/api/cache/images', { url, w: 72, h: 54, fit: 'inside' }), alt: nameOf(url), height: 40 }))));
}
