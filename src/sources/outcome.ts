/** What becomes of one message. */
import type { Ignored } from '../codecs/codec.ts';
import type { Decoded, Problem } from '../domain/decoded.ts';

/** Filled while a message is read. */
export interface Outcome {
  /** Readings and bad elements, in the order of the message. */
  readonly decoded: Decoded[];
  readonly ignored: Ignored[];
  /** Where the time was found, for a person. */
  timeField: string | null;
}

/** Reasons that mean `nothing to say` or `not wanted`: a message with nothing else is no dead letter. */
const QUIET: ReadonlySet<string> = new Set([
  ...['null', 'empty', 'ignore', 'excluded', 'not-included', 'command', 'death', 'control', 'retained'],
]);

/**
 * Whether a message without readings and problems is one that says nothing, and not one that could not be used.
 * @param quiet messages without any number are usual at its source
 */
export function saysNothing({ ignored }: Outcome, quiet: boolean): boolean {
  return quiet || ignored.some(({ reason }) => QUIET.has(reason));
}

/** Of a message of which nothing could be used. */
export function nothingUsable({ ignored }: Outcome): Problem {
  const [first] = ignored;
  const found = first ? `: ${first.path} is ${first.reason === 'missing' ? 'not there' : first.reason}` : '';
  return { field: 'payload', reason: 'bad-payload', detail: `the object has no numeric field${found}` };
}
