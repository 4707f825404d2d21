/**
 * Writes dead letters to the log: each one at level debug, and at level warn at most one line in ten seconds, with the number
 * since the last line. So a sensor that sends nothing but bad messages does not fill the disk with logs.
 */
import type { Logger } from 'pino';

const WARN_EVERY_MS = 10_000;

export interface LoggedLetter {
  /** Under which `vigia dead-letter show` finds it. */
  readonly id: string;
  readonly topic: string;
  readonly reason: string;
  readonly detail: string;
  readonly packetId: number | undefined;
}

export class DeadLetterLog {
  private since = 0;
  private warned = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly logger: Logger,
    private readonly clock: () => number = performance.now.bind(performance),
  ) {}

  add(letters: readonly LoggedLetter[]): void {
    const last = letters.at(-1);
    if (!last) return;
    if (this.logger.isLevelEnabled('debug'))
      for (const letter of letters) this.logger.debug(shown(letter), 'dead letter');
    this.since += letters.length;
    const now = this.clock();
    if (now - this.warned < WARN_EVERY_MS) return;
    const fields = { ...shown(last), count: this.since };
    this.logger.warn(fields, 'messages became dead letters; this is the last of them');
    this.warned = now;
    this.since = 0;
  }
}

/** Without the bytes, which the store has. */
function shown({ id, topic, reason, detail, packetId }: LoggedLetter): LoggedLetter {
  return { id, topic, reason, detail, packetId };
}
