/** What the three tabs of the playground show alike: pictures, problems, timing, headers, addresses. */

import { announce, copy, make, say, table } from './dom.js';
import { bytes, ms } from './format.js';
import { serverTiming } from './asking.js';

const TELLING = [
  'x-cache', 'x-source', 'cache-status', 'x-logo-source', 'x-needs-inversion', 'x-logo-inverted', 'x-fallback', 'x-degraded', 'x-ignored-params',
  'etag', 'vary', 'cache-control', 'age', 'content-type',
];
const TOLD_MS = 1500;
const FIXES = {
  'source-not-allowed': (host) => [`IMGSVC_ALLOWED_HOSTS=${host}`, 'allows everybody to have this host fetched; or sign the address:', 'imgsvc sign PATH'],
  'address-not-public': (host) => [`IMGSVC_TRUSTED_ORIGINS=${host}:443=10.0.0.0/8`, 'makes one private host reachable in one network.'],
  'bad-signature': () => ['imgsvc sign PATH', 'signs with the first of IMGSVC_SIGNING_KEYS.'],
  'assets-not-configured': () => ['ASSETS_BASE_URL, ASSETS_BEARER_TOKEN', 'name the asset server.'],
};

/** Show an answer's picture in *frame*; gives its natural size in px, or null where this browser cannot show it. */
export async function picture(blob, alt) {
  const image = make('img', { alt });
  const url = URL.createObjectURL(blob);
  image.src = url;
  try {
    await image.decode();
    return { image, width: image.naturalWidth, height: image.naturalHeight };
  } catch {
    return { image: make('p', { class: 'no-picture dim' }, `This browser does not show ${blob.type || 'this'}.`), width: 0, height: 0 };
  } finally {
    // The element holds the decoded picture; animations go on from the bytes that it has read.
    setTimeout(() => URL.revokeObjectURL(url), 30_000);
  }
}

/** Show a problem document, with the setting that would help. */
export function problem(document_, source = '') {
  const fix = FIXES[document_.code]?.(hostOf(source) || 'HOST');
  const parts = [
    make('p', { class: 'problem-head' }, make('b', {}, document_.title), ' ', make('code', {}, `${document_.status ?? ''} ${document_.code}`.trim())),
    make('p', {}, document_.detail),
    fix ? make('p', { class: 'fix' }, ...fix.map((part, n) => (n % 2 ? ` ${part} ` : make('code', {}, part)))) : null,
    document_.param ? make('p', { class: 'dim' }, 'Parameter ', make('code', {}, document_.param)) : null,
    document_.request_id ? make('p', { class: 'dim' }, 'Request ', make('code', {}, document_.request_id)) : null,
  ];
  return make('div', { class: 'problem' }, ...parts);
}

/** Mark the field that a problem is about, and no other. */
export function blame(form, param) {
  for (const field of form.elements) {
    if (!field.name) continue;
    const isToBlame = field.name === param || (field.name === '_name' && ['website', 'domain', 'company', 'url'].includes(param));
    if (isToBlame) field.setAttribute('aria-invalid', 'true');
    else field.removeAttribute('aria-invalid');
  }
}

/** Show how long it took: the parts that the service names, as a bar and in figures, and the whole as seen from here. */
export function timing(answer) {
  const parts = serverTiming(answer.headers.get('Server-Timing'));
  const sum = parts.reduce((total, part) => total + part.ms, 0);
  const bar = make('div', { class: 'timing-bar', 'aria-hidden': 'true' }, ...parts.map((part) => {
    const piece = make('i', { class: `phase-${part.name}` });
    piece.style.flexGrow = String(sum ? part.ms / sum : 1);
    return piece;
  }));
  const named = parts.map((part) => make('div', {}, make('dt', {}, make('i', { class: `swatch phase-${part.name}` }), part.name), make('dd', {}, ms(part.ms))));
  return make('section', { class: 'timing' },
    make('h3', {}, 'Timing ', make('span', { class: 'dim' }, `${ms(answer.ms)} seen from this page`)),
    bar, make('dl', { class: 'phases' }, ...named));
}

/** Show the headers that tell what was done, and behind a summary the rest. */
export function headers(answer) {
  const all = [...answer.headers];
  const telling = TELLING.flatMap((name) => all.filter(([given]) => given === name));
  const rest = all.filter(([name]) => !TELLING.includes(name));
  const list = (rows) => table('Headers of the answer', [['Name', 'mono'], ['Value', 'mono value']], rows, { class: 'list' });
  return make('section', { class: 'headers' }, make('h3', {}, 'Headers'), list(telling),
    make('details', {}, make('summary', {}, `${rest.length} more`), list(rest)));
}

/** Show an address with buttons to copy and to open it. */
export function addressBar(url) {
  const code = make('code', { class: 'address' }, url);
  return make('div', { class: 'address-bar' }, code,
    copyButton('Copy URL', () => new URL(url, location.href).href),
    make('a', { class: 'button quiet', href: url, target: '_blank', rel: 'noopener' }, 'Open'));
}

/** Show markup to copy; *snippets* are `[name, text]`. */
export function markup(snippets) {
  return make('details', { class: 'snippets' }, make('summary', {}, `Markup: ${snippets.map(([name]) => name).join(', ')}`),
    ...snippets.map(([name, text]) => make('div', { class: 'snippet' },
      make('h4', {}, name), make('pre', { tabindex: '0', 'aria-label': name }, make('code', {}, text)), copyButton(`Copy ${name}`, () => text))));
}

function copyButton(label, text) {
  return make('button', {
    type: 'button', class: 'quiet', click: async ({ currentTarget: button }) => {
      const isCopied = await copy(text());
      say(button, isCopied ? 'Copied' : 'Not copied');
      announce(isCopied ? 'Copied.' : 'This browser does not let the page copy.');
      setTimeout(() => say(button, label), TOLD_MS);
    },
  }, label);
}

/** Write an attribute's value. */
export const quoted = (value) => String(value).replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');

/** Give facts as a definition list; `[name, value]`, values may be elements. */
export function facts(pairs, kind = 'facts') {
  return make('dl', { class: kind }, ...pairs.filter(([, value]) => value !== null && value !== undefined && value !== '').map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, value))));
}

export const sizeOf = ({ width, height }) => (width ? `${width} × ${height}` : '–');

export const typeOf = (answer) => (answer.headers.get('Content-Type') ?? '').replace('image/', '').replace('svg+xml', 'svg');

export const summary = (answer, seen) => `${sizeOf(seen)} · ${bytes(answer.blob.size)} · ${typeOf(answer)}`;

function hostOf(source) {
  try {
    return new URL(source).hostname;
  } catch {
    return '';
  }
}
