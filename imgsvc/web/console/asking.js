/** Asks this service for something, and tells what came of it, timing and problem documents included. */

const SILENT = { title: 'No answer', code: 'no-answer', detail: 'The service did not answer, or broke off.' };
const REDIRECTED = {
  title: 'Sent on', code: 'redirect', detail: 'With IMGSVC_DELIVERY=redirect a stored picture is answered by the CDN, which this page asks nothing. Open shows it.',
};

/** What is said where something else than this service has answered. */
export const NOT_OURS = { title: 'Another answer', code: 'no-imgsvc', detail: 'Something between this page and the service has answered.' };

/** What an answer's `Server-Timing` says, in its order: `[{name, ms}]`. */
export function serverTiming(header) {
  return (header ?? '').split(',').map((item) => item.trim().split(';')).filter(([name]) => name)
    .map(([name, ...rest]) => ({ name, ms: Number(rest.map((part) => part.trim()).find((part) => part.startsWith('dur='))?.slice(4) ?? 0) }));
}

/** Write a path with a query; what is empty is left out. */
export function address(path, parameters) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== '' && value !== null && value !== undefined));
  return query.size ? `${path}?${query}` : path;
}

/** The parameters that a form names; names with an underscore before them are the page's own. */
export function parametersOf(form) {
  return Object.fromEntries([...new FormData(form)].filter(([name, value]) => !name.startsWith('_') && value.trim() !== '').map(([name, value]) => [name, value.trim()]));
}

/**
 * Ask, as a browser's `<img>` would.
 *
 * Gives `{url, ok, status, headers, blob, ms, problem}`; `problem` is the document where the answer is an error, and
 * one of this page's own where there was no answer. Throws only when `signal` was used.
 */
export async function ask(url, { accept = 'image/avif,image/webp,image/*,*/*;q=0.8', signal = null } = {}) {
  const began = performance.now();
  try {
    const response = await fetch(url, { headers: { Accept: accept }, signal, redirect: 'manual' });
    if (response.type === 'opaqueredirect') return unanswered(url, began, REDIRECTED);
    const blob = await response.blob();
    const answer = { url, ok: response.ok, status: response.status, headers: response.headers, blob, ms: performance.now() - began, problem: null };
    return response.ok ? answer : { ...answer, problem: await problemOf(response, blob) };
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    return unanswered(url, began, SILENT);
  }
}

const unanswered = (url, began, problem) => ({ url, ok: false, status: 0, headers: new Headers(), blob: null, ms: performance.now() - began, problem });

/** Read an answer's JSON object; null where it is none, as of a page that a proxy has put in its place. */
export async function objectOf(blob) {
  try {
    const said = JSON.parse(await blob.text());
    return typeof said === 'object' ? said : null;
  } catch {
    return null;
  }
}

async function problemOf(response, blob) {
  const unknown = { title: response.statusText || 'Error', status: response.status, detail: 'The answer is no problem document.', code: 'unknown' };
  const said = await objectOf(blob);
  return said?.title && said.detail ? said : unknown;
}
