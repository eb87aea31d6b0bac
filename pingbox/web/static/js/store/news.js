/**
 * What is to be told to someone who cannot see the list: messages of others, each once, in the log's order. Pure.
 *
 * Told is what `seen` has passed, not what the server promised: after a reconnect `welcome` names the newest number
 * before `sync` brings the messages, and a drawing may come between the two.
 */

/** Where the teller stands in a room: null until its first page is there, for that is no news. */
export function toldSoFar({ id, log }) {
  return log.seen === null ? null : { room: id, epoch: log.epoch, seen: log.seen };
}

/** The messages that came since `told` (of an earlier `toldSoFar`). Another room or another log brings no news. */
export function news({ id, log }, told, me) {
  if (told === null || told.room !== id || told.epoch !== log.epoch || log.seen === null) return [];
  return [...log.messages.from(told.seen + 1)].filter(({ seq, user }) => seq <= log.seen && user.id !== me?.id);
}
