const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** `30d`, `5m`, `1.5h`, `250ms`, or a bare number of ms. @returns ms, or NaN */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/i.exec(text.trim());
  if (!match) return Number.NaN;
  return Math.round(Number(match[1]) * UNIT_MS[(match[2]?.toLowerCase() ?? 'ms') as keyof typeof UNIT_MS]);
}

/** As `parseDuration` reads it, in the largest unit that needs no fraction. @param ms whole */
export function durationText(ms: number): string {
  const units = Object.entries(UNIT_MS).reverse();
  const [unit, size] = units.find(([, size]) => ms % size === 0) ?? ['ms', 1];
  return ms === 0 ? '0ms' : `${ms / size}${unit}`;
}

const SHOWN = [
  ['d', UNIT_MS.d],
  ['h', UNIT_MS.h],
  ['min', UNIT_MS.m],
  ['s', UNIT_MS.s],
] as const;

/** A duration as people read it, in its two largest units: `0.25 s`, `30 s`, `2 min 5 s`, `3 d 4 h`. @param ms not negative */
export function spokenDuration(ms: number): string {
  if (ms < 10_000) return `${Number((ms / 1000).toPrecision(2))} s`;
  let rest = Math.round(ms / 1000) * 1000;
  const first = SHOWN.findIndex(([, size]) => rest >= size);
  const parts: string[] = [];
  for (const [unit, size] of SHOWN.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(' ');
}
