/** How long a change waits, and what becomes of it then. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/alerts/decision.ts';
import { settlingTime } from '../../src/alerts/settling.ts';
import type { Alert } from '../../src/domain/alert.ts';

const ALERT: Alert = {
  ...{ id: 's/t/max/1000', sensor: 's', metric: 't', rule: 'max', ts: 1000, value: 2, expected: null },
  ...{ score: null, limit: 1, state: 'open', clearedTs: null, acknowledged: false, revision: 1 },
};
const cleared = { state: 'cleared', clearedTs: 50_000 } as const;

it('a change by an old reading waits ten times as long', () => {
  const wait = (over: Partial<Alert>, at: number) => settlingTime({ alert: { ...ALERT, ...over }, at }, 2000);
  expect([wait({}, 1500), wait({}, 11_000), wait({}, 11_001)]).toEqual([2000, 2000, 20_000]);
  // The end of a long alert is as new as the reading that cleared it.
  expect([wait(cleared, 51_000), wait(cleared, 70_000)]).toEqual([2000, 20_000]);
});

describe('a change that is settled', () => {
  const about = (over: Partial<Alert>, latest: string, told: string | null, wanted = true, settled = true) =>
    decide({ alert: { ...ALERT, ...over }, news: true, latest, told }, { wants: () => wanted, settled });

  it.each([
    ['an opening', {}, 'open', null, true, { send: true, told: 'open' }],
    ['an opening that was taken back', {}, 'retracted', null, true, { send: false, told: '' }],
    ['an opening that is over', {}, 'cleared', null, true, { send: true, told: 'open' }],
    ['an opening that is not wanted', {}, 'open', null, false, { send: false, told: '' }],
    ['an opening after all', {}, 'open', '', true, { send: true, told: 'open' }],
    ['what was told before', {}, 'open', 'open', true, { send: false }],
    ['an end', cleared, 'cleared', 'open', true, { send: true, told: 'cleared' }],
    [
      'an end that is not wanted any more',
      cleared,
      'cleared',
      'open',
      false,
      { send: true, told: 'cleared' },
    ],
    ['an end that is taken back', cleared, 'open', 'open', true, { send: false }],
    ['the end of what was passed over', cleared, 'cleared', '', true, { send: false }],
    [
      'the end of what an earlier release may have told',
      cleared,
      'cleared',
      null,
      true,
      { send: true, told: 'cleared' },
    ],
    [
      'a retraction of what was told',
      { state: 'retracted' },
      'retracted',
      'open',
      true,
      { send: true, told: 'retracted' },
    ],
    [
      'an acknowledgement',
      { acknowledged: true },
      'open acknowledged',
      'open',
      false,
      { send: true, told: 'open acknowledged' },
    ],
  ] as const)('%s', (_what, over, latest, told, wanted, expected) => {
    expect(about(over, latest, told, wanted)).toEqual(expected);
  });

  it('is told as it comes where nothing waits', () => {
    expect(about({}, 'retracted', null, true, false)).toEqual({ send: true, told: 'open' });
  });
});
