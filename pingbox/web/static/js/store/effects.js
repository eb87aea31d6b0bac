/** What edits, deletions and reactions make of a message. Pure. */

export const EFFECTS = new Set(['edit', 'delete', 'reaction']);

/** The message after `event`, the same object if nothing changes. Replaying an event changes nothing. */
export function affected(message, event) {
  if (message.deleted) return message;
  if (event.type === 'edit') return edited(message, event);
  if (event.type === 'delete') return erased(message);
  return reacted(message, event);
}

function edited(message, { text, rev, ts, editedAt, mentions }) {
  if ((rev ?? 0) <= (message.rev ?? 0)) return message;
  return { ...message, text, rev, editedAt: editedAt ?? ts, mentions: mentions ?? [] };
}

export function erased(message) {
  return { ...message, deleted: true, text: '', mentions: [], rx: {} };
}

/** Of several reactions of one person with one emoji the last one counts, in whatever order they come. */
function reacted(message, { emoji, op, user, seq = Infinity }) {
  const key = `${user.id} ${emoji}`;
  if ((message.rxAt?.get(key) ?? 0) > seq) return message;
  const dated = seq === Infinity ? message : { ...message, rxAt: new Map(message.rxAt).set(key, seq) };
  const users = reactors(message, emoji);
  if ((op !== 'remove') === users.includes(user.id)) return dated;
  const next = op === 'remove' ? users.filter((id) => id !== user.id) : [...users, user.id];
  const { [emoji]: _, ...others } = message.rx ?? {};
  return { ...dated, rx: next.length ? { ...message.rx, [emoji]: next } : others };
}

/** The ids of those who reacted with `emoji`. */
export function reactors({ rx }, emoji) {
  return (rx && Object.hasOwn(rx, emoji) ? rx[emoji] : []).map((user) => user.id ?? user);
}

/** Is `other` a later state of the same message? */
export function isNewer(message, other) {
  return !message.deleted && (other.deleted === true || (other.rev ?? 0) > (message.rev ?? 0));
}
