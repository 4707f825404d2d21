/** What a running process has opened, so that all of it is closed, in the opposite order. */
import type { Logger } from 'pino';

interface Step {
  /** For the log. */
  readonly name: string;
  close(): Promise<void> | void;
}

export class Lifecycle {
  private readonly steps: Step[] = [];
  private closing: Promise<void> | null = null;

  constructor(private readonly logger: Logger) {}

  /** What is added last is closed first. */
  add(name: string, close: () => Promise<void> | void): void {
    this.steps.push({ name, close });
  }

  /** Runs every step, whatever the other steps do: a step that fails is logged. Idempotent. */
  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    for (const { name, close } of this.steps.toReversed()) {
      try {
        await close();
      } catch (error) {
        this.logger.error({ err: error }, `closing the ${name} failed`);
      }
    }
  }
}

/** How long each part may take of the 5 s that a shutdown may take, ms. */
export const CLOSE = { broker: 1300, http: 1500, pipeline: 1500, alerts: 200, audit: 200 } as const;
