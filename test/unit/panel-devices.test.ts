/** In which order the panel lists devices. */
import { describe, expect, it } from 'vitest';
import { devicesOf } from '../../src/http/panel/device-order.js';

const NOW = 1_700_000_000_000;

const one = (sensor: string, metric: string, state = 'normal', age = 0) =>
  ({
    ...{ key: `${sensor}/${metric}`, sensor, metric, unit: null, points: null },
    last: { t: NOW - age, v: 1 },
    state,
  }) as unknown as Parameters<typeof devicesOf>[0] extends Iterable<infer S> ? S : never;

const wish = { order: 'alarms' as const, state: 'all', text: '', favourites: new Set<string>(), now: NOW };
const names = (devices: ReturnType<typeof devicesOf>) => devices.map(({ sensor }) => sensor);

describe('devices', () => {
  const all = [
    one('pump-10', 'm'),
    one('pump-2', 'm', 'warmup', 30 * 60_000),
    one('oven', 'b', 'normal'),
    one('oven', 'a', 'alarm'),
    one('fan', 'm', 'silent', 90 * 60_000),
  ];

  it('come with the alarm first, then the silent one, then by name with its numbers in order', () => {
    const devices = devicesOf(all, wish);
    expect(names(devices)).toEqual(['oven', 'fan', 'pump-2', 'pump-10']);
    expect(devices[0]).toMatchObject({ state: 'alarm', series: [{ metric: 'a' }, { metric: 'b' }] });
  });

  it('come by name, or by the age of their newest reading, favourites before the others', () => {
    expect(names(devicesOf(all, { ...wish, order: 'name' }))).toEqual(['fan', 'oven', 'pump-2', 'pump-10']);
    expect(names(devicesOf(all, { ...wish, order: 'age' }))).toEqual(['fan', 'pump-2', 'oven', 'pump-10']);
    const favourites = new Set(['pump-10']);
    expect(names(devicesOf(all, { ...wish, favourites }))).toEqual(['oven', 'fan', 'pump-10', 'pump-2']);
    expect(names(devicesOf(all, { ...wish, order: 'name', favourites }))[0]).toBe('pump-10');
  });

  it('are found by text and by state', () => {
    expect(names(devicesOf(all, { ...wish, text: ' PUMP ' }))).toEqual(['pump-2', 'pump-10']);
    expect(devicesOf(all, { ...wish, state: 'normal' }).flatMap(({ series }) => series)).toHaveLength(2);
    expect(names(devicesOf(all, { ...wish, state: 'favourite', favourites: new Set(['fan']) }))).toEqual([
      'fan',
    ]);
  });

  it('stand still while readings come within a minute', () => {
    const order = (ages: number[]) =>
      names(
        devicesOf(
          ages.map((age, i) => one(`s-${i}`, 'm', 'normal', age)),
          { ...wish, order: 'age' },
        ),
      );
    expect(order([0, 30_000, 59_000])).toEqual(['s-0', 's-1', 's-2']);
    expect(order([0, 130_000, 59_000])).toEqual(['s-1', 's-0', 's-2']);
  });
});
