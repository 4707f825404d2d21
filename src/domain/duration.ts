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
