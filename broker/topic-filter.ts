/** Topic filters as MQTT 3.1.1 (4.7) and 5 (4.8.2, shared subscriptions) define them. */

export interface SharedFilter {
  readonly group: string;
  /** What the members of the group get, e.g. `sensors/#`. */
  readonly filter: string;
}

/** Whether `filter` asks for a shared subscription, well-formed or not. */
export function isShared(filter: string): boolean {
  return filter === '$share' || filter.startsWith('$share/');
}

/** The parts of `$share/<group>/<filter>`; null if it is anything else, or not well-formed. */
export function parseShared(text: string): SharedFilter | null {
  const match = /^\$share\/([^/+#]+)\/(.+)$/s.exec(text);
  return match ? { group: match[1] as string, filter: match[2] as string } : null;
}

/** Whether a message on `topic` is for `filter`. Topics beginning with $ are not for filters that begin with a wildcard. */
export function matchesFilter(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  if (hidesFromWildcard(filter, topic)) return false;
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (const [i, level] of wanted.entries()) {
    if (level === '#') return true;
    if (i >= levels.length || (level !== '+' && level !== levels[i])) return false;
  }
  return wanted.length === levels.length;
}

/** Whether MQTT keeps `topic` from `filter` because the one begins with $ and the other with a wildcard. */
export function hidesFromWildcard(filter: string, topic: string): boolean {
  return topic.startsWith('$') && (filter.startsWith('+') || filter.startsWith('#'));
}

/** What makes `filter` none, or null. */
export function filterProblem(filter: string): string | null {
  if (filter === '') return 'an empty topic filter';
  const levels = filter.split('/');
  for (const [i, level] of levels.entries()) {
    if (level === '#' ? i < levels.length - 1 : level !== '+' && /[+#]/.test(level))
      return `'${filter}' has a + or # that is no whole level, or levels after #`;
  }
  return null;
}

/** Whether every topic that `inner` is for is one that `outer` is for. */
export function coversFilter(outer: string, inner: string): boolean {
  if (hidesFromWildcard(outer, inner)) return false;
  const wide = outer.split('/');
  const narrow = inner.split('/');
  for (const [i, level] of wide.entries()) {
    if (level === '#') return true;
    const other = narrow[i];
    if (other === undefined || other === '#' || (level !== '+' && level !== other)) return false;
  }
  return wide.length === narrow.length;
}

/** Whether there is a topic that both are for. */
export function overlapsFilter(a: string, b: string): boolean {
  if (hidesFromWildcard(a, b) || hidesFromWildcard(b, a)) return false;
  const left = a.split('/');
  const right = b.split('/');
  for (let i = 0; ; i++) {
    const [one, other] = [left[i], right[i]];
    if (one === '#' || other === '#' || (one === undefined && other === undefined)) return true;
    if (one === undefined) return other === '#';
    if (other === undefined) return false;
    if (one !== other && one !== '+' && other !== '+') return false;
  }
}
