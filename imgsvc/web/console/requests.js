/** The last requests, for whoever has the admin token; it is kept by this tab of the browser and nowhere else. */

import { byId, make, say, table } from './dom.js';
import { bytes, clock, figure } from './format.js';

const KEY = 'imgsvc-admin-token';

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
  let response;
  try {
    response = await fetch('/api/health/requests', { headers: { Authorization: `Bearer ${token}` }, cache: 'no-store' });
  } catch (error) {
    if (error instanceof TypeError && !/[^\x00-\xff]/.test(token)) return; // no answer: the page says so already
    lock('A token has no such letters.');
    return;
  }
  if (!response.ok) {
    const { detail } = await response.json();
    lock(detail);
    return;
  }
  const { requests: all } = await response.json();
  if (sessionStorage.getItem(KEY) === token) unlock(all);
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
