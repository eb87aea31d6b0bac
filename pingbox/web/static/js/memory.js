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
  if (rooms.some((room) => room.readN !== before.rooms[room.id]?.readN)) storage.set('reads', reads(after));
}

/** How far every room was read; the epoch says of which log. */
export function reads(state) {
  const known = Object.values(state.rooms).filter((room) => room.readN !== null && room.log.epoch !== null);
  return { ...state.reads, ...Object.fromEntries(known.map(({ id, log, readN }) => [id, { epoch: log.epoch, n: readN }])) };
}

export function roomOf(hash) {
  const id = decodeURIComponent(hash.replace(/^#\/?/, ''));
  return /^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/.test(id) ? id : null;
}
