/** The tab for pictures: the original and what became of it, side by side. */

import { address, ask, parametersOf } from './asking.js';
import { make } from './dom.js';
import { bytes, percent } from './format.js';
import { addressBar, blame, facts, headers, markup, picture, problem, quoted, sizeOf, summary, timing, typeOf } from './showing.js';

const PATH = '/api/cache/images';

export async function showImage(form, result, signal) {
  const { url = '', ...wishes } = parametersOf(form);
  blame(form, null);
  if (!url) {
    result.replaceChildren(emptyState());
    return '';
  }
  const wanted = address(PATH, { url, ...wishes });
  const accept = form.elements._accept.value;
  const [answer, original] = await Promise.all([ask(wanted, { accept, signal }), ask(address(PATH, { url, f: 'original' }), { signal })]);
  if (!answer.ok) {
    blame(form, answer.problem.param);
    result.replaceChildren(addressBar(wanted), problem(answer.problem, url));
    return `${answer.problem.title}. ${answer.problem.detail}`;
  }
  const seen = await picture(answer.blob, 'What the service makes of it');
  const before = original.ok ? await picture(original.blob, 'The original') : null;
  if (signal.aborted) return '';
  const density = Number(form.elements.dpr.value) || 1;
  if (seen.width && density > 1) seen.image.width = Math.round(seen.width / density);
  result.replaceChildren(
    addressBar(wanted),
    make('div', { class: 'pair' },
      figure('Original', before, original.ok ? summary(original, before) : '', original.problem, url),
      figure('Result', seen, summary(answer, seen), null, url)),
    facts(measures(answer, seen, original, before)),
    timing(answer), markup(snippets(url, wanted, seen, wishes, density)), headers(answer),
  );
  return `Shown: ${summary(answer, seen)}.`;
}

function emptyState() {
  return make('div', { class: 'empty' },
    make('p', {}, 'Give the address of a picture, and see what this service makes of it.'),
    make('p', { class: 'dim' }, 'Which hosts may be asked for is up to ', make('code', {}, 'IMGSVC_ALLOWED_HOSTS'), '.'));
}

function figure(name, seen, caption, trouble, source) {
  return make('figure', {}, make('figcaption', {}, make('b', {}, name), ' ', make('span', { class: 'dim' }, caption)),
    make('div', { class: 'ground' }, trouble ? problem(trouble, source) : seen.image));
}

function measures(answer, seen, original, before) {
  const saved = original.ok && original.blob.size ? 1 - answer.blob.size / original.blob.size : null;
  return [
    ['Saved', saved === null ? null : make('b', { class: saved >= 0 ? 'good' : 'bad' }, saved >= 0 ? percent(saved) : `${percent(-saved)} more`)],
    ['Bytes', original.ok ? `${bytes(original.blob.size)} → ${bytes(answer.blob.size)}` : bytes(answer.blob.size)],
    ['Pixels', before?.width ? `${sizeOf(before)} → ${sizeOf(seen)}` : sizeOf(seen)],
    ['Format', original.ok ? `${typeOf(original)} → ${typeOf(answer)}` : typeOf(answer)],
    ['Cache', answer.headers.get('X-Cache')],
    ['From', answer.headers.get('X-Source')],
  ];
}

function snippets(url, wanted, seen, wishes, density) {
  const [width, height] = [Math.round(seen.width / density), Math.round(seen.height / density)];
  const twice = address(PATH, { url, ...wishes, dpr: 2 });
  const sources = wishes.w || wishes.h ? ` srcset="${quoted(twice)} 2x"` : '';
  const quality = wishes.q ? ` quality={${wishes.q}}` : '';
  return [
    ['<img>', `<img src="${quoted(wanted)}"${density === 1 ? sources : ''} width="${width}" height="${height}" alt="">`],
    ['next/image', `<Image src=${JSON.stringify(url)} width={${width}} height={${height}}${quality} alt="" />`],
  ];
}
