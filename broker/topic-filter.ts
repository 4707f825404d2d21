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
