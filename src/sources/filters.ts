/**
 * The MQTT filters that cover the topics of all sources. A broker may send one message once for each filter that fits, so
 * no two of them overlap: a filter that another covers is left out, and two that overlap become one that covers both.
 */

/** Whether every topic of `filter` is one of `other`. */
function covers(other: readonly string[], filter: readonly string[]): boolean {
  for (const [i, level] of other.entries()) {
    if (level === '#') return true;
    const given = filter[i];
    if (given === undefined || given === '#') return false;
    if (level !== '+' && level !== given) return false;
  }
  return other.length === filter.length;
}

/** Whether there may be a topic of both. */
function overlap(a: readonly string[], b: readonly string[]): boolean {
  for (let i = 0; ; i++) {
    const [left, right] = [a[i], b[i]];
    if (left === '#' || right === '#') return true;
    // `a/#` is also the topic `a`.
    if (left === undefined) return right === undefined || (b[i] === '#' && i === b.length - 1);
    if (right === undefined) return a[i] === '#' && i === a.length - 1;
    if (left !== right && left !== '+' && right !== '+') return false;
  }
}

/** The least filter that covers both. */
function union(a: readonly string[], b: readonly string[]): string[] {
  const levels: string[] = [];
  for (let i = 0; i < a.length || i < b.length; i++) {
    const [left, right] = [a[i], b[i]];
    if (left === undefined || right === undefined || left === '#' || right === '#') return [...levels, '#'];
    levels.push(left === right ? left : '+');
  }
  return levels;
}

/** @returns filters of which no two overlap and which together cover all of the given ones, in their order */
export function subscriptionFilters(filters: readonly string[]): string[] {
  let rest = filters.map((filter) => filter.split('/'));
  for (let merged = true; merged; ) {
    merged = false;
    const kept: string[][] = [];
    for (const filter of rest) {
      const at = kept.findIndex((other) => overlap(other, filter));
      if (at === -1) {
        kept.push(filter);
        continue;
      }
      const other = kept[at]!;
      kept[at] = covers(other, filter) ? other : covers(filter, other) ? filter : union(other, filter);
      merged ||= kept[at] !== other;
    }
    rest = kept;
  }
  return rest.map((levels) => levels.join('/'));
}
