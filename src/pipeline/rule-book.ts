/** The rules of every series: the defaults, and over them the entries of ALERT_RULES that match it, a later one first. */
import { LRUCache } from 'lru-cache';
import type { AlertRule, SeriesRules } from '../domain/alert-rule.ts';
import { globMatches } from '../domain/glob.ts';
import { type SeriesId, seriesKey } from '../domain/series.ts';
import { longestSilence } from './silence.ts';

export interface SilenceBounds {
  /** Of a silence that is given in intervals, ms. */
  readonly minimum: number;
  /** By how much the clock of a sensor that is watched may be late, ms. */
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
    private readonly silence: SilenceBounds,
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
   * How long a series may be silent, ms; null: for ever.
   * @param interval its usual one, null while that is unknown
   */
  longestSilence(series: SeriesId, interval: number | null): number | null {
    return longestSilence(this.of(series).missing, interval, this.silence.minimum);
  }

  /** How old a reading may be of a series that is heard live, see `heardAt`. */
  inTime(series: SeriesId, interval: number | null): number | null {
    const limit = this.longestSilence(series, interval);
    return limit === null ? null : Math.max(limit, this.silence.maxClockSkew);
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
