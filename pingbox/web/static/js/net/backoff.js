/**
 * Full jitter: ms to wait before try `n` (0 is the first after a loss, and comes soon). When a server restarts, its
 * thousand clients must not all come back in the same moment.
 */
export function backoff(n, random) {
  return n === 0 ? random() * 300 : random() * Math.min(30_000, 500 * 2 ** n);
}
