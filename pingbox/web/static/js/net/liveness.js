/**
 * Is the socket alive? Pure: `judge(facts, limits, now)` gives {act: 'ping' | 'dead' | null, at: ms of the next look}.
 * A ping costs the server's owner money, so there is no steady one: only where there is reason to ask.
 *
 * facts: sentAt, heardAt   ms of the last frame out and in
 *        pingedAt          ms of the ping that has no answer yet, or null
 *        unechoedAt        ms of the oldest message sent without an echo, or null
 *        suspected         something happened that often kills sockets (tab woke up, network changed)
 *        watched           someone is looking at the page and uses it
 */
export const PONG_WITHIN = 10_000;
export const ECHO_WITHIN = 8_000;
export const QUIET_WHILE_WATCHED = 60_000;

export function judge(facts, limits, now) {
  if (facts.pingedAt !== null) {
    const deadline = Math.max(facts.pingedAt, facts.heardAt) + PONG_WITHIN;
    return now >= deadline ? { act: 'dead', at: now } : { act: null, at: deadline };
  }
  const due = facts.suspected ? now : Math.min(...reasons(facts, limits));
  return due <= now ? { act: 'ping', at: now + PONG_WITHIN } : { act: null, at: due };
}

function reasons({ sentAt, heardAt, unechoedAt, watched }, { idle }) {
  const times = [sentAt + idle * 1000];
  if (unechoedAt !== null) times.push(unechoedAt + ECHO_WITHIN);
  if (watched) times.push(Math.max(sentAt, heardAt) + QUIET_WHILE_WATCHED);
  return times;
}
