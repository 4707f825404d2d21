/** What a notifier is given. */
import type { Logger } from 'pino';
import type { Alert } from '../domain/alert.ts';
import type { SeriesId } from '../domain/series.ts';
import type { Store } from '../store/store.ts';
import type { NotifierMetrics } from './notifier-metrics.ts';

export interface NotifierLimits {
  /** How long one try may take, ms. */
  readonly timeout: number;
  /** After so many refusals a change is given up. */
  readonly maxAttempts: number;
  /** A change older than this is not sent any more, ms. */
  readonly maxAge: number;
  /** Longest pause between tries, ms. */
  readonly longestPause: number;
  /** How old a change has to be before it is sent, ms: later readings may take it back. 0: it is sent at once, and so is its retraction. */
  readonly settle: number;
}

export interface NotifierOptions {
  readonly store: Pick<Store, 'alerts' | 'alertStream' | 'keptAlerts'>;
  /** Unique per process. */
  readonly holder: string;
  readonly limits: NotifierLimits;
  /** Whether an alert is sent to nobody, see mutes.ts. */
  readonly isMuted: (alert: Alert) => boolean;
  /** Whether there is a mute that may have ended. */
  readonly mayUnmute: () => boolean;
  /** The unit of a series, null where none is known; asked for at each try, because it may change. */
  readonly unitOf: (series: SeriesId) => string | null;
  readonly metrics: NotifierMetrics;
  readonly logger: Logger;
  /** ms UTC */
  readonly now: () => number;
}
