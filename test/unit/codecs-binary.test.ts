/** The codecs of binary formats, each against an independent implementation: CBOR, MessagePack, floats, compression. */
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import * as cborg from 'cborg';
import fc from 'fast-check';
import notepack from 'notepack.io';
import { describe, expect, it } from 'vitest';
import { cborCodec } from '../../src/codecs/cbor.ts';
import type { Codec } from '../../src/codecs/codec.ts';
import { compressionOf, decompress } from '../../src/codecs/compression.ts';
import { floatCodecs, shortest } from '../../src/codecs/floats.ts';
import { recognise } from '../../src/codecs/formats.ts';
import { messagePackCodec } from '../../src/codecs/message-pack.ts';
import { plainTree } from '../../src/codecs/plain-tree.ts';
import { CONTEXT, documentOf, reasonOf } from './codec-context.ts';

const tree = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.double({ noNaN: true, min: -1e15, max: 1e15 }).map((value) => value + 0),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.string(),
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(fc.string({ maxLength: 6 }), tie('node'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).node;

describe.each([
  ['CBOR', cborCodec, (value: unknown) => cborg.encode(value), 'not-cbor'],
  ['MessagePack', messagePackCodec, (value: unknown) => notepack.encode(value), 'not-msgpack'],
] as const)('%s', (_name, codec: Codec, encode, reason) => {
  it('is what an independent writer wrote', () => {
    fc.assert(
      fc.property(tree, (value) => {
        expect(documentOf(codec.decode(encode(value), CONTEXT))).toEqual(value);
      }),
    );
  });

  it('is refused where it is cut off or followed by more', () => {
    const bytes = encode({ temperature: 21.5, humidity: [1, 2, 3] });
    expect(reasonOf(codec.decode(bytes.subarray(0, -1), CONTEXT))).toBe(reason);
    expect(reasonOf(codec.decode(Buffer.concat([bytes, Buffer.of(1)]), CONTEXT))).toBe(reason);
  });

  it('does not believe a length beyond the message, nor nest without end', () => {
    for (const bytes of [
      Buffer.alloc(50_000, 0x81),
      Buffer.from('9b7fffffffffffffff', 'hex'),
      Buffer.from('dd7fffffff', 'hex'),
    ]) {
      expect(codec.decode(bytes, CONTEXT)).toBeDefined();
    }
  });

  it('keeps a key named __proto__ a key, or refuses it', () => {
    const bytes = encode(JSON.parse('{"__proto__":{"value":1},"a":2}'));
    const content = codec.decode(bytes, CONTEXT);
    if ('document' in content) {
      expect(Object.getPrototypeOf(content.document)).toBe(Object.prototype);
      expect(Object.keys(content.document as object).sort()).toEqual(['__proto__', 'a']);
    } else expect(reasonOf(content)).toBe(reason);
    expect(({} as { value?: unknown }).value).toBeUndefined();
  });

  it('of a device that is gone is null', () => {
    expect(documentOf(codec.decode(Buffer.alloc(0), CONTEXT))).toBeNull();
  });
});

describe('CBOR', () => {
  it('reads times, NaN and numbers of 64 bits', () => {
    // {"at": 1(1796019770), "nan": NaN, "big": 2^40, "bytes": h'0102'}
    const bytes = Buffer.from(
      'a4626174c11a6b0d167a636e616ef97e006362696 71b0000010000000000656279746573420102'.replaceAll(' ', ''),
      'hex',
    );
    expect(documentOf(cborCodec.decode(bytes, CONTEXT))).toEqual({
      at: new Date(1_796_019_834_000),
      nan: Number.NaN,
      big: 2 ** 40,
      bytes: '(2 bytes)',
    });
  });
});

describe('the tree of a binary format', () => {
  it('has values, texts for what has no place in it, and an end', () => {
    const boxed = Object.create({ valueOf: () => 5n });
    const bare = Object.create(Object.create(null));
    const tagged = { tag: 99, contents: [1n] };
    const given = [
      undefined,
      2n ** 40n,
      () => 1,
      Symbol('x'),
      new Uint8Array(3),
      boxed,
      bare,
      tagged,
      { contents: 1 },
    ];
    expect(plainTree(given)).toEqual([
      ...[null, 2 ** 40, null, null, '(3 bytes)', 5, '(extension)', [1], { contents: 1 }],
    ]);
    expect(plainTree(new Map<unknown, unknown>([[1, 'a']]))).toEqual({ 1: 'a' });
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
    expect(JSON.stringify(plainTree(nested(64)))).toContain('1');
    expect(JSON.stringify(plainTree(nested(65)))).toContain('too deep');
  });
});

describe('a payload of unknown format', () => {
  it.each([
    ['cbor', cborg.encode({ temperature: 21.5 })],
    ['cbor', cborg.encode([{ temperature: 21.5 }, { temperature: 22 }])],
    ['msgpack', notepack.encode({ temperature: 21.5 })],
    ['json', Buffer.from('{"temperature":21.5}')],
    ['number', Buffer.from('21.5 °C')],
    ['csv', Buffer.from('a,b\n1,2')],
    ['line-protocol', Buffer.from('w,a=b t=1')],
    ['senml', Buffer.from('[{"n":"t","v":1}]')],
    [
      'senml-cbor',
      cborg.encode([
        new Map<number, unknown>([
          [0, 't'],
          [2, 21.5],
        ]),
      ]),
    ],
  ])('is recognised: %s', (format, bytes) => {
    const found = recognise(bytes, CONTEXT);
    expect(found.format).toBe(format);
    expect(reasonOf(found.content)).toBeNull();
  });

  it.each(['05', 'f4', '1864', 'a10101', 'cb4035800000000000', 'ff00ff'])('is not guessed: %s', (hex) => {
    expect(reasonOf(recognise(Buffer.from(hex, 'hex'), CONTEXT).content)).not.toBeNull();
  });

  it('is not guessed between a decimal comma and CSV', () => {
    expect(recognise(Buffer.from('21,5'), CONTEXT).content).toMatchObject({
      problem: { reason: 'ambiguous' },
    });
  });
});

describe('raw floats', () => {
  it('have the shortest decimal that is the same number', () => {
    // The last but two need seven, eight and nine digits.
    const numbers = [21.5, 21.1, 0.1, 1e-20, -3.131, 1.192093, 16777.219, 1.00000015e-7, 0, -0.5];
    expect(numbers.map(Math.fround).map(shortest)).toEqual(numbers);
    expect([Number.POSITIVE_INFINITY, Number.NaN].map(shortest)).toEqual([
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ]);
  });

  it('of 32 and 64 bits, one or more, in either order of bytes', () => {
    const four = Buffer.alloc(8);
    four.writeFloatLE(21.5, 0);
    four.writeFloatLE(-1.1, 4);
    expect(documentOf(floatCodecs.float32.decode(four, CONTEXT))).toEqual([21.5, -1.1]);
    const eight = Buffer.alloc(8);
    eight.writeDoubleBE(21.123456789);
    expect(documentOf(floatCodecs['float64-be'].decode(eight, CONTEXT))).toBe(21.123456789);
    expect(reasonOf(floatCodecs.float32.decode(Buffer.alloc(5), CONTEXT))).toBe('not-float');
    expect(documentOf(floatCodecs.float32.decode(Buffer.alloc(0), CONTEXT))).toBeNull();
    expect(documentOf(floatCodecs.float32.decode(four, { ...CONTEXT, maxReadings: 2 }))).toHaveLength(2);
    expect(reasonOf(floatCodecs.float32.decode(four, { ...CONTEXT, maxReadings: 1 }))).toBe('not-float');
    expect(documentOf(floatCodecs.float64.decode(Buffer.from(eight).reverse(), CONTEXT))).toBe(21.123456789);
    expect(documentOf(floatCodecs['float32-be'].decode(Buffer.from('7fc00000', 'hex'), CONTEXT))).toBeNull();
  });
});

describe('compression', () => {
  const text = Buffer.from('{"temperature":21.5,"humidity":45}');

  it.each([
    ['gzip', gzipSync(text), ['gzip', 'auto']],
    ['deflate', deflateSync(text), ['deflate', 'auto']],
    ['deflate of no compression', deflateSync(text, { level: 0 }), ['deflate', 'auto']],
    ['deflate without its header', deflateRawSync(text), ['deflate']],
  ] as const)('%s', (_name, bytes, kinds) => {
    for (const kind of kinds) expect(decompress(bytes, kind, 1000)).toEqual(text);
    expect(decompress(bytes, 'none', 1000)).toBe(bytes);
  });

  it('is not seen in a text', () => {
    const texts = ['x^2', 'x', 'x 1', 'x}', '21.5', '{}', ''];
    for (const each of texts) expect(compressionOf(Buffer.from(each))).toBe('none');
  });

  it('is bounded in what comes out, and refused where it is broken', () => {
    const bomb = gzipSync(Buffer.alloc(1_000_000));
    expect(decompress(bomb, 'auto', 100_000)).toMatchObject({ problem: { reason: 'too-large' } });
    expect(decompress(bomb.subarray(0, 40), 'auto', 2_000_000)).toMatchObject({
      problem: { reason: 'not-gzip' },
    });
  });
});
