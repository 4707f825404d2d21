/** The rules of a series, one by one, through the fold that all readings go through. */
import { describe, expect, it } from 'vitest';
import { Fold } from '../../src/detect/fold.ts';
import { ForecastBatch } from '../../src/detect/forecast-batch.ts';
import { newFormerDetector } from '../../src/detect/former-state.ts';
import { usualInterval } from '../../src/detect/intervals.ts';
import { SeasonalRing } from '../../src/detect/seasonal-ring.ts';
import { emptyState, type SeriesState } from '../../src/detect/state.ts';
import { decodeState, encodeState } from '../../src/detect/state-format.ts';
import type { AlertChange } from '../../src/domain/alert.ts';
import { DEFAULT_RULES, type SeriesRules } from '../../src/domain/alert-rule.ts';
import type { Sample } from '../../src/domain/reading.ts';
import { alertChanges } from '../../src/planning/alert-changes.ts';
import { smallModel } from '../helpers/small-model.ts';

const model = smallModel();
const SECOND = 1000;
const MINUTE = 60_000;

async function folded(
  samples: readonly Sample[],
  rules: Partial<SeriesRules>,
  base: SeriesState = emptyState(),
) {
  const batch = new ForecastBatch();
  const fold = new Fold(base, samples, () => ({ model, shadow: null }), batch, SeasonalRing.empty(), {
    ...DEFAULT_RULES,
    ...rules,
  });
  await batch.compute();
  return fold.run();
}

const every = (interval: number, values: readonly number[]): Sample[] =>
  values.map((value, i) => ({ ts: (i + 1) * interval, value }));

/** `rule from-to`, in readings; `…` where it is still open. */
async function excursions(interval: number, values: readonly number[], rules: Partial<SeriesRules>) {
  const { alerts } = await folded(every(interval, values), rules);
  return alerts.map(
    ({ rule, ts, clearedTs }) =>
      `${rule} ${ts / interval}-${clearedTs === null ? '…' : clearedTs / interval}`,
  );
}

describe('for', () => {
  it('raises at the reading with which the limit was passed for so long, and begins anew after one inside', async () => {
    const rules = { max: 30, for: 3 * SECOND };
    expect(await excursions(SECOND, [31, 32, 33, 34, 35, 29], rules)).toEqual(['max 4-6']);
    expect(await excursions(SECOND, [31, 31, 31, 30, 31, 31, 31], rules)).toEqual([]);
    // Within the hysteresis is inside for a limit that has not raised an alert yet.
    expect(await excursions(SECOND, [31, 31, 29.5, 31, 31], { ...rules, hysteresis: 2 })).toEqual([]);
    expect(await excursions(SECOND, [0, 0, 0, 0], { min: 1, for: 3 * SECOND })).toEqual(['min 4-…']);
    expect(await excursions(SECOND, [31, 31], { max: 30, for: 0 })).toEqual(['max 1-…']);
  });

  it('counts the time over gaps and over commits', async () => {
    const rules = { max: 30, for: 10 * SECOND };
    const samples = [1, 2, 12].map((at) => ({ ts: at * SECOND, value: 31 }));
    const whole = await folded(samples, rules);
    expect(whole.alerts).toMatchObject([{ rule: 'max', ts: 12 * SECOND }]);
    let { state } = await folded(samples.slice(0, 1), rules);
    state = (await folded(samples.slice(1, 2), rules, decodeState(encodeState(state)))).state;
    expect(state.waiting).toEqual([{ rule: 'max', since: SECOND }]);
    const parts = await folded(samples.slice(2), rules, decodeState(encodeState(state)));
    expect(parts.alerts).toEqual(whole.alerts);
    expect(parts.state.waiting).toEqual([]);
  });

  it('forgets a limit that is no longer there', async () => {
    const { state } = await folded(every(SECOND, [31]), { max: 30, for: MINUTE });
    expect((await folded([{ ts: 2 * SECOND, value: 31 }], {}, state)).state.waiting).toEqual([]);
  });
});

describe('max and min', () => {
  it('raise beyond the limit, not at it, and name it', async () => {
    expect(await excursions(SECOND, [29, 30, 30.1, 31, 29], { max: 30 })).toEqual(['max 3-5']);
    expect(await excursions(SECOND, [2, 1, 0.9, 0, 1], { min: 1 })).toEqual(['min 3-5']);
    const { alerts } = await folded(every(SECOND, [31]), { max: 30 });
    expect(alerts).toEqual([
      {
        rule: 'max',
        ts: SECOND,
        value: 31,
        expected: null,
        score: null,
        limit: 30,
        state: 'open',
        clearedTs: null,
      },
    ]);
  });

  it('make one alert of one excursion that goes to and fro within the hysteresis', async () => {
    const values = [29, 30.2, 29.8, 30.4, 29.6, 30.1, 29.5, 30.2, 29, 29.8, 30.3];
    expect(await excursions(SECOND, values, { max: 30, hysteresis: 0.5 })).toEqual([
      'max 2-7',
      'max 8-9',
      'max 11-…',
    ]);
    expect(await excursions(SECOND, values, { max: 30, hysteresis: 1.2 })).toEqual(['max 2-…']);
  });

  it('may be open beside each other and beside an anomaly', async () => {
    const values = Array.from({ length: 150 }, (_, i) => 20 + Math.sin(i * 1.7));
    const { state, alerts } = await folded(every(SECOND, [...values, 90]), {
      max: 30,
      rate: { change: 9, per: MINUTE },
    });
    expect(alerts.map(({ rule }) => rule).sort()).toEqual(['anomaly', 'max', 'rate']);
    expect(state.open).toHaveLength(3);
  });
});

describe('the peak', () => {
  const rules = { max: 30, anomaly: false };
  const values = [31, 35, 40, 38, 33, 29, 50];

  it('is the reading farthest beyond while the alert is open, the first of equal ones', async () => {
    const { alerts } = await folded(every(SECOND, [...values.slice(0, 3), 40, ...values.slice(3)]), rules);
    expect(alerts.map(({ ts, peak }) => [ts, peak])).toEqual([
      [SECOND, { value: 40, ts: 3 * SECOND }],
      [8 * SECOND, undefined],
    ]);
    const low = await folded(every(SECOND, [4, 3, 3.5, 2, 9]), { min: 5, anomaly: false });
    expect(low.alerts[0]!.peak).toEqual({ value: 2, ts: 4 * SECOND });
  });

  it.each([null, newFormerDetector()])(
    'is the same in whatever commits the readings come (%#)',
    async (former) => {
      const samples = every(SECOND, values.slice(0, 5));
      const whole = await folded(samples, { ...rules, min: 0 }, emptyState(former));
      let state = emptyState(former);
      let alerts: readonly AlertChange[] = [];
      for (const sample of samples) {
        ({ state, alerts } = await folded([sample], { ...rules, min: 0 }, decodeState(encodeState(state))));
      }
      expect(alerts).toEqual(whole.alerts);
      expect(alerts[0]!.peak).toEqual({ value: 40, ts: 3 * SECOND });
      expect(encodeState(state)).toEqual(encodeState(whole.state));
    },
  );

  it('stands beside a rule that waits', async () => {
    const both = { ...rules, rate: { change: 1, per: SECOND }, for: SECOND };
    const { state } = await folded(every(SECOND, [31, 32, 33, 40]), both);
    const read = decodeState(encodeState(state));
    expect([read.open, read.waiting]).toEqual([state.open, state.waiting]);
  });

  it('is no revision by itself: a change of it alone is quiet', async () => {
    const before = (await folded(every(SECOND, [31]), rules)).alerts;
    const after = (await folded(every(SECOND, [31, 35]), rules)).alerts;
    expect(alertChanges(before, after)).toEqual([{ ...after[0], quiet: true }]);
    expect(alertChanges(after, after)).toEqual([]);
  });
});

describe('rate', () => {
  const rate = { change: 5, per: MINUTE };

  it('raises when the value moves further within the time, however slowly from reading to reading', async () => {
    const ramp = (perMinute: number) => Array.from({ length: 120 }, (_, i) => (i * perMinute) / 60);
    expect(await excursions(SECOND, ramp(4.9), { rate })).toEqual([]);
    // At least three quarters of the time are looked back at.
    expect(await excursions(SECOND, ramp(5 / 0.74), { rate })).toHaveLength(1);
    expect(await excursions(SECOND, ramp(-5 / 0.74), { rate })).toHaveLength(1);
  });

  it('makes one alert of one step, which is cleared when the step is past', async () => {
    const step = Array.from({ length: 200 }, (_, i) => (i < 100 ? 0 : 7));
    const found = await excursions(SECOND, step, { rate, anomaly: false });
    expect(found).toHaveLength(1);
    const [, from, to] = /rate (\d+)-(\d+)/.exec(found[0]!)!.map(Number);
    expect(from).toBe(101);
    expect(to! - from!).toBeGreaterThan(44);
    expect(to! - from!).toBeLessThanOrEqual(61);
  });

  it('goes by the time that has passed where readings are further apart', async () => {
    expect(await excursions(5 * MINUTE, [0, 24, 48, 72], { rate })).toEqual([]);
    expect(await excursions(5 * MINUTE, [0, 26, 27, 28], { rate })).toEqual(['rate 2-3']);
  });

  it('clears although the hysteresis is larger than the change', async () => {
    expect(await excursions(5 * MINUTE, [0, 26, 26, 26], { rate, hysteresis: 9 })).toEqual(['rate 2-3']);
  });
});

describe('anomaly', () => {
  const values = [...Array.from({ length: 150 }, (_, i) => 20 + Math.sin(i * 1.7)), 90];

  it('is raised by default and not when it is off; the score stays', async () => {
    const on = await folded(every(SECOND, values), {});
    const off = await folded(every(SECOND, values), { anomaly: false });
    expect(on.alerts).toMatchObject([{ rule: 'anomaly', state: 'open', limit: null }]);
    expect(off.alerts).toEqual([]);
    expect(off.verdicts).toEqual(on.verdicts);
  });

  it('says why: the term, what it compared, and where the value was expected', async () => {
    const { alerts, verdicts } = await folded(every(SECOND, values), {});
    const { explanation, score, expected } = verdicts.at(-1)!;
    expect(explanation).toMatchObject({ reason: 'range' });
    expect(explanation!.observed / explanation!.usual).toBeCloseTo(score!, 9);
    expect(explanation!.high! - expected!).toBeCloseTo(expected! - explanation!.low!, 9);
    expect(explanation!.high).toBeLessThan(90);
    expect(alerts).toMatchObject([{ explanation }]);
    for (const { value, explanation: why, score: of } of verdicts.map((each, i) => ({
      ...each,
      value: values[i]!,
    }))) {
      if (of === null) expect(why).toBeNull();
      else expect(why!.low! <= value && value <= why!.high!).toBe(value < 90);
    }
  });

  it('says the same of the alert when it ends, in whatever commits the readings come', async () => {
    const samples = every(SECOND, [...values, ...values.slice(0, 20)]);
    const whole = await folded(samples, {});
    let { state } = await folded([], {});
    let last = whole.alerts;
    for (const sample of samples) {
      const one = await folded([sample], {}, decodeState(encodeState(state)));
      state = one.state;
      if (one.alerts.length > 0) last = one.alerts;
    }
    expect(whole.alerts).toMatchObject([{ state: 'cleared', explanation: { reason: 'range' } }]);
    expect(last).toEqual(whole.alerts);
  });

  it('counts the repetitions of a stuck sensor', async () => {
    const stuck = [...values.slice(0, 150), ...Array<number>(15).fill(20)];
    const { alerts } = await folded(every(SECOND, stuck), {});
    const { explanation } = alerts.find(({ explanation: why }) => why?.reason === 'stuck')!;
    expect(explanation!.observed).toBeGreaterThan(explanation!.usual);
    expect(explanation!.observed).toBeLessThan(15);
  });
});

it('a rule that is gone clears its alert with the next reading', async () => {
  const values = [...Array.from({ length: 150 }, (_, i) => 20 + Math.sin(i * 1.7)), 90];
  const before = await folded(every(SECOND, values), { max: 30, min: 80, rate: { change: 5, per: MINUTE } });
  expect(before.state.open.length).toBeGreaterThan(2);
  const after = await folded([{ ts: 200 * SECOND, value: 90 }], { anomaly: false }, before.state);
  expect(after.state.open).toEqual([]);
  expect(after.alerts.every(({ clearedTs }) => clearedTs === 200 * SECOND)).toBe(true);
});

describe('the usual interval', () => {
  async function interval(gaps: readonly number[]): Promise<number | null> {
    let ts = 1e9;
    const samples = [0, ...gaps].map((gap) => {
      ts += gap;
      return { ts, value: 20 };
    });
    return usualInterval((await folded(samples, {})).state.intervals);
  }
  const regular = (count: number, ms: number) => Array<number>(count).fill(ms);

  it('is unknown for the first 16', async () => {
    expect(await interval(regular(15, 1000))).toBeNull();
    expect(await interval(regular(16, 1000))).toBe(1000);
  });

  it('stays what it is through jitter, a gap, a burst', async () => {
    const jitter = Array.from({ length: 40 }, (_, i) => 1000 + ((i * 379) % 500) - 250);
    expect(Math.abs((await interval(jitter))! - 1000)).toBeLessThan(150);
    expect(await interval([...regular(16, 1000), 3_600_000, 1000])).toBe(1000);
    expect(await interval([...regular(16, 1000), 1e11])).toBe(1000);
    expect(await interval([...regular(20, 1000), 1, 1, 2])).toBe(1000);
  });

  it('follows a change of the interval', async () => {
    expect(await interval([...regular(30, 60_000), ...regular(16, 1000)])).toBe(1000);
  });

  it('is unknown where readings come as they like', async () => {
    expect(await interval(Array.from({ length: 40 }, (_, i) => 1 + ((i * 7919) % 97) ** 3))).toBeNull();
    expect(await interval(Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 1 : 60_000)))).toBeNull();
  });
});
