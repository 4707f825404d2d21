/** The rules of every series: the defaults, and the entries of ALERT_RULES that match the series; a later entry wins. */
import { LRUCache } from 'lru-cache';
import type { AlertRule, SeriesRules } from '../domain/alert-rule.ts';
import { globMatches } from '../domain/glob.ts';
import { type SeriesId, seriesKey } from '../domain/series.ts';
import { staleAfter } from '../staleness/staleness.ts';

export interface StalenessBounds {
  /** Of a limit that is given in intervals, ms. */
  readonly minimum: number;
  /** By how much the clock of a sensor may be late whose series is watched, ms. */
  readonly maxClockSkew: number;
}

export class RuleBook {
  private entries: readonly { sensor: string; metric: string; said: Omit<AlertRule, 'sensor' | 'metric'> }[] =
    [];
  private readonly known: LRUCache<string, SeriesRules>;

  /**
   * @param rules in the order of the setting
   * @param defaults for what no entry names
   * @param size series whose rules are remembered
   */
  constructor(
    rules: readonly AlertRule[],
    private readonly defaults: SeriesRules,
    private readonly staleness: StalenessBounds,
    size: number,
  ) {
    this.known = new LRUCache({ max: size });
    this.replace(rules);
  }

  /** New entries, for each series from its next reading on. */
  replace(rules: readonly AlertRule[]): void {
    this.entries = rules.map(({ sensor, metric, ...said }) => ({ sensor, metric, said }));
    this.known.clear();
  }

  /**
   * How long a series may be without a reading, ms; null: for ever.
   * @param interval its usual one, null while it is unknown
   */
  staleAfter(series: SeriesId, interval: number | null): number | null {
    return staleAfter(this.of(series).missing, interval, this.staleness.minimum);
  }

  /** How young a reading must be to count as live, ms; see `watchAfter`. */
  inTime(series: SeriesId, interval: number | null): number | null {
    const limit = this.staleAfter(series, interval);
    return limit === null ? null : Math.max(limit, this.staleness.maxClockSkew);
  }

  of(series: SeriesId): SeriesRules {
    if (this.entries.length === 0) return this.defaults;
    const key = seriesKey(series);
    const known = this.known.get(key);
    if (known) return known;
    let rules = this.defaults;
    for (const { sensor, metric, said } of this.entries) {
      if (globMatches(sensor, series.sensor) && globMatches(metric, series.metric))
        rules = { ...rules, ...said };
    }
    this.known.set(key, rules);
    return rules;
  }
}
