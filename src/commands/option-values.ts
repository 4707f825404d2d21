/** Parsers of option values: each returns the value of a text, or tells commander what is wrong with the text. */
import { InvalidArgumentError } from 'commander';
import { type FaultKind, faultKinds } from '../../devices/faults.ts';
import { parseDuration } from '../domain/duration.ts';
import { parseIsoTime } from '../domain/time.ts';

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('must be a whole number.');
  return Number(text);
}

export function factor(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('must be a number from 0 up.');
  return value;
}

export function durationOption(text: string): number {
  const ms = parseDuration(text);
  if (!(ms >= 1)) throw new InvalidArgumentError('must be a duration such as 1s or 250ms.');
  return ms;
}

export function timeOption(text: string): number {
  const ms = /^\d{1,15}$/.test(text) ? Number(text) : parseIsoTime(text);
  if (ms === null) throw new InvalidArgumentError('must be ms since 1970 or ISO 8601.');
  return ms;
}

export function unitList(text: string): number[] {
  return text.split(',').map((part) => wholeNumber(part.trim()));
}

export function faultList(text: string): FaultKind[] {
  if (text === 'all') return [...faultKinds];
  if (text === 'none') return [];
  return text.split(',').map((name) => {
    const kind = faultKinds.find((candidate) => candidate === name.trim());
    if (!kind) throw new InvalidArgumentError(`'${name}' is none of ${faultKinds.join(', ')}.`);
    return kind;
  });
}
