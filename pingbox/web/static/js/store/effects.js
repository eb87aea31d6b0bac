/** What edits, deletions and reactions make of a message. Pure. */

export const EFFECTS = new Set(['edit', 'delete', 'reaction']);

/** The message after `event`, the same object if nothing changes. Replaying an event changes nothing. */
export function affected(message, event) {
  if (message.deleted) return message;
  if (event.type === 'edit') return edited(message, event);
  if (event.type === 'delete') return erased(message);
  return reacted(message, event);
}

function edited(message, { text, rev, ts, mentions }) {
  if ((rev ?? 0) <= (message.rev ?? 0)) return message;
  return { ...message, text, rev, editedAt: ts, mentions: mentions ?? message.mentions };
}

export function erased(message) {
  return { ...message, deleted: true, text: '', mentions: [], rx: {} };
}

function reacted(message, { emoji, op, user }) {
  const users = reactors(message, emoji);
  if ((op !== 'remove') === users.includes(user.id)) return message;
  const next = op === 'remove' ? users.filter((id) => id !== user.id) : [...users, user.id];
  const { [emoji]: _, ...others } = message.rx ?? {};
  return { ...message, rx: next.length ? { ...message.rx, [emoji]: next } : others };
}

/** The ids of those who reacted with `emoji`. */
export function reactors({ rx }, emoji) {
  return (rx && Object.hasOwn(rx, emoji) ? rx[emoji] : []).map((user) => user.id ?? user);
}

/** Is `other` a later state of the same message? */
export function isNewer(message, other) {
  return !message.deleted && (other.deleted === true || (other.rev ?? 0) > (message.rev ?? 0));
}
