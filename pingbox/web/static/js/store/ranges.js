/**
 * Sets of whole numbers as sorted, disjoint, never touching closed ranges: [[1, 4], [9, 12]].
 * Every function returns a new set; none changes its argument.
 */

export function add(ranges, from, to) {
  if (to < from) return ranges;
  const below = ranges.filter(([, end]) => end < from - 1);
  const above = ranges.filter(([start]) => start > to + 1);
  const touched = ranges.slice(below.length, ranges.length - above.length);
  const start = Math.min(from, ...touched.map((range) => range[0]));
  const end = Math.max(to, ...touched.map((range) => range[1]));
  return [...below, [start, end], ...above];
}

/** The range that holds `number`, or null. */
export function around(ranges, number) {
  return ranges.find(([start, end]) => start <= number && number <= end) ?? null;
}

/** What is missing between `from` and `to`, both included. */
export function holes(ranges, from, to) {
  const missing = [];
  let next = from;
  for (const [start, end] of ranges) {
    if (end < next) continue;
    if (start > to) break;
    if (start > next) missing.push([next, start - 1]);
    next = end + 1;
  }
  if (next <= to) missing.push([next, to]);
  return missing;
}
