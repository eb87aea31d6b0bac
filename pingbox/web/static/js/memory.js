/** Which parts of the state outlive the page, and how they come back. */

/** What `initialState` wants, from storage and the address (#room). */
export function recall(storage, user, hash) {
  const wanted = roomOf(hash);
  const rooms = storage.get('rooms', []);
  return {
    me: user,
    rooms: wanted && !rooms.includes(wanted) ? [...rooms, wanted] : rooms,
    focus: wanted ?? storage.get('focus'),
    reads: storage.get('reads', {}),
    outbox: storage.outbox(),
  };
}

/** Write down what changed between two states. */
export function remember(storage, before, after) {
  if (before.outbox !== after.outbox) storage.saveOutbox(before.outbox, after.outbox);
  if (before.focus !== after.focus) storage.set('focus', after.focus);
  if (before.rooms === after.rooms) return;
  const rooms = Object.values(after.rooms);
  if (Object.keys(before.rooms).join() !== Object.keys(after.rooms).join()) storage.set('rooms', Object.keys(after.rooms));
  if (rooms.some((room) => room.readN !== before.rooms[room.id]?.readN)) {
    storage.set('reads', reads(storage.get('reads', {}), before, after));
  }
}

/** How far every room was read; the epoch says of which log. What another tab has read meanwhile stays read. */
export function reads(stored, before, after) {
  const next = { ...after.reads, ...stored };
  for (const { id, log, readN, readSeq } of Object.values(after.rooms)) {
    if (readN === null || log.epoch === null || readN === before.rooms[id]?.readN) continue;
    const known = Object.hasOwn(next, id) && next[id].epoch === log.epoch ? next[id].n : -1;
    const back = readN < (before.rooms[id]?.readN ?? 0); // marked unread by hand
    if (readN > known || back) next[id] = { epoch: log.epoch, n: readN, seq: readSeq };
  }
  return next;
}

/** The room that an address (#room, #room/seq) leads to, or null. */
export function roomOf(hash) {
  const [, id] = /^#\/?([^/]*)/.exec(decoded(hash)) ?? [];
  return id !== undefined && (ROOM.test(id) || DIRECT.test(id)) ? id : null;
}

/** The number of the message that an address leads to, or null. */
export function messageOf(hash) {
  const [, seq] = /^#\/?[^/]*\/(\d{1,15})$/.exec(decoded(hash)) ?? [];
  return seq === undefined ? null : Number(seq);
}

const ROOM = /^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/;
const DIRECT = /^dm:[A-Za-z0-9._~-]{1,64}:[A-Za-z0-9._~-]{1,64}$/;

/** An address that is not well encoded (%E0%A4%A) leads nowhere. */
function decoded(hash) {
  try {
    return decodeURIComponent(hash);
  } catch {
    return '';
  }
}
