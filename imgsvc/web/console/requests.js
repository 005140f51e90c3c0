/** The last requests, for whoever has the admin token; it is kept by this tab of the browser and nowhere else. */

import { byId, make, say, table } from './dom.js';
import { bytes, clock, figure } from './format.js';

const KEY = 'imgsvc-admin-token';
const PATIENCE_MS = 5000;
const REFUSALS = [401, 404];

let listed = null;

/** Make the form work; gives what shows the list anew. */
export function requests() {
  byId('token-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    sessionStorage.setItem(KEY, byId('token').value.trim());
    byId('token').value = '';
    await refresh();
  });
  byId('forget').addEventListener('click', () => {
    lock('');
    byId('token').focus();
  });
  return refresh;
}

async function refresh() {
  const token = sessionStorage.getItem(KEY);
  if (!token) return;
  const { status, said } = await asked(token);
  if (sessionStorage.getItem(KEY) !== token) return;
  if (REFUSALS.includes(status)) lock(String(said?.detail ?? 'The token was not taken.'));
  else if (Array.isArray(said?.requests)) unlock(said.requests);
  // Else there was no answer, or somebody between has answered: the page says so already, and the token stays.
}

/** Ask with a token, which may have any letters: the service takes UTF-8, and headers are bytes. */
async function asked(token) {
  const bytesOfIt = String.fromCharCode(...new TextEncoder().encode(token));
  const headers = { Authorization: `Bearer ${bytesOfIt}` };
  try {
    const response = await fetch('/api/health/requests', { headers, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
    return { status: response.status, said: await response.json().catch(() => null) };
  } catch {
    return { status: 0, said: null };
  }
}

function lock(reason) {
  sessionStorage.removeItem(KEY);
  say(byId('token-problem'), reason);
  show(false);
  listed = null;
  byId('requests').replaceChildren();
}

function unlock(all) {
  say(byId('token-problem'), '');
  show(true);
  const text = JSON.stringify(all);
  if (text === listed) return; // what is selected stays selected
  listed = text;
  byId('requests').replaceChildren(all.length ? list(all) : make('p', { class: 'dim' }, 'Nothing has been asked for yet.'));
}

function show(isOpen) {
  byId('requests').hidden = !isOpen;
  byId('forget').hidden = !isOpen;
}

function list(all) {
  const columns = [['Time', 'mono'], ['Request', 'mono'], ['Status', 'number'], ['Tier'], ['Cache'], ['ms', 'number'], ['Bytes', 'number'], ['About', 'mono break'], ['Id', 'mono dim']];
  const rows = all.map((one) => [
    clock(one.time), `${one.method} ${one.route}`, make('span', { class: one.status >= 400 ? 'bad' : null }, String(one.status)),
    make('span', {}, make('i', { class: `swatch tier-${one.tier ?? 'none'}` }), one.tier ?? '–'), one.cache ?? '–', figure(one.ms), bytes(one.bytes), one.source ?? '–', one.request_id ?? '–',
  ]);
  return table('The last requests, the latest first', columns, rows, { class: 'list' });
}
