/** Paths, templates of names and of topics, and the filters that cover them. */
import { describe, expect, it } from 'vitest';
import { subscriptionFilters } from '../../src/sources/filters.ts';
import { NameTemplate } from '../../src/sources/name-template.ts';
import { Path } from '../../src/sources/path.ts';
import { TopicTemplate } from '../../src/sources/topic-template.ts';

describe('a path', () => {
  const document = { a: { 'b c': [{ v: 1 }, { v: 2 }] }, 'x:0': { t: 3 }, list: [4, 5] };

  it.each<[string, unknown]>([
    ['$', document],
    ['$.a', document.a],
    ["$.a['b c'][1].v", 2],
    ['$.a["b c"][*].v', 1],
    ['$.x:0.t', 3],
    ['$.list[0]', 4],
    ['$.*.t', 3],
    ['$.nothing.v', undefined],
    ['$.list.length', undefined],
    ['$.a.constructor', undefined],
    ['$.list[9]', undefined],
  ])('%s', (text, value) => {
    expect(Path.compile(text).first(document)).toEqual(value);
  });

  it('finds all, with their places and the names of its steps', () => {
    const found = Path.compile('$.{key}[*]').all({ one: [1, 2], two: [3], three: 4 });
    expect(found.map(({ value, path, names }) => [value, path, names.key])).toEqual([
      [1, '$.one[0]', 'one'],
      [2, '$.one[1]', 'one'],
      [3, '$.two[0]', 'two'],
    ]);
  });

  it.each(['a.b', '$a', '$.', '$..a', '$[x]', '$.a[', "$['a]", '$[?(@.x)]'])('is not %s', (text) => {
    expect(() => Path.compile(text)).toThrow(SyntaxError);
  });
});

describe('a template of names', () => {
  const sources = {
    names: { sensor: 'roof', client: 'c1' },
    element: { id: 118, model: 'WH31E', channel: null },
    above: [{ device: { name: 'gateway' }, tags: { b: 'y', a: 'x' } }],
  };

  it.each([
    ['roof', 'roof'],
    ['{sensor}-1', 'roof-1'],
    ['{client_id}', 'c1'],
    ['{$.model}/{$.channel?}/{$.id}', 'WH31E/118'],
    ['{$.channel?}/{$.id}', '118'],
    ['{$.device.name}', 'gateway'],
    ['$.device.name', 'gateway'],
    ['{$.tags.*}', 'y/x'],
    ["{$['model']}", 'WH31E'],
  ])('%s', (text, name) => {
    expect(NameTemplate.compile(text).fill(sources)).toBe(name);
  });

  it('says what is missing', () => {
    expect(NameTemplate.compile('{user}').fill(sources)).toEqual({ missing: 'user' });
    expect(NameTemplate.compile('{$.device.id}').fill(sources)).toEqual({ missing: '$.device.id' });
  });

  it.each(['{sensor', 'sensor}', '{a b}', '{$.}', '{}'])('is not %s', (text) => {
    expect(() => NameTemplate.compile(text)).toThrow(SyntaxError);
  });
});

describe('a template of topics', () => {
  it.each<[string, string, object | null]>([
    ['sensors/{sensor}/{metric}', 'sensors/a/b', { sensor: 'a', metric: 'b' }],
    ['sensors/{sensor}/{metric}', 'sensors/a', null],
    ['sensors/{sensor}/{metric}', 'sensors/a/b/c', null],
    ['a/+/{sensor}/#', 'a/x/y/z/w', { sensor: 'y' }],
    ['a/{sensor}/#', 'a/y', { sensor: 'y' }],
    ['a/{sensor...}', 'a/x/y/z', { sensor: 'x/y/z' }],
    ['a/{sensor...}', 'a', null],
    ['a/{sensor...}/{metric}', 'a/x/y/z', { sensor: 'x/y', metric: 'z' }],
    ['a/{sensor...}/state', 'a/x/y/state', { sensor: 'x/y' }],
    ['a/{sensor...}/state', 'a/state', null],
    ['{sensor}', '$SYS', null],
    ['$aws/{sensor}', '$aws/x', { sensor: 'x' }],
    ['{sensor}', '/', null],
  ])('%s and %s', (template, topic, names) => {
    expect(new TopicTemplate(template).match(topic)).toEqual(names);
  });

  it.each([
    ['sensors/{sensor}/{metric}', 'sensors/+/+', false],
    ['a/{sensor...}', 'a/+/#', false],
    ['a/{sensor...}/{metric}', 'a/+/#', true],
    ['a/{sensor}/#', 'a/+/#', false],
  ])('%s is covered by %s', (template, filter, wider) => {
    const { filter: covered, filterIsWider } = new TopicTemplate(template);
    expect([covered, filterIsWider]).toEqual([filter, wider]);
  });

  it.each(['a/#/b', 'a/{sensor}/{sensor}', 'a/x{sensor}', 'a+', '{a...}/{b...}', '{sensor...}/#'])(
    'is not %s',
    (text) => {
      expect(() => new TopicTemplate(text)).toThrow(SyntaxError);
    },
  );
});

describe('the filters of a subscription', () => {
  it.each([
    [['a/+', 'a/b'], ['a/+']],
    [
      ['a/b', 'a/#', 'c'],
      ['a/#', 'c'],
    ],
    [['a/+/c', 'a/b/+'], ['a/+/+']],
    [['+/sensor/+/state', 'homeassistant/+/+/state'], ['+/+/+/state']],
    [
      ['sensors/+/+', 'tele/+/SENSOR'],
      ['sensors/+/+', 'tele/+/SENSOR'],
    ],
    [['a/#', 'a'], ['a/#']],
    [
      ['a/b/c', 'a/+'],
      ['a/b/c', 'a/+'],
    ],
    [['x/1', '+/1', 'x/+'], ['+/+']],
  ])('of %j are %j', (given, filters) => {
    expect(subscriptionFilters(given)).toEqual(filters);
  });
});
