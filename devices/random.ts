/**
 * Seeded random numbers, so that a simulation can be repeated to the byte. The same key always gives the same sequence,
 * on every machine, and different keys give unrelated sequences: each purpose (a sensor's parameters, its noise, its
 * faults) takes its own generator, and drawing more from one never shifts another. Not for secrets.
 */
export interface Random {
  /** Uniform in [0, 1), 32 bits of it random. */
  next(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Uniform integer, both ends included. */
  integer(low: number, high: number): number;
  /** Normal, mean 0, standard deviation 1. */
  gaussian(): number;
  /** One of the items, uniformly; the list must not be empty. */
  pick<T>(items: readonly T[]): T;
}

export function random(...key: readonly (number | string)[]): Random {
  const step = sfc32(hash128(key.join('\u0000')));
  let spare: number | null = null;

  const next = (): number => step() / 4294967296;
  const between = (low: number, high: number): number => low + (high - low) * next();
  const integer = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));

  // Marsaglia's polar method: pairs of normals without trigonometry.
  const gaussian = (): number => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    let u: number;
    let v: number;
    let s: number;
    do {
      u = 2 * next() - 1;
      v = 2 * next() - 1;
      s = u * u + v * v;
    } while (s >= 1 || s === 0);
    const factor = Math.sqrt((-2 * Math.log(s)) / s);
    spare = v * factor;
    return u * factor;
  };

  const pick = <T>(items: readonly T[]): T => items[integer(0, items.length - 1)] as T;

  return { next, between, integer, gaussian, pick };
}

/** Four well-mixed 32-bit words from a text (Bryc's cyrb128). */
function hash128(text: string): [number, number, number, number] {
  let h1 = 1779033703;
  let h2 = 3144134277;
  let h3 = 1013904242;
  let h4 = 2773480762;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    h1 = h2 ^ Math.imul(h1 ^ code, 597399067);
    h2 = h3 ^ Math.imul(h2 ^ code, 2869860233);
    h3 = h4 ^ Math.imul(h3 ^ code, 951274213);
    h4 = h1 ^ Math.imul(h4 ^ code, 2716044179);
  }
  h1 = Math.imul(h3 ^ (h1 >>> 18), 597399067);
  h2 = Math.imul(h4 ^ (h2 >>> 22), 2869860233);
  h3 = Math.imul(h1 ^ (h3 >>> 17), 951274213);
  h4 = Math.imul(h2 ^ (h4 >>> 19), 2716044179);
  h1 ^= h2 ^ h3 ^ h4;
  return [h1 >>> 0, (h2 ^ h1) >>> 0, (h3 ^ h1) >>> 0, (h4 ^ h1) >>> 0];
}

/** Small fast counter generator (Doty-Humphrey's sfc32, PractRand): period of at least 2^32, unsigned 32-bit results. */
function sfc32([a, b, c, d]: [number, number, number, number]): () => number {
  const step = (): number => {
    const t = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) step();
  return step;
}
