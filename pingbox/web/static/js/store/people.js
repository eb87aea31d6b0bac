/**
 * Who is in a room: a Map of user id → {id, name, tabs, goneAt, lastSeen}. Pure.
 * Someone who goes offline keeps the green dot for a while: a reload or a renewed connection is not a farewell.
 */
export const GRACE = 20_000; // ms

/** The whole truth at this moment (`who`). People we knew and who are not in it have gone; `recent` were here lately. */
export function takeWho(people, users, now, recent = []) {
  const next = new Map();
  for (const { id, name, tabs } of users) next.set(id, { id, name, tabs: tabs ?? 1, goneAt: null, lastSeen: null });
  for (const [id, person] of people) if (!next.has(id)) next.set(id, gone(person, now, null));
  for (const { id, name, lastSeen } of recent) {
    if (!next.has(id)) next.set(id, { id, name, tabs: 0, goneAt: lastSeen, lastSeen });
  }
  return next;
}

/** The other person of a direct message, as `welcome` tells of them. */
export function takeOther(people, { id, name, online, lastSeen }) {
  const here = { id, name: name || people.get(id)?.name || '', tabs: people.get(id)?.tabs || 1, goneAt: null, lastSeen: null };
  return new Map(people).set(id, online ? here : { ...here, tabs: 0, goneAt: lastSeen ?? 0, lastSeen: lastSeen ?? 0 });
}

/** One change (`presence`). */
export function takePresence(people, { user, state, lastSeen }, now) {
  const known = people.get(user.id);
  const next = new Map(people);
  if (state === 'online') {
    next.set(user.id, { tabs: 1, ...known, id: user.id, name: user.name, goneAt: null, lastSeen: null });
  } else if (known || lastSeen) {
    next.set(user.id, gone({ tabs: 0, goneAt: null, ...known, id: user.id, name: user.name }, now, lastSeen));
  }
  return next;
}

function gone(person, now, lastSeen) {
  const goneAt = person.goneAt ?? now;
  return { ...person, goneAt, lastSeen: lastSeen ?? person.lastSeen ?? goneAt };
}

export function isHere(person, now) {
  return person.goneAt === null || now < person.goneAt + GRACE;
}

/** {here, away}: both sorted for reading, `me` first. */
export function sorted(people, me, now) {
  const all = [...people.values()];
  const byName = (a, b) => Number(b.id === me) - Number(a.id === me) || a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1);
  return {
    here: all.filter((person) => isHere(person, now)).sort(byName),
    away: all.filter((person) => !isHere(person, now)).sort((a, b) => b.lastSeen - a.lastSeen),
  };
}

/** When a green dot turns grey next, or null. */
export function nextFading(people, now) {
  const times = [...people.values()].filter((p) => p.goneAt !== null && isHere(p, now)).map((p) => p.goneAt + GRACE);
  return times.length ? Math.min(...times) : null;
}
