/**
 * The log of alert changes, a line each. Changes by readings of the past (a queue that is drained, a history that is replayed)
 * are one line together, so that they hide nothing that happens now.
 */
import type { Logger } from 'pino';
import { notification } from '../alerts/notification.ts';
import type { Alert, AlertState } from '../domain/alert.ts';
import { shortNumber } from '../domain/alert-text.ts';
import { type SeriesId, seriesKey } from '../domain/series.ts';

export interface AlertLogOptions {
  readonly logger: Logger;
  /** Null where none is known. */
  readonly unitOf: (series: SeriesId) => string | null;
  /** The history of simulated devices comes first: until `caughtUp`, everything belongs to the backlog. */
  readonly history: boolean;
  /** ms UTC */
  readonly now: () => number;
}

/** A change by a reading that is older than this belongs to the backlog, ms. */
const LIVE_MS = 10_000;
/** The backlog is logged when no change of it has come for this long, or after the longest wait, ms. */
const QUIET_MS = 1000;
const LONGEST_MS = 10_000;
/** So many changes, or fewer, are logged one by one. */
const FEW = 4;
/** Changes of the present that are logged one by one in a second; of more than those the number is logged. */
const MOST = 20;

export class AlertLog {
  private backlog: Alert[] = [];
  private readonly counts: Record<AlertState, number> = { open: 0, cleared: 0, retracted: 0 };
  private first = 0;
  private timer: NodeJS.Timeout | undefined;

  private history: boolean;
  private second = 0;
  private written = 0;
  private unwritten = 0;

  constructor(private readonly options: AlertLogOptions) {
    this.history = options.history;
  }

  /** @param alerts changes that were just committed */
  add(alerts: readonly Alert[]): void {
    const { now, logger } = this.options;
    for (const alert of alerts) {
      const live = now() - readingOf(alert) <= LIVE_MS || alert.rule === 'missing';
      if (live && !this.history) this.writeSome(alert);
      else {
        this.counts[alert.state]++;
        if (this.backlog.length < FEW) this.backlog.push(alert);
        logger.debug({ id: alert.id }, 'an alert change in the backlog');
        this.wait();
      }
    }
  }

  /** The history is there: logs what it has raised. */
  caughtUp(): void {
    this.history = false;
    this.flush();
  }

  /** Logs the backlog now. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { open: opened, cleared, retracted } = this.counts;
    if (this.unwritten > 0) this.options.logger.warn(`${this.unwritten} more alert changes at once`);
    this.unwritten = 0;
    const changes = opened + cleared + retracted;
    if (changes <= FEW) for (const alert of this.backlog) this.write(alert);
    else {
      const fields = { opened, cleared, retracted };
      this.options.logger.info(fields, `${changes} alert changes in the backlog`);
    }
    this.backlog = [];
    Object.assign(this.counts, { open: 0, cleared: 0, retracted: 0 });
  }

  private writeSome(alert: Alert): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.second) this.written = 0;
    this.second = second;
    if (this.written++ < MOST) this.write(alert);
    else {
      this.unwritten++;
      this.wait();
    }
  }

  private wait(): void {
    const now = performance.now();
    if (this.timer === undefined) this.first = now;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), Math.min(QUIET_MS, this.first + LONGEST_MS - now));
    this.timer.unref();
  }

  private write(alert: Alert): void {
    const { logger, unitOf } = this.options;
    const { id, rule, state, ts, value, expected, score, limit } = alert;
    const told = notification({ alert, at: this.options.now() }, unitOf(alert));
    const fields = {
      ...{ id, rule, severity: told.severity, reason: told.reason, ts: new Date(ts).toISOString() },
      ...{
        value,
        expected: expected && Number(shortNumber(expected)),
        score: score && Number(shortNumber(score)),
        limit,
      },
    };
    const what = `${seriesKey(alert)} (${rule}, ${told.severity}): ${told.text.en}`;
    // In a field of its own, because the text says all of it to whoever reads the log on a terminal.
    if (state === 'open') logger.warn({ alert: fields }, `alert on ${what}`);
    else logger.info({ alert: fields }, `alert ${state} on ${what}`);
  }
}

/** Time of the reading that a change is due to, ms UTC. */
function readingOf({ state, ts, clearedTs }: Alert): number {
  return state === 'cleared' && clearedTs !== null ? clearedTs : ts;
}
