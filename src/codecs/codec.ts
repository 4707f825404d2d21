/**
 * What every codec promises: the bytes of one message become a document or named elements. A codec never throws. It knows
 * nothing of topics, sources or series: `src/sources` decides what of its answer becomes a reading.
 */
import type { Problem } from '../domain/decoded.ts';

/** Something in a message that becomes no reading, although nothing is wrong with it. */
export interface Ignored {
  /** Where it stands in the message: `$.state`, `[2]`. */
  readonly path: string;
  /** A stable word: `text`, `boolean`, `null`, `excluded`, … */
  readonly reason: string;
}

/** One value of a format that names its values itself: SenML, Sparkplug B. */
export interface Element {
  readonly path: string;
  readonly sensor?: string;
  readonly metric?: string;
  /** null: the device says that it has no value. */
  readonly value: number | null;
  readonly unit?: string;
  /** ms UTC. */
  readonly ts?: number;
}

/** What the source of a message tells its codec. */
export interface CodecContext {
  /** The comma is the decimal mark: `21,5` is 21.5. */
  readonly decimalComma: boolean;
  /** Names of the columns of CSV; without them a first row without numbers has the names. */
  readonly columns: readonly string[] | null;
  /** Most elements of one message. */
  readonly maxReadings: number;
  /** When the message came, ms UTC: relative times count from it. */
  readonly receivedAt: number;
}

export type Content =
  /**
   * A tree of null, booleans, numbers, texts, dates, arrays and objects. `metrics`: its elements have the form of Telegraf,
   * `{name, tags, fields, timestamp}`.
   */
  | { readonly document: unknown; readonly form?: 'metrics' }
  | { readonly elements: readonly Element[]; readonly ignored: readonly Ignored[] }
  | { readonly problem: Problem };

export interface Codec {
  decode(bytes: Uint8Array, context: CodecContext): Content;
}

export function bad(reason: string, detail: string): { readonly problem: Problem } {
  return { problem: { field: 'payload', reason, detail } };
}

/** A text for a message to a person: the beginning of a long one. */
export function shown(text: string, max = 40): string {
  return text.length > max ? `${text.slice(0, max)}…` : text;
}

/** What the error of a library says of the bytes. */
export function why(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
