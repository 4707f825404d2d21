/** Rules of the store: checked, merged over those of ALERT_RULES, followed by every replica. */
import { expect, it } from 'vitest';
import { parseAlertRules, readAlertRules, writtenRule } from '../../src/alerts/alert-rules.ts';
import { StoredRules } from '../../src/alerts/stored-rules.ts';
import type { AlertRule } from '../../src/domain/alert-rule.ts';
import { openStore } from '../helpers/deliver.ts';

const { rules: CONFIGURED } = parseAlertRules(
  '[{sensor: "f-*", max: 5, for: 30s}, {metric: t, missing: 3x}]',
);

function replica(store: ReturnType<typeof openStore>, readableByFormer = false) {
  let applied: readonly AlertRule[] = CONFIGURED;
  const rules = new StoredRules({
    documents: store.documents,
    configured: CONFIGURED,
    apply: (all) => {
      applied = all;
    },
    readableByFormer: () => readableByFormer,
  });
  return { rules, applied: () => applied };
}

it('are merged over those of ALERT_RULES at every replica, and a reload keeps them', async () => {
  const store = openStore();
  const [a, b] = [replica(store), replica(store)];
  const rule = { sensor: 'oven', max: 200, for: '1m' };
  expect(await a.rules.replace([rule], 0)).toBe(true);
  const read = { sensor: 'oven', metric: '*', max: 200, for: 60_000 };
  expect(a.applied()).toEqual([...CONFIGURED, read]);
  await b.rules.refresh();
  expect(b.applied()).toEqual([...CONFIGURED, read]);
  expect([b.rules.stored, b.rules.revision]).toEqual([[rule], 1]);
  b.rules.configure([]);
  expect(b.applied()).toEqual([read]);
  // From what was read before somebody else's change.
  expect(await b.rules.replace([], 0)).toBe(false);
  expect(await b.rules.replace([], 1)).toBe(true);
});

it('are refused with entry and field when they are wrong, and while release 0.1 may run on the store', async () => {
  const store = openStore();
  const { rules } = replica(store);
  await expect(rules.replace([{ max: 1 }, { sensor: 'x', maximum: 5 }], 0)).rejects.toThrow(
    /entry 2, maximum: is no field/,
  );
  await expect(rules.replace([{ max: 1, for: 'long' }], 0)).rejects.toThrow(
    /entry 1, for: must be a time such as 30s/,
  );
  await expect(replica(store, true).rules.replace([{ max: 1 }], 0)).rejects.toThrow(/STATE_FORMAT=3/);
  expect(await store.documents.get('alert-rules')).toBeNull();
});

it('a rule that is shown can be given again', () => {
  const text = `[{sensor: a, max: 1, min: off, rate: 5/1m, hysteresis: 0.5, for: 2m, anomaly: off}, {missing: 3x}, {missing: off, rate: off}, {missing: 5m}]`;
  const { rules, problems } = parseAlertRules(text);
  expect(problems).toEqual([]);
  expect(readAlertRules(rules.map(writtenRule))).toEqual({ rules, problems: [] });
});
