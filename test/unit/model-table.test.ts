import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globMatches } from '../../src/domain/glob.ts';
import {
  bringAlong,
  choiceFor,
  DEFAULT_SCOPE,
  EMPTY_TABLE,
  type ModelTable,
  modelsOf,
  promote,
  rollBack,
  setShadow,
} from '../../src/domain/model-table.ts';
import { cpuTime } from '../helpers/cpu-time.ts';

const NOW = 1_700_000_000_000;
const boiler = { sensor: 'boiler-1', metric: 'temperature' };
const other = { sensor: 'attic', metric: 'temperature' };
const scope = (sensor: string, metric = '*') => ({ sensor, metric });
const put = (table: ModelTable, sensor: string, metric: string, model: string) =>
  promote(table, { sensor, metric }, model, NOW);

describe('patterns', () => {
  it('match as the regular expression would', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '🌡'), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?', '🌡'), maxLength: 6 });
    fc.assert(
      fc.property(pattern, text, (glob, name) => {
        const source = glob.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.');
        expect(globMatches(glob, name)).toBe(new RegExp(`^${source}$`, 'u').test(name));
      }),
      { numRuns: 3000, seed: 4 },
    );
  });

  it('take no time to speak of, whatever they are', async () => {
    const work = await cpuTime(() => {
      expect(globMatches('a*'.repeat(100), `${'a'.repeat(100_000)}b`)).toBe(true);
      expect(globMatches(`${'a*'.repeat(100)}c`, 'a'.repeat(100_000))).toBe(false);
    });
    expect(work).toBeLessThan(1000);
  });
});

describe('the model table', () => {
  it('lets the more specific rule decide, whichever was made first', () => {
    const rules: [string, string, string][] = [
      ['*', '*', 'default'],
      ['boiler-*', '*', 'boilers'],
      ['boiler-1', '*', 'this-one'],
      ['boiler-1', 'temp*', 'this-one-warm'],
      ['*', 'humidity', 'wet'],
    ];
    for (const order of [rules, rules.toReversed()]) {
      const table = order.reduce((so, rule) => put(so, ...rule), EMPTY_TABLE);
      expect(choiceFor(table, boiler).model).toBe('this-one-warm');
      expect(choiceFor(table, { ...boiler, metric: 'humidity' }).model).toBe('this-one');
      expect(choiceFor(table, { sensor: 'boiler-2', metric: 'humidity' }).model).toBe('boilers');
      expect(choiceFor(table, { sensor: 'attic', metric: 'humidity' }).model).toBe('wet');
      expect(choiceFor(table, other).model).toBe('default');
    }
  });

  it('takes promotions back one by one, each in its scope', () => {
    let table = bringAlong(EMPTY_TABLE, 'r1', 'start', NOW);
    table = put(table, '*', '*', 'a');
    table = put(table, 'boiler-*', '*', 'x');
    table = put(table, '*', '*', 'b');
    expect([choiceFor(table, other).model, choiceFor(table, boiler).model]).toEqual(['b', 'x']);
    table = rollBack(table, DEFAULT_SCOPE, NOW);
    expect([choiceFor(table, other).model, choiceFor(table, boiler).model]).toEqual(['a', 'x']);
    table = rollBack(table, scope('boiler-*'), NOW);
    expect(choiceFor(table, boiler).model).toBe('a');
    table = rollBack(table, DEFAULT_SCOPE, NOW);
    expect(table).toMatchObject({ rules: [], history: [] });
    expect(choiceFor(table, boiler).model).toBe('start');
    expect(() => rollBack(table, DEFAULT_SCOPE, NOW)).toThrow(/nothing was promoted for the default/);
    expect(() => rollBack(table, scope('x'), NOW)).toThrow(/sensor 'x'/);
  });

  it('has a shadow beside the active model, which ends it when promoted', () => {
    let table = setShadow(put(EMPTY_TABLE, '*', '*', 'a'), DEFAULT_SCOPE, 'b', NOW);
    table = setShadow(table, scope('boiler-*'), 'c', NOW);
    expect(choiceFor(table, other)).toEqual({ model: 'a', shadow: 'b' });
    expect(choiceFor(table, boiler)).toEqual({ model: 'a', shadow: 'c' });
    expect(modelsOf(table).sort()).toEqual(['a', 'b', 'c']);
    table = promote(table, DEFAULT_SCOPE, 'b', NOW);
    expect(choiceFor(table, other)).toEqual({ model: 'b', shadow: null });
    table = setShadow(table, scope('boiler-*'), null, NOW);
    expect(choiceFor(table, boiler)).toEqual({ model: 'b', shadow: null });
    expect(table.rules).toHaveLength(1);
    // The active model is no shadow of itself.
    expect(choiceFor(setShadow(table, scope('attic'), 'b', NOW), other).shadow).toBeNull();
  });

  it('grows its revision with every change and with nothing else', () => {
    const first = put(EMPTY_TABLE, '*', '*', 'a');
    expect(first.revision).toBe(NOW);
    expect(promote(first, DEFAULT_SCOPE, 'a', NOW + 9)).toBe(first);
    expect(setShadow(first, DEFAULT_SCOPE, null, NOW + 9)).toBe(first);
    expect(put(first, '*', '*', 'b').revision).toBe(NOW + 1);
    expect(promote(first, DEFAULT_SCOPE, 'b', NOW + 9).revision).toBe(NOW + 9);
  });

  it('starts with what a replica brings along, but not again with what it brought already', () => {
    let table = bringAlong(EMPTY_TABLE, 'r1', 'old', NOW);
    table = bringAlong(table, 'r2', 'old', NOW);
    expect(bringAlong(table, 'r1', 'old', NOW)).toBe(table);
    table = bringAlong(table, 'r2', 'new', NOW);
    expect(choiceFor(table, other).model).toBe('new');
    // r1 crashes and comes back with its old MODEL_DIR.
    expect(bringAlong(table, 'r1', 'old', NOW)).toBe(table);
    table = bringAlong(table, 'r1', 'new', NOW);
    expect(table.start).toBe('new');
    expect(choiceFor(put(table, '*', '*', 'promoted'), other).model).toBe('promoted');
  });

  it('stays small', () => {
    let table = EMPTY_TABLE;
    for (let i = 0; i < 300; i++) table = bringAlong(table, `container-${i}`, `m-${i % 2}`, NOW);
    expect(Object.keys(table.started)).toHaveLength(100);
    for (let i = 0; i < 300; i++) table = put(table, 'x', '*', `m-${i}`);
    expect(table.history).toHaveLength(100);
    for (let i = 0; i < 99; i++) table = put(table, `s-${i}`, '*', 'm');
    expect(() => put(table, 'one-more', '*', 'm')).toThrow(/100 rules/);
  });
});
