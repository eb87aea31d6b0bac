/** Keys that work everywhere on the page. */
import { isOpen } from './popup.js';

/** The table of the settings: [keys, word]. */
export const KEYS = [
  ['Ctrl K', 'keys.switch'], ['Ctrl Shift F', 'keys.search'], ['Alt ↑ ↓', 'keys.room'], ['Alt Shift ↑ ↓', 'keys.unread'], ['F6', 'keys.region'],
  ['Enter', 'keys.send'], ['Shift Enter', 'keys.line'], ['↑', 'keys.edit'], ['Esc', 'keys.escape'], ['Ctrl B I E', 'keys.format'],
  ['R E + C L U W Del', 'keys.message'], ['?', 'keys.help'],
];

/**
 * on: {switcher(), search(), room(step, unreadOnly), regions() -> [elements], compose(), help(), escape()}
 */
export function listenForKeys(root, on) {
  root.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const act = pressed(root, event, on);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function pressed(root, event, on) {
  const { key, altKey, shiftKey } = event;
  const control = event.ctrlKey || event.metaKey;
  if (control && !altKey && !shiftKey && key.toLowerCase() === 'k') return () => on.switcher();
  if (root.querySelector('dialog[open]') || isOpen()) return null;
  if (control && shiftKey && key.toLowerCase() === 'f') return () => on.search();
  if (altKey && !control && (key === 'ArrowUp' || key === 'ArrowDown')) return () => on.room(key === 'ArrowUp' ? -1 : 1, shiftKey);
  if (key === 'F6') return () => region(root, on.regions(), shiftKey ? -1 : 1);
  if (control || altKey || inField(event.target)) return null;
  if (key === '?') return () => on.help();
  if (key === 'Escape') return () => on.escape();
  if (key.length === 1 && key !== ' ' && !event.target.closest('#log, [role="menu"], select')) return () => on.compose(key);
  return null;
}

function inField(target) {
  return target.matches('input, textarea, select, [contenteditable]');
}

/** From one region of the page to the next. */
function region(root, regions, step) {
  const shown = regions.filter((each) => each && each.offsetParent !== null);
  const at = shown.findIndex((each) => each.contains(root.activeElement));
  const next = shown[(at + step + shown.length) % shown.length];
  const stop = next?.matches('textarea') ? next : next?.querySelector('[tabindex="0"], [aria-current="true"], button:not([hidden]):not([tabindex="-1"]), input');
  (stop ?? next)?.focus();
}
