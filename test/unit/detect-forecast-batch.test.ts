/** Batches of forecasts leave the event loop its turns, however large the model. */
import { describe, expect, it } from 'vitest';
import type { Model } from '../../models/model.ts';
import { multiplications, type Network } from '../../models/network.ts';
import { type Forecast, ForecastBatch, subBatch } from '../../src/detect/forecast-batch.ts';

/** Forecasts the last value of a window plus 1, and notes what happens. */
function noted(id: string, cost: number, events: string[]): Model {
  return {
    id,
    window: 2,
    backend: 'test',
    cost,
    forecast(windows, n, out) {
      events.push(`${id} ${n}`);
      for (let row = 0; row < n; row++) out[row] = windows[2 * row + 1]! + 1;
    },
    threshold: () => 1,
  };
}

async function compute(models: readonly Model[], windows: number, events: string[]): Promise<Forecast[]> {
  const batch = new ForecastBatch();
  const asked = models.flatMap((model) =>
    Array.from({ length: windows }, (_, i) => batch.add(model, Float64Array.of(0, 0, i), 3)),
  );
  await batch.compute(async () => void events.push('turn'));
  return asked;
}

function lstm(...units: number[]): Network {
  return {
    lstm: units.map((width) => ({ units: width, activation: 'relu', recurrentActivation: 'sigmoid' })),
    dense: [{ units: 1, activation: 'linear' }],
  };
}

describe('a batch of forecasts', () => {
  it('is computed in parts with a turn of the event loop between any two', async () => {
    const events: string[] = [];
    const asked = await compute([noted('a', 2e6, events), noted('b', 1, events)], 10, events);
    expect(events).toEqual(['a 4', 'turn', 'a 4', 'turn', 'a 2', 'turn', 'b 10']);
    expect(asked.map(({ expected }) => expected)).toEqual(
      [...Array(10).keys(), ...Array(10).keys()].map((i) => i + 1),
    );
  });

  it('goes window by window where one costs more than a part may', async () => {
    const events: string[] = [];
    await compute([noted('huge', 1e9, events)], 3, events);
    expect(events).toEqual(['huge 1', 'turn', 'huge 1', 'turn', 'huge 1']);
  });

  it('really gives the event loop its turns', async () => {
    const batch = new ForecastBatch();
    const model = noted('a', 8e6, []);
    for (let i = 0; i < 20; i++) batch.add(model, Float64Array.of(1, 2), 2);
    let turns = 0;
    const count = () => {
      turns++;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    await batch.compute();
    clearImmediate(next);
    expect(turns).toBeGreaterThanOrEqual(18);
  });
});

describe('the size of a part', () => {
  it('falls with the size of the network, down to one window', () => {
    const size = (network: Network, window: number) => subBatch({ cost: multiplications(network, window) });
    expect(size(lstm(32), 10)).toBe(128);
    expect(size(lstm(50), 10)).toBe(78);
    expect(size(lstm(50, 50), 10)).toBe(26);
    expect(size(lstm(256, 256), 10)).toBe(1);
    expect(size(lstm(256, 256, 256), 512)).toBe(1);
  });

  it('counts the multiplications of every layer', () => {
    expect(multiplications({ ...lstm(3, 2), dense: [{ units: 4, activation: 'relu' }] }, 5)).toBe(
      5 * (4 * 3 * (1 + 3)) + 5 * (4 * 2 * (3 + 2)) + 2 * 4,
    );
  });
});
