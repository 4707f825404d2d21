import pino from 'pino';
import { expect, it } from 'vitest';
import { Lifecycle } from '../../src/app/lifecycle.ts';

it('closes what was added last first, each step after the one before has ended, and a failing step is logged', async () => {
  const lines: string[] = [];
  const lifecycle = new Lifecycle(
    pino({ base: null, timestamp: false }, { write: (line) => lines.push(line) }),
  );
  const order: string[] = [];
  lifecycle.add('store', () => {
    order.push('store');
  });
  lifecycle.add('broken', () => {
    throw new Error('no');
  });
  lifecycle.add('broker', async () => {
    order.push('broker begins');
    await new Promise((resolve) => setImmediate(resolve));
    order.push('broker ends');
  });
  const first = lifecycle.close();
  const second = lifecycle.close();
  await Promise.all([first, second]);
  expect(order).toEqual(['broker begins', 'broker ends', 'store']);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ msg: 'closing the broken failed' }]);
});
