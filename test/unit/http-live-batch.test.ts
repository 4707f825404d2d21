/** What a flush of the live stream carries, and in which order it tells of one series. */
import { describe, expect, it } from 'vitest';
import { LiveBatch, type LiveReading } from '../../src/http/live/live-batch.ts';

const S = { sensor: 's', metric: 'm' };
const reading = (t: number, state: 'normal' | 'alarm' = 'normal'): LiveReading => ({
  ...S,
  t,
  v: t,
  expected: null,
  score: null,
  state,
});

describe('a batch of live news', () => {
  it('ends with the state that holds, whether readings wait or not', () => {
    const batch = new LiveBatch(10);
    batch.state({ ...S, state: 'silent' });
    batch.reading(reading(1));
    expect(batch.take()).toMatchObject({ readings: [{ t: 1, state: 'normal' }], states: [] });
    batch.reading(reading(2));
    batch.state({ ...S, state: 'silent' });
    expect(batch.take()).toMatchObject({ readings: [{ t: 2, state: 'silent' }], states: [] });
    batch.state({ ...S, state: 'silent' });
    expect(batch.empty).toBe(false);
    expect(batch.take()).toMatchObject({ readings: [], states: [{ ...S, state: 'silent' }] });
    expect(batch.empty).toBe(true);
  });

  it('beyond its budget keeps the newest reading, with the state after a late one', () => {
    const batch = new LiveBatch(1);
    batch.reading(reading(2, 'normal'));
    batch.reading(reading(1, 'alarm'));
    expect(batch.take().readings).toEqual([reading(2, 'alarm')]);
  });

  it('tells of a deletion before what came after it, and nothing of what came before', () => {
    const batch = new LiveBatch(10);
    batch.reading(reading(1));
    batch.state({ ...S, state: 'deleted' });
    batch.reading(reading(2));
    const { deleted, readings } = batch.take();
    expect(deleted).toEqual([{ ...S, state: 'deleted' }]);
    expect(readings).toEqual([reading(2)]);
    expect(batch.empty).toBe(true);
  });
});
