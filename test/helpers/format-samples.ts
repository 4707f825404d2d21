/** Messages of the sizes that the benchmarks are about. */
import { sparkplugBytes } from './sparkplug-writer.ts';

/** JSON of about 1 kB: an uplink with some objects in each other. */
export function nestedMessage(i: number): Buffer {
  const channel = (n: number) => ({
    temperature: 20 + n + i / 8,
    humidity: 40 + n,
    status: n % 2 ? 'ok' : 'calibrating',
    battery: { voltage: 3.1 + n / 100, percent: 80 - n, charging: false },
  });
  const message = {
    device: {
      name: `node-${i}`,
      eui: 'a84041f4b1c2d3e4',
      firmware: 'v2.13.4-rc1',
      location: { room: 'cellar', floor: -1 },
    },
    time: new Date(1_796_019_770_000 + i * 1000).toISOString(),
    counter: i,
    channels: { a: channel(1), b: channel(2), c: channel(3), d: channel(4) },
    radio: {
      rssi: -70 - (i % 9),
      snr: 9.5,
      gateway: '24e124fffef79304',
      frequency: 868_100_000,
      dataRate: 'SF7BW125',
    },
    text: 'x',
  };
  const missing = 1000 - JSON.stringify(message).length;
  return Buffer.from(JSON.stringify({ ...message, text: 'x'.repeat(Math.max(1, missing)) }));
}

/** DDATA with names, times and doubles. */
export function sparkplugMessage(metrics: number, i: number): Buffer {
  const at = 1_796_019_770_000 + i;
  return sparkplugBytes({
    timestamp: at,
    seq: i % 256,
    metrics: Array.from({ length: metrics }, (_, n) => ({
      name: `Inputs/Channel ${n}/Value`,
      timestamp: at,
      datatype: 10,
      double_value: 20 + n + i / 8,
    })),
  });
}
