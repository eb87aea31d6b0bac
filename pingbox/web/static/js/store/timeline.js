/**
 * What stands in the message list, from top to bottom. Pure. Items:
 *   {kind: 'day', key, ts} · {kind: 'gap', key, from, to, count} · {kind: 'new', key}
 *   {kind: 'message', key, seq, n, ts, user, text, own, head, state, cid, code, rank, …}
 * head: the first of a group by one author. state: 'sent', 'queued', 'sending' or 'failed'.
 * rank: how many of the messages held stand above it.
 * The key of an own message is its cid, so that it stays the same element when the server confirms it.
 */
import { affected, erased } from './effects.js';
import { gaps } from './log.js';

export const GROUP_WITHIN = 5 * 60_000; // ms between two messages under one name

/** `window` {from, to}: only the messages of these numbers, both included. */
export function timeline(room, outbox, me, window = { from: 0, to: Infinity }) {
  const { messages } = room.log;
  const here = outbox.filter((item) => item.room === room.id);
  const pending = Map.groupBy(here.filter(({ target }) => target), ({ target }) => target);
  const missing = gaps(room.log);
  const items = [];
  let [last] = messages.before(window.from);
  let rank = messages.rank(window.from);
  let lined = Boolean(last && room.divider !== null && last.n > room.divider);
  for (const event of messages.from(window.from)) {
    if (event.seq > window.to) return items;
    const gap = last && missing.find(([from]) => from > last.seq && from < event.seq);
    const count = gap ? Math.max(0, event.n - last.n - 1) : 0;
    const hidden = count > 0 && !lined && room.divider !== null && last.n + 1 > room.divider;
    if (hidden) {
      lined = true; // the first unread message is not here yet
      items.push({ kind: 'new', key: 'new' });
    }
    if (count > 0) items.push({ kind: 'gap', key: `gap:${gap[0]}`, from: gap[0], to: gap[1], count });
    const begins = !lined && room.divider !== null && event.n > room.divider;
    if (begins) lined = true;
    const line = begins && (!isOwn(event, me) || room.held);
    pushMessage(items, fromEvent(event, me, pending.get(event.seq) ?? [], rank), items.length ? null : last, line);
    last = event;
    rank += 1;
  }
  for (const item of here) if (!item.kind || item.kind === 'send') pushMessage(items, fromOutbox(item, me, rank++), items.length ? null : last);
  return items;
}

/** `earlier`: the message above the first one shown, if that is not in the list itself; `line`: the first new one. */
function pushMessage(items, message, earlier, line = false) {
  const before = items.at(-1) ?? null;
  const previous = before?.kind === 'message' ? before : items.findLast((item) => item.kind === 'message') ?? earlier ?? null;
  const newDay = !previous || dayOf(previous.ts) !== dayOf(message.ts);
  if (newDay) items.push({ kind: 'day', key: `day:${dayOf(message.ts)}`, ts: message.ts });
  if (line) items.push({ kind: 'new', key: 'new' });
  const joins = !newDay && !line && (before === previous || before === null) && previous.user.id === message.user.id
    && message.ts - previous.ts < GROUP_WITHIN && message.replyTo === null;
  items.push({ ...message, head: !joins, sameMinute: joins && minute(previous.ts) === minute(message.ts) });
}

function fromEvent(event, me, pending, rank) {
  const own = isOwn(event, me);
  const shown = pending.reduce((message, item) => expected(message, item, me), event);
  return {
    kind: 'message', key: own && event.cid ? `c:${event.cid}` : `s:${event.seq}`, seq: event.seq, n: event.n, rank,
    ts: event.ts, user: event.user, text: shown.text ?? '', own, cid: event.cid ?? null, replyTo: event.replyTo ?? null,
    deleted: shown.deleted ?? false, editedAt: shown.editedAt ?? null, rx: shown.rx ?? null, mentions: shown.mentions ?? [],
    me: me?.id ?? '', ...stateOf(pending),
  };
}

/** An own message is as far along as the change of it that waits. */
function stateOf(pending) {
  const edit = pending.find(({ kind }) => kind === 'edit');
  const removal = pending.find(({ kind, after }) => kind === 'delete' && after > 0);
  const undo = removal ? { undo: removal.cid } : { undo: null };
  return edit ? { state: edit.state, code: edit.code, change: edit.cid, ...undo } : { state: 'sent', code: null, change: null, ...undo };
}

/** What the message will be when the change is stored: shown at once. */
function expected(message, { kind, text, emoji, op, at }, me) {
  if (kind === 'edit') return { ...message, text, editedAt: at };
  if (kind === 'delete') return erased(message);
  return affected(message, { type: 'reaction', emoji, op, user: me ?? { id: '' } });
}

function fromOutbox(item, me, rank) {
  return {
    kind: 'message', key: `c:${item.cid}`, seq: null, n: null, rank,
    ts: item.at, user: me ?? { id: '', name: '' }, text: item.text, own: true, cid: item.cid, replyTo: item.replyTo ?? null,
    deleted: false, editedAt: null, rx: null, mentions: [], me: me?.id ?? '',
    state: item.state, code: item.code, change: item.cid, undo: null,
  };
}

function isOwn(event, me) {
  return me !== null && event.user?.id === me.id;
}

function dayOf(ts) {
  const date = new Date(ts);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

function minute(ts) {
  return Math.floor(ts / 60_000);
}
