import type { Outcome } from '../domain/outcome.ts';
import type { IncomingReading } from '../domain/reading.ts';

/**
 * The way into the pipeline for callers that wait for an answer (HTTP).
 * @param requestId what errors about these readings are logged under
 * @returns one outcome per reading, in order, after the commit
 * @throws StoreUnavailable when the commit could not be made within the deadline; it may or may not be stored
 */
export type Submit = (readings: readonly IncomingReading[], requestId?: string) => Promise<Outcome[]>;
