import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FilterTree } from '../../broker/filter-tree.ts';
import { matchesFilter, parseShared } from '../../broker/topic-filter.ts';

describe('a filter matches', () => {
  test.each([
    ['a/b', 'a/b', true],
    ['a/b', 'a/b/c', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a', false],
    ['a/+', 'a/', true],
    ['+/+', '/a', true],
    ['+', '/a', false],
    ['a/+/c', 'a/b/c', true],
    ['a/+/c', 'a/b/d', false],
    ['a/#', 'a/b/c', true],
    ['a/#', 'a', true],
    ['a/#', 'ab', false],
    ['#', 'a/b', true],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
    ['$SYS/+', '$SYS/x', true],
    ['a/b/c', 'a/b', false],
  ])('%s: %s is %s', (filter, topic, expected) => {
    expect(matchesFilter(filter, topic)).toBe(expected);
    const tree = new FilterTree();
    tree.add(filter, 'client', 1);
    expect(tree.match(topic).has('client')).toBe(expected);
  });
});

const level = fc.constantFrom('a', 'b', '', '$x');
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, rest]) => [...levels, ...(rest ? ['#'] : [])].join('/'));
const subscription = fc.record({
  filter,
  client: fc.constantFrom('1', '2', '3'),
  qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
});

test('the tree finds what a look at each filter finds, with the greatest QoS, also after removals', () => {
  fc.assert(
    fc.property(fc.array(subscription), fc.array(subscription), topic, (added, removed, name) => {
      const tree = new FilterTree();
      const all = new Map<string, (typeof added)[number]>();
      for (const one of added) {
        tree.add(one.filter, one.client, one.qos);
        all.set(`${one.client} ${one.filter}`, one);
      }
      for (const one of removed) {
        tree.remove(one.filter, one.client);
        all.delete(`${one.client} ${one.filter}`);
      }
      const expected = new Map<string, number>();
      for (const { client, filter, qos } of all.values()) {
        if (matchesFilter(filter, name)) expected.set(client, Math.max(qos, expected.get(client) ?? 0));
      }
      expect(new Map(tree.match(name))).toEqual(expected);
    }),
  );
});

test('a shared subscription is taken apart, or recognised as malformed', () => {
  expect(parseShared('$share/g/sensors/#')).toEqual({ group: 'g', filter: 'sensors/#' });
  expect(parseShared('$share/g//a')).toEqual({ group: 'g', filter: '/a' });
  for (const bad of [
    '$share',
    '$share/g',
    '$share/g/',
    '$share//a',
    '$share/+/a',
    '$share/g#/a',
    'sensors/#',
  ])
    expect(parseShared(bad)).toBeNull();
});
