/** How the connection is: silence while all is well, a strip under the header when it is not. */
import { byId, el, icon, rebuild, setText } from './dom.js';

const PATIENCE = { connecting: 1000, default: 2000 }; // ms before the strip is shown; most losses are over by then
const AT_ONCE = new Set(['offline', 'refused']);
const BUTTONS = { waiting: 'state.now', refused: 'state.connect' };
const KINDS = { connecting: 'strip calm', catching: 'strip calm', refused: 'strip bad' };
const SIGNS = { offline: 'off', refused: 'alert' };

export class Status {
  constructor(root, onNow) {
    const find = (id) => byId(root, id);
    this.app = find('app');
    this.bar = find('status');
    this.sign = this.bar.querySelector('.strip-mark');
    this.text = find('status-text');
    this.button = find('status-now');
    this.live = find('status-live');
    this.alert = find('alert');
    this.troubleSince = null;
    this.said = null;
    this.button.addEventListener('click', onNow);
  }

  /** `waiting`: how many messages wait to be sent. */
  render(link, notice, waiting, lang, now) {
    const calm = link.phase === 'online' || link.phase === 'idle';
    this.troubleSince = calm ? null : this.troubleSince ?? now;
    const shown = !calm && (AT_ONCE.has(link.phase) || now - this.troubleSince >= (PATIENCE[link.phase] ?? PATIENCE.default));
    this.app.dataset.phase = link.phase;
    this.bar.hidden = !shown;
    if (shown) {
      this.bar.className = KINDS[link.phase] ?? 'strip';
      rebuild(this.sign, [link.phase], () => [SIGNS[link.phase] ? icon(SIGNS[link.phase]) : el('span', { class: 'spinner' })]);
      setText(this.text, words(link, waiting, lang, now));
      this.button.hidden = !BUTTONS[link.phase];
      if (!this.button.hidden) setText(this.button, lang.t(BUTTONS[link.phase]));
    }
    this.#speak(link, shown, lang, now);
    this.#complain(notice, lang);
  }

  /** Say something once to those who cannot see that it happened: copied, undone. */
  say(words) {
    setText(this.live, words);
  }

  /** The countdown is not read out, only what changed; and "Connected" only to someone who heard of a trouble. */
  #speak(link, shown, lang, now) {
    const says = shown ? (link.phase === 'waiting' ? lang.t('state.retrying') : words(link, 0, lang, now)) : null;
    if (says === this.said) return;
    if (says !== null) setText(this.live, says);
    else if (link.phase === 'online') setText(this.live, lang.t('state.online'));
    else return;
    this.said = says;
  }

  #complain(notice, lang) {
    this.alert.hidden = !notice;
    setText(this.alert, notice ? lang.t('notice', { reason: lang.reason(notice.code) }) : '');
  }
}

function words(link, waiting, lang, now) {
  const { phase, tries, retryAt, reason } = link;
  if (phase === 'waiting') return lang.t('state.waiting', { tries, seconds: Math.max(0, Math.ceil((retryAt - now) / 1000)) });
  if (phase === 'refused') return lang.t('state.refused', { reason: lang.reason(reason) });
  if (phase === 'offline') return waiting ? lang.t('state.offline.waiting', { count: waiting }) : lang.t('state.offline');
  return lang.t(phase === 'idle' ? 'state.connecting' : `state.${phase}`);
}
