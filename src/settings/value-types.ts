/** The kinds of value that a setting can have. Each reads the text of the environment and says what it should have been. */
import { z } from 'zod';
import { parseDuration, spokenDuration } from '../domain/duration.ts';

const UNIT_BYTES = { '': 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const;

export const text = z.string();

export const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be a whole number from ${min} to ${max}`)
    .meta({ file: { type: ['integer', 'string'], minimum: min, maximum: max, pattern: String.raw`^\d+$` } });

export const port = whole(0, 65535);

/** A port, or `off`: null. */
export const portOrOff = z
  .string()
  .refine(
    (value) => value === 'off' || port.safeParse(value).success,
    'must be a whole number from 0 to 65535, or off',
  )
  .transform((value) => (value === 'off' ? null : Number(value)));

/** The value is in ms. */
export const duration = (min = 0) =>
  z
    .string()
    .transform(parseDuration)
    .refine((n) => Number.isFinite(n), 'must be a duration such as 30d, 12h, 5m, 10s or 250ms')
    .refine((n) => !(n < min), `must be at least ${spokenDuration(min)}`)
    .meta({
      file: {
        type: ['number', 'string'],
        minimum: min,
        pattern: String.raw`^\s*\d+(\.\d+)?\s*([mM][sS]|[sSmMhHdD])?\s*$`,
      },
    });

/** The value is in bytes. */
export const bytes = (min: number, max: number) =>
  z
    .string()
    .transform(parseBytes)
    .refine((n) => n >= min && n <= max, `must be a size from ${min} to ${max} bytes, such as 256kB or 64MB`)
    .meta({
      file: {
        type: ['number', 'string'],
        minimum: min,
        maximum: max,
        pattern: String.raw`^\s*\d+(\.\d+)?\s*([kKmMgG][bB])?\s*$`,
      },
    });

/** `64MB`, `256kb`, or a bare number of bytes. @returns bytes, or NaN */
function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(kb|mb|gb)?$/i.exec(text.trim());
  if (!match) return Number.NaN;
  return Math.round(
    Number(match[1]) * UNIT_BYTES[(match[2]?.toLowerCase() ?? '') as keyof typeof UNIT_BYTES],
  );
}

/** 0, or a number from 1 on. */
export const factor = z
  .string()
  .regex(/^\d+(\.\d+)?$/, 'must be 0 or a number from 1 on')
  .transform(Number)
  .refine((n) => n === 0 || n >= 1, 'must be 0 or a number from 1 on')
  .meta({ file: { type: ['number', 'string'], minimum: 0, pattern: String.raw`^\d+(\.\d+)?$` } });

export const choice = <T extends string>(...values: [T, ...T[]]) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` });

/** Texts, separated by commas. */
export const list = text.transform((items) => Object.freeze(items.split(',').map((item) => item.trim())));

export const url = (...schemes: string[]) =>
  z
    .string()
    .refine((text) => URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)), {
      error: `must be a URL that begins with ${schemes.map((s) => `${s}://`).join(' or ')}`,
      abort: true,
    })
    .refine((text) => {
      const { username, password } = new URL(text);
      return isPercentEncoded(username) && isPercentEncoded(password);
    }, 'user name and password must be percent-encoded: a % is written %25');

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
