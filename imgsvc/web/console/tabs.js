/** Tabs as the ARIA Authoring Practices have them: arrows, Home and End move and choose; one tab stop in all. */

import { byId } from './dom.js';

/** Make a tab list work; `opened(name)` is called with the name of each tab that is chosen, the first included. */
export function tabs(list, opened) {
  const all = [...list.querySelectorAll('[role=tab]')];
  const nameOf = (tab) => tab.id.replace('tab-', '');
  function choose(chosen) {
    for (const tab of all) {
      const is = tab === chosen;
      tab.setAttribute('aria-selected', String(is));
      tab.tabIndex = is ? 0 : -1;
      byId(tab.getAttribute('aria-controls')).hidden = !is;
    }
    opened(nameOf(chosen));
  }
  list.addEventListener('click', ({ target }) => {
    const tab = target.closest('[role=tab]');
    if (tab) choose(tab);
  });
  list.addEventListener('keydown', (event) => {
    const at = all.indexOf(document.activeElement);
    const to = { ArrowRight: (at + 1) % all.length, ArrowLeft: (at + all.length - 1) % all.length, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    all[to].focus();
    choose(all[to]);
  });
  choose(all.find((tab) => `#${nameOf(tab)}` === location.hash) ?? all[0]);
}
