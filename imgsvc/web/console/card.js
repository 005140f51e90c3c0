/** The tab for share pictures. */

import { address, ask, parametersOf } from './asking.js';
import { make } from './dom.js';
import { bytes } from './format.js';
import { addressBar, blame, facts, headers, markup, picture, problem, quoted, summary, timing, typeOf } from './showing.js';

const PATH = '/api/og-image';

export async function showCard(form, result, signal) {
  const wishes = parametersOf(form);
  blame(form, null);
  const wanted = address(PATH, wishes);
  const answer = await ask(wanted, { signal });
  if (!answer.ok) {
    blame(form, answer.problem.param);
    result.replaceChildren(addressBar(wanted), problem(answer.problem, wishes.url));
    return `${answer.problem.title}. ${answer.problem.detail}`;
  }
  const seen = await picture(answer.blob, wishes.title ? `A card: ${wishes.title}` : 'The share picture');
  if (signal.aborted) return '';
  const [width, height] = [answer.headers.get('X-Image-Width'), answer.headers.get('X-Image-Height')];
  result.replaceChildren(addressBar(wanted),
    make('figure', { class: 'card' }, make('figcaption', {}, make('b', {}, 'As it is shared'), ' ', make('span', { class: 'dim' }, summary(answer, seen))),
      make('div', { class: 'ground' }, seen.image)),
    facts([
      ['Pixels', width ? `${width} × ${height}` : null], ['Bytes', bytes(answer.blob.size)], ['Format', typeOf(answer)],
      ['Stands in because', answer.headers.get('X-Fallback')], ['Cache', answer.headers.get('X-Cache')], ['From', answer.headers.get('X-Source')],
    ]),
    timing(answer), markup(snippets(wanted, width, height)), headers(answer));
  return `Card shown: ${summary(answer, seen)}.`;
}

function snippets(wanted, width, height) {
  const url = quoted(new URL(wanted, location.href).href);
  const lines = [`<meta property="og:image" content="${url}">`];
  if (width) lines.push(`<meta property="og:image:width" content="${width}">`, `<meta property="og:image:height" content="${height}">`);
  return [['<meta>', [...lines, '<meta name="twitter:card" content="summary_large_image">'].join('\n')]];
}
