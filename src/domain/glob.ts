/** Whether a whole name fits a pattern: `*` is any characters, also none, `?` is one. At most length times length steps. */
export function globMatches(pattern: string, text: string): boolean {
  if (pattern === '*') return true;
  if (!isPattern(pattern)) return pattern === text;
  const wanted = [...pattern];
  const given = [...text];
  let at = 0;
  let star = -1;
  /** How far the last star reaches so far. */
  let reach = 0;
  for (let i = 0; i < given.length; ) {
    if (wanted[at] === '*') {
      star = at++;
      reach = i;
    } else if (wanted[at] === '?' || wanted[at] === given[i]) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++reach;
    } else return false;
  }
  while (wanted[at] === '*') at++;
  return at === wanted.length;
}

/** Whether it may fit more than one name. */
export function isPattern(pattern: string): boolean {
  return /[*?]/.test(pattern);
}
