/** How the connection is: silence while all is well, words after two seconds when it is not. */
import { setText } from './dom.js';

const PATIENCE = 2000; // ms before a bar is shown; most losses are over by then
const AT_ONCE = new Set(['offline', 'refused']);
const BUTTONS = { waiting: 'state.now', refused: 'state.connect' };

export class Status {
  constructor(root, onNow) {
    const find = (id) => root.getElementById(id);
    Object.assign(this, {
      bar: find('status'), text: find('status-text'), button: find('status-now'), live: find('status-live'),
      dot: find('link-dot'), alert: find('alert'),
    });
    this.troubleSince = null;
    this.button.addEventListener('click', onNow);
  }

  render(link, notice, lang, now) {
    const calm = link.phase === 'online' || link.phase === 'idle';
    this.troubleSince = calm ? null : this.troubleSince ?? now;
    const shown = !calm && (AT_ONCE.has(link.phase) || now - this.troubleSince >= PATIENCE);
    this.dot.dataset.phase = link.phase;
    this.dot.setAttribute('aria-label', words(link, lang, now));
    this.bar.hidden = !shown;
    if (shown) {
      setText(this.text, words(link, lang, now));
      this.button.hidden = !BUTTONS[link.phase];
      if (!this.button.hidden) setText(this.button, lang.t(BUTTONS[link.phase]));
    }
    this.#speak(link, shown, lang, now);
    this.#complain(notice, lang);
  }

  /** The countdown is not read out, only what changed; and "Connected" only to someone who heard of a trouble. */
  #speak(link, shown, lang, now) {
    if (shown) setText(this.live, link.phase === 'waiting' ? lang.t('state.retrying') : words(link, lang, now));
    else if (link.phase === 'online' && this.live.textContent) setText(this.live, lang.t('state.online'));
  }

  #complain(notice, lang) {
    this.alert.hidden = !notice;
    setText(this.alert, notice ? lang.t('notice', { reason: lang.reason(notice.code) }) : '');
  }
}

function words(link, lang, now) {
  const { phase, tries, retryAt, reason } = link;
  if (phase === 'waiting') return lang.t('state.waiting', { tries, seconds: Math.max(0, Math.ceil((retryAt - now) / 1000)) });
  if (phase === 'refused') return lang.t('state.refused', { reason: lang.reason(reason) });
  return lang.t(phase === 'idle' ? 'state.connecting' : `state.${phase}`);
}
