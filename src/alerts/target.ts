/** A receiver of alert changes. */
import type { Notification } from './notification.ts';

/** How one try to send to a receiver ended. */
export type Attempt =
  | { readonly result: 'delivered' }
  /** A later try may succeed. `retryAfter`: the time that the receiver asks for, ms. */
  | { readonly result: 'failed'; readonly reason: string; readonly retryAfter?: number }
  /** The receiver does not accept this notification. It may be misconfigured, so a few more tries are made. */
  | { readonly result: 'refused'; readonly reason: string };

export interface Target {
  /** Must not change: the cursor in the store and the metrics have this name. */
  readonly name: string;
  /** One try, which ends by itself in good time. Does not reject. Reasons are for logs, so they hold no secrets. */
  send(notification: Notification, signal: AbortSignal): Promise<Attempt>;
  /** Whether the receiver forgets an open alert that is not sent again at regular times. */
  readonly repeats?: boolean;
  /** Sends all open alerts again. Does not reject. Only where `repeats`. */
  repeat?(open: readonly Notification[], signal: AbortSignal): Promise<Attempt>;
  close(): Promise<void>;
}
