/** Elements, made and changed without markup: nothing that came from outside is ever read as HTML. */

const SVG = 'http://www.w3.org/2000/svg';

/** Make an element; a function becomes a listener, true an empty attribute, and null and false are left out. */
export function make(name, attributes = {}, ...children) {
  return furnished(document.createElement(name), attributes, children);
}

/** Make an SVG element. */
export function draw(name, attributes = {}, ...children) {
  return furnished(document.createElementNS(SVG, name), attributes, children);
}

function furnished(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== null && value !== false && value !== undefined) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Set an element's text, if it is another: what stays the same is not touched, nor read out. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Tell people who do not see the page; one sentence at a time. */
export const announce = (sentence) => say(byId('announcer'), sentence);

/** Make a table; *columns* are `[heading, class]`, *rows* lists of cells, the first of each its heading. */
export function table(caption, columns, rows, attributes = {}) {
  const heads = columns.map(([heading, kind]) => make('th', { scope: 'col', class: kind || null }, heading));
  const cells = (row) => row.map((cell, n) => make(n ? 'td' : 'th', { scope: n ? null : 'row', class: columns[n][1] || null }, cell));
  return make('table', attributes,
    make('caption', { class: 'hidden' }, caption),
    make('thead', {}, make('tr', {}, ...heads)),
    make('tbody', {}, ...rows.map((row) => make('tr', {}, ...cells(row)))));
}

/** Copy text; where the page may not use the clipboard (plain http), by way of a selection. */
export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  const field = make('textarea', { class: 'hidden' });
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  return done;
}
