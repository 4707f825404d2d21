/** A receiver of alert changes. */
import type { Notification } from './notification.ts';

/** How one try to tell a receiver ended. */
export type Attempt =
  | { readonly result: 'delivered' }
  /** It may work later. `retryAfter`: the receiver asks for so much time, ms. */
  | { readonly result: 'failed'; readonly reason: string; readonly retryAfter?: number }
  /** The receiver says that this one will not do, now or later; it may be misconfigured, so a few more tries are made. */
  | { readonly result: 'refused'; readonly reason: string };

export interface Target {
  /** Stable: its cursor in the store bears it, and so do metrics. */
  readonly name: string;
  /** One try, which ends by itself in good time. Does not reject. Reasons are for logs, so they hold no secrets. */
  send(notification: Notification, signal: AbortSignal): Promise<Attempt>;
  /** Whether the receiver forgets open alerts that it is not told of again and again. */
  readonly repeats?: boolean;
  /** Tells of all open alerts again. Does not reject. Only where `repeats`. */
  repeat?(open: readonly Notification[], signal: AbortSignal): Promise<Attempt>;
  close(): Promise<void>;
}
