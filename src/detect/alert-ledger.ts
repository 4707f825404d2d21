/** The alerts of a fold: opens and clears them in its state, and remembers how each of them stands. */
import type { AlertChange } from '../domain/alert.ts';
import type { Sample } from '../domain/reading.ts';
import { lastRaised } from './adaptive.ts';
import { withPeak } from './peak.ts';
import type { FoldRule, Opening, SeriesState } from './state.ts';

export class AlertLedger {
  private readonly alerts = new Map<string, AlertChange>();

  /** @param state its `open` is kept up to date */
  constructor(private readonly state: SeriesState) {
    for (const alert of openAlerts(state)) this.put(alert);
  }

  isOpen(rule: FoldRule): boolean {
    return this.state.open.some((opening) => opening.rule === rule);
  }

  raise(opening: Opening): void {
    this.put(change(this.state, opening, null));
    this.state.open = [...this.state.open, opening];
  }

  /** Clears the open alert of a rule, if there is one. @param ts of the reading that clears it */
  clear(rule: FoldRule, ts: number): void {
    const { open } = this.state;
    if (open.length === 0) return;
    const cleared = open.find((opening) => opening.rule === rule);
    if (!cleared) return;
    this.put(change(this.state, cleared, ts));
    this.state.open = open.filter((opening) => opening !== cleared);
  }

  /** A reading has come: the peaks of the alerts that are still open. */
  look(sample: Sample): void {
    this.state.open = this.state.open.map((opening) => {
      const now = withPeak(opening, sample);
      if (now !== opening) this.put(change(this.state, now, null));
      return now;
    });
  }

  /** Every alert that was open at first or raised since. */
  changes(): AlertChange[] {
    return [...this.alerts.values()];
  }

  private put(alert: AlertChange): void {
    this.alerts.set(`${alert.rule}/${alert.ts}`, alert);
  }
}

/** The alerts that are open in a state. */
export function openAlerts(state: SeriesState): AlertChange[] {
  return state.open.map((opening) => change(state, opening, null));
}

function change(state: SeriesState, opening: Opening, clearedTs: number | null): AlertChange {
  const explanation = opening.rule === 'anomaly' ? lastRaised(state.adaptive) : null;
  return {
    ...opening,
    state: clearedTs === null ? 'open' : 'cleared',
    clearedTs,
    ...(explanation && { explanation }),
  };
}
