/** The fast path reads what the rest of the decoder reads, to the last bit, and leaves everything else to it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainReading } from '../../src/sources/plain-reading.ts';

const read = (text: string) => {
  const decoded = plainReading('s', 'm', Buffer.from(text));
  return decoded && 'reading' in decoded ? decoded.reading : null;
};

describe('the fast path', () => {
  it.each([
    ['21.5', { value: 21.5 }],
    ['-0', { value: 0 }],
    ['+3.', { value: 3 }],
    ['.5', { value: 0.5 }],
    ['{"value":21.5}', { value: 21.5 }],
    ['{"value":-0.125,"ts":1796019770348}', { value: -0.125, ts: 1_796_019_770_348 }],
    ['{"value": 7, "ts": 1796019770348}', { value: 7, ts: 1_796_019_770_348 }],
  ])('takes %s', (text, expected) => {
    expect(read(text)).toEqual({ sensor: 's', metric: 'm', ...expected });
  });

  it.each([
    ...[
      '',
      '.',
      '-',
      '1e3',
      '1.2.3',
      '1234567890123456',
      ' 1',
      'nan',
      '1,5',
      '[1]',
      '{}',
      '{"value":1',
      '{"value":}',
    ],
    ...[
      '{"value":01}',
      '{"value":+1}',
      '{"value":.5}',
      '{"value":1.}',
      '{"value":"1"}',
      '{"value":1,"ts":1796019770}',
    ],
    ...[
      '{"value":1,"ts":1796019770348.5}',
      '{"value":1,"ts":01796019770348}',
      '{"value":1,"ts":1,"ts":2}',
      '{"ts":1}',
    ],
    ...[
      '{"value":1}}',
      '{"value":1,"q":2}',
      '{"value":1,}',
      '{"value":1,"ts":1796019770348,"q":1}',
      '{"value":-}',
    ],
  ])('leaves %j to the rest', (text) => {
    expect(read(text)).toBeNull();
  });

  it('gives the same doubles as JSON.parse', () => {
    const decimal = fc
      .tuple(fc.integer({ min: -999_999_999, max: 999_999_999 }), fc.nat(9))
      .map(([n, places]) => (n / 10 ** places).toFixed(places));
    fc.assert(
      fc.property(decimal, (text) => {
        expect(read(text)?.value).toBe(Number(text) + 0);
        expect(read(`{"value":${text},"ts":1796019770348}`)?.value).toBe(JSON.parse(text) + 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes no message that JSON.parse refuses', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '"value":',
      '"ts":',
      ',',
      ' ',
      '0',
      '1',
      '1796019770348',
      '-',
      '.',
      '+',
      'e',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const text = pieces.join('');
        const reading = text.startsWith('{') ? read(text) : null;
        if (reading)
          expect(JSON.parse(text)).toEqual(
            'ts' in reading ? { value: reading.value, ts: reading.ts } : { value: reading.value },
          );
      }),
      { numRuns: 5000 },
    );
  });
});
