import type { DeadLetter } from '../domain/dead-letter.ts';

/**
 * Sends a dead letter through the pipeline again, after what was wrong has changed (a longer RETENTION, another MQTT_TOPICS).
 * @returns null when its reading is stored now, else why it is still refused
 * @throws StoreUnavailable when that could not be decided within the deadline
 */
export type Replay = (letter: DeadLetter) => Promise<string | null>;
