/** One element for each kind of thing in the message list; see store/timeline.js for the items. */
import { reactors } from '../../store/effects.js';
import { textNodes } from '../../text/nodes.js';
import { plain } from '../../text/parse.js';
import { button, el, focused, icon } from '../dom.js';
import { avatar, nameOf } from '../parts.js';

const FIELDS = [
  'seq', 'ts', 'text', 'state', 'code', 'head', 'sameMinute', 'count', 'from', 'to', 'label', 'deleted', 'editedAt', 'rx', 'undo', 'quote', 'rank', 'me', 'sent', 'names',
];

export function same(a, b) {
  return FIELDS.every((field) => a[field] === b[field]) && a.user?.name === b.user?.name && a.user?.id === b.user?.id;
}

/**
 * `tools`: {lang, room, on, does, names(item)}. on: {retry, edit, discard, fill, jump, profile, react, pick}, see messages.js;
 * does: what text/nodes.js wants; names: the people who may be named in the text.
 */
export function makeItem(item, tools) {
  if (item.kind !== 'message') return MAKERS[item.kind](item, tools);
  const node = el('article', { class: 'message', tabindex: -1 });
  node.parts = new Map();
  fillMessage(node, item, tools);
  return node;
}

/** Messages keep their element, and the parts of it that stay the same; the other kinds are cheap to build anew inside. */
export function updateItem(node, item, old, tools) {
  if (item.kind === 'message') fillMessage(node, item, tools);
  else node.replaceChildren(...MAKERS[item.kind](item, tools).childNodes);
}

const MAKERS = {
  day: (item) => el('div', { class: 'day' }, el('time', { datetime: new Date(item.ts).toISOString() }, item.label)),
  new: (item, { lang }) => el('div', { class: 'new', role: 'separator', 'aria-label': lang.t('room.new') }, lang.t('room.new')),
  gap: (item, { lang, on }) => el('div', { class: 'gap' }, el('span', {}, lang.t('room.gap', { count: item.count })),
    button(lang.t('room.load'), () => on.fill(item), 'low')),
};

/** The parts of a message from top to bottom: what each is made of, and how. null: it has none. */
const PARTS = /** @type {[string, (item: any) => any[], (item: any, tools: any) => any][]} */ ([
  ['face', ({ user, head }) => [user.id, user.name, head], makeFace],
  ['byline', ({ user, own, ts }) => [user.id, user.name, own, ts], makeByline],
  ['quote', ({ quote }) => [quote], makeQuote],
  ['body', ({ text, deleted, undo, names, editedAt, state, sent }) => [text, deleted, undo, names, editedAt, state, sent], makeBody],
  ['reactions', ({ rx, deleted, me }) => [rx, deleted, me], makeReactions],
  ['trouble', ({ state, code }) => [state === 'failed', code], makeTrouble],
]);

function fillMessage(node, item, tools) {
  const focus = node.contains(document.activeElement) ? focused().dataset.focus : null;
  let cursor = null;
  for (const [name, inputs, make] of PARTS) {
    const key = JSON.stringify(inputs(item));
    const known = node.parts.get(name);
    const part = known?.key === key ? known.part : make(item, tools);
    if (known && known.part !== part) known.part?.remove();
    node.parts.set(name, { key, part });
    if (!part) continue;
    if (!part.isConnected || part.parentNode !== node) cursor ? cursor.after(part) : node.prepend(part);
    cursor = part;
  }
  describeMessage(node, item, tools);
  if (focus) node.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus();
}

function describeMessage(node, item, { lang }) {
  const mentioned = !item.own && item.mentions.includes(item.me);
  node.className = ['message', item.head && 'head', item.own && 'own', item.sameMinute && 'same-minute', mentioned && 'mention', node.classList.contains('acted') && 'acted', node.classList.contains('traced') && 'traced'].filter(Boolean).join(' ');
  const data = { state: item.own ? item.state : undefined, cid: item.own ? item.cid : undefined, seq: item.seq ?? undefined };
  for (const [key, value] of Object.entries(data)) {
    if (value === undefined || value === null) delete node.dataset[key];
    else node.dataset[key] = value;
  }
  node.setAttribute('aria-label', spoken(item, mentioned, lang));
  node.setAttribute('aria-posinset', String(item.rank + 1));
}

/** "Bo, 09:31, mentions you, first words, 1 reaction" */
function spoken(item, mentioned, lang) {
  const count = Object.values(item.rx ?? {}).length;
  return [
    item.user.name, lang.time(item.ts), mentioned && lang.t('message.mentions'), item.quote && lang.t('message.reply', { name: item.quote.name }),
    item.deleted ? lang.t('message.deleted') : plain(item.text).slice(0, 120), item.editedAt && !item.deleted && lang.t('message.edited'),
    count > 0 && lang.t('message.reactions', { count }), item.state !== 'sent' && lang.t(`message.${item.state}`),
  ].filter(Boolean).join(', ');
}

function makeFace({ user, head }, { room, on }) {
  if (!head) return null;
  const face = avatar(user, room);
  face.classList.add('face');
  face.addEventListener('click', () => on.profile(user, face));
  return face;
}

function makeByline({ user, own, ts }, { lang, on }) {
  const name = el('button', { type: 'button', tabindex: -1, on: { click: (event) => on.profile(user, event.currentTarget) } }, nameOf(user));
  const node = el('div', { class: 'byline' }, name);
  if (own) node.append(el('span', { class: 'you' }, lang.t('you')));
  node.append(el('time', { datetime: new Date(ts).toISOString(), title: lang.exact(ts) }, lang.time(ts)));
  return node;
}

function makeQuote({ quote }, { lang, room, on }) {
  if (!quote) return null;
  const words = quote.deleted ? lang.t('message.deleted') : quote.text || lang.t('message.not.here');
  return el(
    'button', { type: 'button', class: 'quote-of', tabindex: -1, title: lang.t('message.jump'), on: { click: () => on.jump(quote.seq) } },
    quote.id ? avatar({ id: quote.id, name: quote.name }, room) : '', el('b', {}, nameOf({ name: quote.name })), el('span', { class: 'cut', dir: 'auto' }, words),
  );
}

function makeBody(item, tools) {
  const { lang, on, does } = tools;
  if (item.deleted) {
    const gone = el('div', { class: 'body gone' }, icon('bin'), lang.t('message.deleted'));
    if (item.undo) gone.append(el('button', { type: 'button', 'data-focus': 'undo', on: { click: () => on.discard(item.undo) } }, lang.t('message.undo')));
    return gone;
  }
  const body = el('div', { class: 'body' }, ...textNodes(item.text, tools.people(item), does));
  if (item.state === 'sending') body.classList.add('waiting');
  if (body.querySelector('.code')) body.classList.add('with-code');
  const last = body.lastElementChild?.matches('p') ? body.lastElementChild : body;
  if (item.editedAt) last.append(' ', el('span', { class: 'edited', 'data-words': lang.t('message.edited.mark'), title: lang.exact(item.editedAt) }));
  const mark = MARKS[item.state] ?? (item.sent ? 'sent' : null);
  if (mark) last.append(el('span', { class: mark === 'sent' ? 'after at-once' : 'after', title: lang.t(`message.${item.state}`), 'data-words': item.state === 'sent' ? '' : lang.t(`message.${item.state}.mark`) }, icon(mark)));
  return body;
}

const MARKS = { sending: 'clock', queued: 'clock' };

function makeReactions(item, { lang, on, nameOfUser }) {
  const all = Object.keys(item.rx ?? {}).filter((emoji) => reactors(item, emoji).length);
  if (item.deleted || all.length === 0) return null;
  const buttons = all.map((emoji) => {
    const users = reactors(item, emoji);
    const own = users.includes(item.me);
    const names = lang.list(users.slice(0, 20).map((id) => (id === item.me ? lang.t('you') : nameOfUser(id))));
    const says = lang.t('message.reacted', { names, emoji });
    return el('button', {
      type: 'button', class: 'reaction', tabindex: -1, 'aria-pressed': String(own), title: says, 'aria-label': `${emoji} ${users.length}, ${says}`, 'data-focus': `rx:${emoji}`,
      on: { click: () => on.react(item, emoji) },
    }, el('span', {}, emoji), String(users.length));
  });
  const add = el('button', {
    type: 'button', class: 'reaction add', tabindex: -1, title: lang.t('act.react'), 'aria-label': lang.t('act.react'), 'data-focus': 'rx+', on: { click: (event) => on.pick(item, event.currentTarget) },
  }, icon('smile'));
  return el('div', { class: 'reactions' }, ...buttons, add);
}

function makeTrouble(item, { lang, on }) {
  if (item.state !== 'failed') return null;
  const retry = item.code === 'too_long' || item.code === 'too_large'
    ? el('button', { type: 'button', on: { click: () => on.edit(item) } }, lang.t('act.edit'))
    : el('button', { type: 'button', on: { click: () => on.retry(item.change) } }, lang.t('message.retry'));
  return el(
    'div', { class: 'trouble', role: 'alert' }, icon('alert'), el('span', {}, lang.t('message.failed.because', { reason: lang.reason(item.code) })), retry,
    el('button', { type: 'button', on: { click: () => on.discard(item.change) } }, lang.t('message.discard')),
  );
}
