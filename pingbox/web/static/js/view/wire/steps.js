/**
 * The steps of a message as rows of a waterfall. Pure. A step is what the server's history tells (docs: GET /wire); a row is
 * {key, kind, name, why, level, start, duration, error, detail, count}; rows of the same kind and name in a series of more than
 * three become one, with `count`, unless `opened` holds its key.
 */
const SERIES = 3;

/** Why the chat's functions make a call: by operation and table. */
const WHY = {
  'GetItem Connections': 'wire.gate', 'UpdateItem Connections': 'wire.gate', 'Query Messages': 'wire.tail', 'PutItem Messages': 'wire.slot',
  'TransactWriteItems Messages': 'wire.slot', 'Query Connections': 'wire.listeners', 'GetItem Messages': 'wire.record',
};

export function rowsOf(steps, opened = new Set()) {
  const invocations = new Set(steps.filter(({ kind }) => kind === 'lambda').map(({ number }) => number));
  const rows = steps.map((step) => ({
    key: String(step.number), kind: step.kind, name: step.name === 'PostToConnection' ? 'Post' : step.name, why: WHY[`${step.name} ${step.about}`] ?? null, who: step.kind === 'table' ? '' : step.about.slice(0, 6),
    level: invocations.has(step.cause) ? 1 : 0, start: step.start, duration: step.duration, error: step.error, detail: step.detail, count: 1,
  }));
  return series(rows).flatMap((group) => (group.length > SERIES && !opened.has(group[0].key) ? [folded(group)] : group));
}

/** Posts and frames out alternate: rows of one name are a series though others stand between them, from the second on. */
function series(rows) {
  const groups = [];
  for (const row of rows) {
    const same = row.kind === 'post' || row.name === 'frame out' ? groups.find(([first]) => first.name === row.name && first !== row && first.folds) : null;
    if (same) same.push(row);
    else groups.push([{ ...row, folds: groups.some(([first]) => first.name === row.name) }]);
  }
  return groups;
}

function folded(group) {
  const end = Math.max(...group.map(({ start, duration }) => start + duration));
  return { ...group[0], duration: group[0].kind === 'frame' ? 0 : end - group[0].start, count: group.length, who: '', detail: group.map(({ who }) => who).join('\n') };
}

/** {total, invocations, calls, posts, framesIn, framesOut, reads, writes} */
export function summary(steps) {
  const count = (is) => steps.filter(is).length;
  const table = ({ kind }) => kind === 'table';
  return {
    total: Math.max(0, ...steps.map(({ start, duration }) => start + duration)),
    invocations: count(({ kind }) => kind === 'lambda'), calls: count(table), posts: count(({ kind }) => kind === 'post'),
    framesIn: count(({ name }) => name === 'frame in'), framesOut: count(({ name }) => name === 'frame out'),
    reads: count((step) => table(step) && /^(Get|Query|BatchGet|Scan)/.test(step.name)), writes: count((step) => table(step) && !/^(Get|Query|BatchGet|Scan)/.test(step.name)),
  };
}
