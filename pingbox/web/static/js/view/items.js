/** One element for each kind of thing in the message list; see store/timeline.js for the items. */
import { textNodes } from '../text/nodes.js';
import { el, icon } from './dom.js';
import { avatar, nameOf } from './parts.js';

const MARKS = { sent: 'sent', sending: 'clock', queued: 'clock', failed: 'alert' };
const FIELDS = ['ts', 'text', 'state', 'code', 'head', 'count', 'from', 'to', 'label'];

export function same(a, b) {
  return FIELDS.every((field) => a[field] === b[field]) && a.user?.name === b.user?.name && a.user?.id === b.user?.id;
}

export function makeItem(item, { lang, on }) {
  return MAKERS[item.kind](item, lang, on);
}

/** Messages keep their element, and with it focus and selection; the other kinds are cheap to build anew inside. */
export function updateItem(node, item, old, { lang, on }) {
  if (item.kind !== 'message') return node.replaceChildren(...MAKERS[item.kind](item, lang, on).childNodes);
  node.classList.toggle('head', item.head);
  if (item.text !== old.text) node.querySelector('.body').replaceChildren(...textNodes(item.text));
  if (item.user.id !== old.user.id || item.user.name !== old.user.name) {
    node.querySelector('.avatar').replaceWith(avatar(item.user));
    node.querySelector('.byline bdi').replaceWith(nameOf(item.user));
  }
  if (item.ts !== old.ts) node.querySelector('time').replaceWith(timeOf(item, lang));
  return setState(node, item, lang, on);
}

const MAKERS = {
  message: makeMessage,
  day: (item, lang) => el('div', { class: 'day' }, el('time', { datetime: new Date(item.ts).toISOString() }, item.label)),
  new: (item, lang) => el('div', { class: 'new', role: 'separator', 'aria-label': lang.t('room.new') }, lang.t('room.new')),
  gap: makeGap,
};

function makeMessage(item, lang, on) {
  const byline = el('div', { class: 'byline' }, el('b', {}, nameOf(item.user)));
  if (item.own) byline.append(el('span', { class: 'badge' }, lang.t('you')));
  byline.append(timeOf(item, lang));
  const node = el(
    'article', { class: item.own ? 'message own' : 'message', tabindex: -1, 'data-cid': item.own ? item.cid : null },
    avatar(item.user), byline, el('div', { class: 'body' }, ...textNodes(item.text)),
  );
  node.classList.toggle('head', item.head);
  setState(node, item, lang, on);
  return node;
}

function timeOf({ ts }, lang) {
  return el('time', { datetime: new Date(ts).toISOString(), title: lang.exact(ts) }, lang.time(ts));
}

function setState(node, item, lang, on) {
  if (!item.own || node.dataset.state === item.state && node.dataset.code === (item.code ?? '')) return;
  Object.assign(node.dataset, { state: item.state, code: item.code ?? '' });
  const says = item.state === 'failed' ? lang.t('message.failed', { reason: lang.reason(item.code) }) : lang.t(`message.${item.state}`);
  const mark = el('span', { class: 'mark', title: says }, icon(MARKS[item.state]), el('span', { class: 'unseen' }, says));
  for (const part of node.querySelectorAll('.mark, .trouble')) part.remove();
  node.append(mark);
  if (item.state === 'failed') node.append(trouble(item, says, lang, on));
}

function trouble({ cid }, says, lang, on) {
  return el(
    'div', { class: 'trouble' }, el('span', {}, says),
    el('button', { type: 'button', on: { click: () => on.retry(cid) } }, lang.t('message.retry')),
    el('button', { type: 'button', on: { click: () => on.discard(cid) } }, lang.t('message.discard')),
  );
}

function makeGap(item, lang, on) {
  const load = el('button', { type: 'button', class: 'button small', on: { click: () => on.fill(item) } }, lang.t('room.load'));
  const node = el('div', { class: 'gap' }, el('span', {}, lang.t('room.gap', { count: item.count })), load);
  return node;
}

/** The list's accessible words change when the language does. */
export function relabel(item, lang, now) {
  return item.kind === 'day' ? { ...item, label: lang.day(item.ts, now) } : item;
}

