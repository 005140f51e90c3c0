/** The tab for logos: one logo on the pages it may meet, the verdict on each, and what else was found. */

import { address, ask, NOT_OURS, objectOf, parametersOf } from './asking.js';
import { make, table } from './dom.js';
import { addressBar, blame, facts, headers, markup, picture, problem, quoted, sizeOf, summary, timing } from './showing.js';

const PAGES = [['light', 'Light page', {}], ['dark', 'Dark page', {}]];

/** How each kind of name is asked for: with a theme, as it is, and explained. */
const WHOSE = {
  website: { themed: '/api/logo', plain: '/api/logo', candidates: true },
  company: { themed: '/api/logo', plain: '/api/logo', candidates: true },
  url: { themed: '/api/logo/invert', plain: '/api/cache/images', candidates: false },
};

export async function showLogo(form, result, signal) {
  const [kind, name] = [form.elements._whose.value, form.elements._name.value.trim()];
  blame(form, null);
  if (!name) {
    result.replaceChildren(make('div', { class: 'empty' }, make('p', {}, 'Name a website or a company, and see its logo on light and dark.')));
    return '';
  }
  const { bg, ...wishes } = parametersOf(form);
  const pages = [...PAGES, ...(bg ? [['own', `On ${bg}`, { bg }]] : [])];
  const urls = pages.map(([theme, , given]) => themed(kind, name, wishes, theme === 'own' ? given : { theme }));
  const [plain, ...answers] = await Promise.all([plainUrl(kind, name, wishes), ...urls].map((url) => ask(url, { signal })));
  const failed = answers.find((answer) => !answer.ok);
  if (failed) {
    blame(form, failed.problem.param);
    result.replaceChildren(addressBar(failed.url), problem(failed.problem, kind === 'url' ? name : ''), await candidates(kind, name, wishes, signal));
    return `${failed.problem.title}. ${failed.problem.detail}`;
  }
  const side = Number(wishes.size) || null;
  const figures = await Promise.all(answers.map((answer, n) => onPage(pages[n], answer, plain, side, bg)));
  const found = await candidates(kind, name, wishes, signal);
  if (signal.aborted) return '';
  const auto = themed(kind, name, wishes, { theme: 'auto' });
  result.replaceChildren(addressBar(auto), origin(answers[0]), make('div', { class: 'pair pages' }, ...figures), found,
    timing(answers[1]), markup(snippets(urls, wishes)), headers(answers[1]));
  return `Logo shown: ${answers.map((answer, n) => `${pages[n][1]}, ${verdict(answer)}`).join('; ')}.`;
}

const themed = (kind, name, wishes, page) => address(WHOSE[kind].themed, { [kind]: name, ...wishes, ...page });

function plainUrl(kind, name, wishes) {
  if (kind !== 'url') return address('/api/logo', { [kind]: name, ...wishes });
  const { size = '', f, dpr, greyscale } = wishes;
  return address('/api/cache/images', { url: name, w: size, h: size, f, dpr, greyscale });
}

const reads = (answer) => answer.headers.get('X-Logo-Inverted') === '1' || answer.headers.get('X-Needs-Inversion') !== 'true';

const verdict = (answer) => {
  if (answer.headers.get('X-Logo-Inverted') === '1') return 'adapted';
  return answer.headers.get('X-Needs-Inversion') === 'true' ? 'does not read, left as it is' : 'reads as it is';
};

async function onPage([theme, title, given], answer, plain, side, bg) {
  const seen = await picture(answer.blob, `The logo adapted to: ${title}`);
  const was = plain.ok ? await picture(plain.blob, `The logo as it is on: ${title}`) : null;
  if (side && seen.width > side) seen.image.width = Math.round(side * Math.min(1, seen.width / seen.height));
  const ground = make('div', { class: `page page-${theme}` },
    make('div', { class: 'shown' }, seen.image), was ? make('div', { class: 'was' }, make('span', {}, 'as it is'), was.image) : null);
  if (given.bg) ground.style.background = CSS.supports('color', bg) ? bg : `#${bg}`;
  return make('figure', {}, make('figcaption', {}, make('b', {}, title), ' ', make('span', { class: 'dim' }, summary(answer, seen))), ground,
    facts(looked(answer, theme), 'facts tight'));
}

function looked(answer, theme) {
  const value = (name) => answer.headers.get(name);
    return [
    ['Verdict', make('b', { class: reads(answer) ? 'good' : 'bad' }, verdict(answer))],
    ['Needs inversion', value('X-Needs-Inversion')],
    ['Contrast as it is', theme === 'own' ? null : contrast(value(`X-Logo-Contrast-${theme}`))],
    ['Brightness', value('X-Brightness')],
    ['Transparency', value('X-Has-Transparency') === 'true' ? 'yes' : 'no'],
  ];
}

const contrast = (ratio) => (ratio ? `${ratio} : 1` : null);

function origin(answer) {
  const value = (name) => answer.headers.get(name);
  return facts([
    ['Found by', value('X-Logo-Source')], ['Domain', value('X-Logo-Domain')],
    ['Stands in', value('X-Logo-Fallback') === '1' ? 'yes: no logo was found' : null],
    ['At', /<([^>]*)>/.exec(value('Link') ?? '')?.[1]],
  ], 'facts');
}

async function candidates(kind, name, { size }, signal) {
  if (!WHOSE[kind].candidates) return make('p', { class: 'note dim' }, 'A picture is named, so there was nothing to choose from.');
  const answer = await ask(address('/api/logo/candidates', { [kind]: name, size }), { signal });
  const said = await objectOf(answer.blob);
  if (!answer.ok || !Array.isArray(said?.candidates)) return problem(answer.problem ?? NOT_OURS);
  const { candidates: all, chosen } = said;
  if (!all.length) return make('p', { class: 'note dim' }, 'No candidate was found.');
  const columns = [['Picture'], ['Found as'], ['Declared'], ['Real'], ['Format'], ['Score', 'number'], ['Verdict']];
  return make('section', {}, make('h3', {}, `Candidates (${all.length}) `, make('span', { class: 'dim' }, chosen ? '' : 'none is good enough')),
    make('div', { class: 'scroll', role: 'group', tabindex: '0', 'aria-label': 'Candidates' },
      table('Candidates for the logo, the best first', columns, all.map(row), { class: 'list candidates' })));
}

function row(found) {
  const thumb = make('img', { src: address('/api/cache/images', { url: found.url, w: 40, h: 40 }), alt: '', width: 20, height: 20, loading: 'lazy', error: () => thumb.remove() });
  const points = Object.entries(found.points).map(([name, n]) => `${name} ${n}`).join(' · ');
  const fate = found.chosen ? make('b', { class: 'good' }, 'chosen') : found.rejected ? make('span', { class: 'bad' }, found.rejected) : 'good enough';
  return [
    make('span', { class: 'candidate' }, make('span', { class: 'thumb' }, thumb), make('span', { class: 'mono break' }, found.url)),
    [found.source, ...found.purpose, found.scheme].filter(Boolean).join(', '), found.declared_size ? `${found.declared_size}` : '–', sizeOf(found), found.format ?? '–',
    make('span', {}, found.score === null ? '–' : found.score.toFixed(1), make('small', { class: 'dim' }, found.score === null ? '' : points)), fate,
  ];
}

function snippets([light, dark], wishes) {
  const side = wishes.size ?? 128;
  return [['<picture>', `<picture>\n  <source media="(prefers-color-scheme: dark)" srcset="${quoted(dark)}">\n  <img src="${quoted(light)}" width="${side}" height="${side}" alt="">\n</picture>`]];
}
