/** What counts as a number in a message, and what as none. */
import { shown } from '../codecs/codec.ts';
import { type NumberText, parseNumber, parseSwitch } from '../codecs/number.ts';
import type { Source } from './source.ts';

/** Spaces around a null word, at most. */
const PADDING = 8;

/** Whether the value says that there is none: null, or one of the source's null words. */
export function saysNull(value: unknown, { nullWords, nullWordLength }: Source): boolean {
  if (value === null || value === undefined) return true;
  if (typeof value !== 'string' || value.length > nullWordLength + PADDING) return false;
  return nullWords.has(value.trim().toLowerCase());
}

/** A number, or a text that is one. */
export function numberIn(value: unknown, { decimalComma }: Source): NumberText | null {
  if (typeof value === 'number') return { value };
  return typeof value === 'string' ? parseNumber(value.trim(), decimalComma) : null;
}

/** `true`, `OFF`, … as 1 and 0. */
export function switchIn(value: unknown): number | null {
  if (typeof value === 'boolean') return Number(value);
  const position = typeof value === 'string' ? parseSwitch(value.trim()) : null;
  return position === null ? null : Number(position);
}

/** Names of fields that are numbers or digits and no measurement. */
const IDENTIFIER =
  /(^|[._-])(id|uid|uuid|eui|mac|imei|imsi|iccid|serial|address|addr|version|model|firmware|fw|sw|hw|name|code)$/i;

/** Whether a text of digits is the name of something: with zeros before it, or in a field whose name says so. */
export function isIdentifier(name: string, text: string): boolean {
  if (/^[+-]?0\d/.test(text) || text.length > 18 || /^\d+e\d+$/i.test(text)) return true;
  return IDENTIFIER.test(name.replaceAll(/([a-z])([A-Z])/g, '$1_$2'));
}

/** Why a value is no number: a reason. */
export function kindOf(value: unknown): string {
  if (typeof value === 'string') return 'text';
  return typeof value === 'boolean' ? 'boolean' : value instanceof Date ? 'time' : 'unusable';
}

/** For a message to a person. */
export function described(value: unknown): string {
  if (typeof value === 'string') return `the text '${shown(value)}'`;
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'an array' : value === undefined ? 'missing' : 'an object';
}
