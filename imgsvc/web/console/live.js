/** Asks the service how it is, every second and a half while somebody looks, and says when it does not answer. */

const EVERY_MS = 1500;
const PATIENCE_MS = 5000;

async function asked(path) {
  const response = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
  return response.json();
}

/**
 * Ask until the page is left.
 *
 * `onNews({health, metrics})` is called with each answer, `onSilence()` each time that there is none: the service has
 * stopped, or something before it has.
 */
export function watch(onNews, onSilence) {
  let timer = null;
  async function ask() {
    timer = null;
    try {
      const [health, metrics] = await Promise.all([asked('/api/health'), asked('/api/health/metrics')]);
      onNews({ health, metrics });
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof DOMException || error instanceof SyntaxError)) console.error(error);
      onSilence();
    }
    next(EVERY_MS);
  }
  function next(delay) {
    clearTimeout(timer);
    timer = document.hidden ? null : setTimeout(ask, delay);
  }
  document.addEventListener('visibilitychange', () => next(0));
  next(0);
}
