/** What an element of a message becomes: a reading, or the problem that makes it a dead letter. */
import type { IncomingReading } from './reading.ts';

export interface Problem {
  /** `topic`, `sensor`, `metric`, `payload`, `value` or `ts`. */
  readonly field: string;
  /** The dead letter's reason: a stable word. */
  readonly reason: string;
  /** One sentence for a person. */
  readonly detail: string;
}

export type Decoded =
  | { readonly reading: IncomingReading; readonly unit?: string | undefined }
  | { readonly problem: Problem };
