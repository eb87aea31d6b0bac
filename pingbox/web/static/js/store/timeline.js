/**
 * What stands in the message list, from top to bottom. Pure. Items:
 *   {kind: 'day', key, ts} · {kind: 'gap', key, from, to, count} · {kind: 'new', key}
 *   {kind: 'message', key, ts, user, text, own, head, state, cid, code}
 * head: the first of a group by one author. state: 'sent', 'queued', 'sending' or 'failed'.
 * The key of an own message is its cid, so that it stays the same element when the server confirms it.
 */
import { gaps } from './log.js';

export const GROUP_WITHIN = 5 * 60_000; // ms between two messages under one name

export function timeline(room, outbox, me) {
  const stored = [...room.log.messages.values()].sort((a, b) => a.seq - b.seq);
  const items = [];
  const missing = gaps(room.log);
  let last = null;
  let lined = false;
  for (const event of stored) {
    const gap = last && missing.find(([from]) => from > last.seq && from < event.seq);
    const count = gap ? Math.max(0, event.n - last.n - 1) : 0;
    if (count > 0) {
      items.push({ kind: 'gap', key: `gap:${gap[0]}`, from: gap[0], to: gap[1], count });
    }
    if (!lined && room.divider !== null && event.n > room.divider) {
      lined = true;
      if (last && !isOwn(event, me)) items.push({ kind: 'new', key: 'new' });
    }
    pushMessage(items, fromEvent(event, me));
    last = event;
  }
  for (const item of outbox) if (item.room === room.id) pushMessage(items, fromOutbox(item, me));
  return items;
}

function pushMessage(items, message) {
  const before = items.at(-1);
  const previous = before?.kind === 'message' ? before : items.findLast((item) => item.kind === 'message');
  const newDay = !previous || dayOf(previous.ts) !== dayOf(message.ts);
  if (newDay) items.push({ kind: 'day', key: `day:${dayOf(message.ts)}`, ts: message.ts });
  const joins = !newDay && before === previous && previous.user.id === message.user.id
    && message.ts - previous.ts < GROUP_WITHIN;
  items.push({ ...message, head: !joins });
}

function fromEvent(event, me) {
  const own = isOwn(event, me);
  return {
    kind: 'message', key: own && event.cid ? `c:${event.cid}` : `s:${event.seq}`, seq: event.seq,
    ts: event.ts, user: event.user, text: event.text ?? '', own, state: 'sent', cid: event.cid ?? null, code: null,
  };
}

function fromOutbox(item, me) {
  return {
    kind: 'message', key: `c:${item.cid}`, seq: null,
    ts: item.at, user: me ?? { id: '', name: '' }, text: item.text, own: true, state: item.state, cid: item.cid, code: item.code,
  };
}

function isOwn(event, me) {
  return me !== null && event.user?.id === me.id;
}

function dayOf(ts) {
  const date = new Date(ts);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}
