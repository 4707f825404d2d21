/** The codecs of formats that name their values: SenML and Sparkplug B. */
import * as cborg from 'cborg';
import { describe, expect, it } from 'vitest';
import { isSenml, named, senmlCborCodec, senmlCodec, splitName } from '../../src/codecs/senml.ts';
import {
  decodeSparkplug,
  sparkplugCodec,
  sparkplugSender,
  sparkplugTopic,
} from '../../src/codecs/sparkplug.ts';
import { readBirth, rebirthCommand } from '../../src/codecs/sparkplug-birth.ts';
import { readSparkplug } from '../../src/codecs/sparkplug-payload.ts';
import { sparkplugBytes } from '../helpers/sparkplug-writer.ts';
import { CONTEXT, elementsOf, reasonOf } from './codec-context.ts';

const senml = (pack: unknown) => senmlCodec.decode(Buffer.from(JSON.stringify(pack)), CONTEXT);

describe('SenML', () => {
  it('adds base fields to the records after them', () => {
    const pack = [
      { bn: 'dev1:', bt: 1_796_019_770, bu: 'Cel', bv: 20, n: 'a', v: 1.5 },
      { n: 'b', v: -1, t: -5, u: 'K' },
      { bn: 'dev2/', bv: 0, n: 'c', vb: true },
    ];
    expect(elementsOf(senml(pack))).toEqual([
      { path: '[0]', sensor: 'dev1', metric: 'a', value: 21.5, unit: 'Cel', ts: 1_796_019_770_000 },
      { path: '[1]', sensor: 'dev1', metric: 'b', value: 19, unit: 'K', ts: 1_796_019_765_000 },
      { path: '[2]', sensor: 'dev2', metric: 'c', value: 1, unit: 'Cel', ts: 1_796_019_770_000 },
    ]);
  });

  it('counts relative times from now, and has none without any', () => {
    const [late, none] = elementsOf(
      senml([
        { n: 'a', v: 1, t: -2 },
        { n: 'a', v: 2 },
      ]),
    );
    expect([late!.ts, none!.ts]).toEqual([CONTEXT.receivedAt - 2000, undefined]);
  });

  it('has sums as metrics of their own, and ignores texts and data', () => {
    const content = senml([
      { n: 'energy', s: 12, u: 'W' },
      { n: 'label', vs: 'x' },
      { n: 'raw', vd: 'AQ' },
      { n: 'gone', v: null },
    ]);
    expect(elementsOf(content)).toEqual([
      { path: '[0]', metric: 'energy.sum', value: 12, unit: 'W.s' },
      { path: '[3]', metric: 'gone', value: null },
    ]);
    expect(content).toMatchObject({
      ignored: [
        { path: '[1].vs', reason: 'text' },
        { path: '[2].vd', reason: 'bytes' },
      ],
    });
  });

  it.each([[{ n: 'a', v: 1 }], [[{ bver: 11, n: 'a', v: 1 }]], [[{ n: 'a', v: 1, must_: 2 }]], [[1]]])(
    'refuses %j',
    (pack) => {
      expect(reasonOf(senml(pack))).toBe('not-senml');
    },
  );

  it('of a device that is gone is null, in text and in CBOR', () => {
    for (const codec of [senmlCodec, senmlCborCodec])
      expect(codec.decode(Buffer.alloc(0), CONTEXT)).toEqual({ document: null });
    expect(reasonOf(senmlCodec.decode(Buffer.from('[{'), CONTEXT))).toBe('not-json');
    expect(reasonOf(senmlCodec.decode(Buffer.of(0xef, 0x5b), CONTEXT))).toBe('not-utf8');
  });

  it('adds base values and base sums, and takes a value that a record leaves out from its base', () => {
    const pack = [
      { bn: 'd', bv: 10, bs: 100, n: 'a', v: 1 },
      { n: 'b', s: 5 },
      { n: 'c' },
      { n: 'd', v: 'x' },
      { bv: 'x', n: 'e', v: 2 },
      { bt: 300_000_000, bu: 'V' },
      { n: 'f', v: 3, u: 5, t: 'x' },
      { bv: 7 },
      { n: 'none' },
      { bv: 8, n: 'g' },
    ];
    expect(elementsOf(senml(pack)).map(({ metric, value, unit, ts }) => [metric, value, unit, ts])).toEqual([
      ['a', 11, undefined, undefined],
      ['b.sum', 105, undefined, undefined],
      ['d', null, undefined, undefined],
      ['e', 12, undefined, undefined],
      ['f', 13, 'V', 300_000_000_000],
      ['g', 8, 'V', 300_000_000_000],
    ]);
  });

  it('is bounded, and has whole names where a part would be empty', () => {
    const two = [
      { n: 'a', v: 1 },
      { n: 'b', v: 2 },
    ];
    const bytes = Buffer.from(JSON.stringify(two));
    expect(elementsOf(senmlCodec.decode(bytes, { ...CONTEXT, maxReadings: 2 }))).toHaveLength(2);
    expect(reasonOf(senmlCodec.decode(bytes, { ...CONTEXT, maxReadings: 1 }))).toBe('bad-payload');
    expect(['/temp', 'room/', 'a/b/c'].map((name) => splitName('', name))).toEqual([
      { sensor: '', metric: '/temp' },
      { sensor: '', metric: 'room/' },
      { sensor: 'a/b', metric: 'c' },
    ]);
    expect(splitName('urn:dev:x:1:', '')).toEqual({ sensor: 'urn:dev:x:1', metric: '' });
  });

  it('in CBOR has no number where a tag is none', () => {
    const record = (value: unknown) =>
      (
        named([
          new Map<unknown, unknown>([
            [2, value],
            ['own', 1n],
          ]),
        ]) as { v: unknown; own: unknown }[]
      )[0]!;
    expect(record(5n)).toEqual({ v: 5, own: 1 });
    expect(record({ tag: 4, contents: [-1, 215] }).v).toBe(21.5);
    for (const value of [{ tag: 5, contents: [-1, 215] }, { tag: 4 }, { contents: [1, 2] }, { a: 1 }])
      expect(record(value).v).toBeNull();
    expect(Number.isNaN(record({ tag: 4, contents: null }).v)).toBe(true);
    expect(named({ a: 1 })).toEqual({ a: 1 });
    expect(named([{ a: 1 }])).toEqual([{ a: 1 }]);
  });

  it.each([10, 5, '11', null])('takes the version %j', (bver) => {
    expect(elementsOf(senml([{ bver, n: 'a', v: 1 }]))).toHaveLength(1);
  });

  it('is told from other lists of objects', () => {
    expect(
      [
        [{ n: 'a', v: 1 }],
        [{ bn: 'x' }, { n: 'a', v: 1 }],
        [{ value: 1 }],
        [{ v: 1 }],
        [],
        [{ n: 'a' }],
        {},
      ].map(isSenml),
    ).toEqual([true, true, ...Array(5).fill(false)]);
  });

  it.each([
    ['urn:dev:ow:10e2073a01080063:', 'temp', 'urn:dev:ow:10e2073a01080063', 'temp'],
    ['', 'urn:dev:ow:10e2073a01080063', 'urn:dev:ow:10e2073a01080063', ''],
    ['', 'urn:dev:ow:10e2073a01080063_temp', 'urn:dev:ow:10e2073a01080063', 'temp'],
    ['', 'room1/temp', 'room1', 'temp'],
    ['', 'temp', '', 'temp'],
  ])('the name %j %j is sensor %j, metric %j', (base, name, sensor, metric) => {
    expect(splitName(base, name)).toEqual({ sensor, metric });
  });

  it('in CBOR has numbers for names, as an independent writer has written them', () => {
    const pack = [
      new Map<number, unknown>([
        [-2, 'dev1:'],
        [-3, 1_796_019_770],
        [0, 'a'],
        [1, 'Cel'],
        [2, 21.5],
      ]),
      new Map<number, unknown>([
        [0, 'b'],
        [4, false],
      ]),
    ];
    expect(elementsOf(senmlCborCodec.decode(cborg.encode(pack), CONTEXT))).toMatchObject([
      { sensor: 'dev1', metric: 'a', value: 21.5, unit: 'Cel', ts: 1_796_019_770_000 },
      { sensor: 'dev1', metric: 'b', value: 0 },
    ]);
    // {0: "a", 2: 4([-1, 215])}: a decimal fraction.
    expect(
      elementsOf(
        senmlCborCodec.decode(Buffer.from('81a20061610 2c4822018d7'.replaceAll(' ', ''), 'hex'), CONTEXT),
      ),
    ).toMatchObject([{ metric: 'a', value: 21.5 }]);
    expect(reasonOf(senmlCborCodec.decode(Buffer.of(0xff), CONTEXT))).toBe('not-cbor');
  });
});

describe('Sparkplug B', () => {
  const topic = sparkplugTopic('spBv1.0/plant/DDATA/edge/press')!;
  const decode = (metrics: readonly object[], names?: Parameters<typeof decodeSparkplug>[3]) =>
    decodeSparkplug(topic, sparkplugBytes({ timestamp: 1_796_019_770_000, seq: 3, metrics }), CONTEXT, names);

  it('reads every kind of number, as an independent writer has written it', () => {
    const content = decode([
      { name: 'double', datatype: 10, double_value: -21.5 },
      { name: 'float', datatype: 9, float_value: 21.1 },
      { name: 'int8', datatype: 1, int_value: 0xff },
      { name: 'int16', datatype: 2, int_value: 0xfffe },
      { name: 'int32', datatype: 3, int_value: 0xfffffffd },
      { name: 'uint32', datatype: 7, int_value: 0xfffffffd },
      { name: 'int64', datatype: 4, long_value: -5 },
      { name: 'bool', datatype: 11, boolean_value: true },
      { name: 'null', datatype: 10, is_null: true },
      { name: 'text', datatype: 12, string_value: 'x' },
      { name: 'date', datatype: 13, long_value: 1_796_019_770_000 },
      { name: 'set', datatype: 16, dataset_value: { num_of_columns: 1, columns: ['a'] } },
      {
        name: 'unit',
        datatype: 10,
        double_value: 1,
        timestamp: 1_796_019_760_000,
        properties: { keys: ['q', 'engUnit'], values: [{ type: 7 }, { type: 12, string_value: 'bar' }] },
      },
      { name: 'bdSeq', datatype: 8, long_value: 4 },
      { name: 'Node Control/Rebirth', datatype: 11, boolean_value: false },
    ]);
    const values = elementsOf(content).map(({ metric, value }) => [metric, value]);
    expect(Object.fromEntries(values)).toEqual({
      double: -21.5,
      float: 21.1,
      int8: -1,
      int16: -2,
      int32: -3,
      uint32: 4_294_967_293,
      int64: -5,
      bool: 1,
      null: null,
      unit: 1,
    });
    expect(elementsOf(content).at(-1)).toMatchObject({
      sensor: 'plant/edge/press',
      unit: 'bar',
      ts: 1_796_019_760_000,
    });
    expect(elementsOf(content)[0]!.ts).toBe(1_796_019_770_000);
    expect(content).toMatchObject({
      ignored: [
        { path: 'text', reason: 'text' },
        { path: 'date', reason: 'time' },
        { path: 'set', reason: 'dataset' },
        { path: 'bdSeq', reason: 'control' },
        { path: 'Node Control/Rebirth', reason: 'control' },
      ],
    });
  });

  it('takes name, kind and unit of an alias from its birth, and guesses none', () => {
    const metric = { alias: 7, int_value: 0xffff };
    expect(reasonOf(decode([metric]))).toBe('unknown-alias');
    const birth = readBirth(
      sparkplugBytes({
        timestamp: 5,
        metrics: [
          { name: 'bdSeq', long_value: 2 },
          {
            name: 'level',
            alias: 7,
            datatype: 2,
            properties: { keys: ['engUnit'], values: [{ string_value: 'mm' }] },
          },
        ],
      }),
    );
    const bare = readBirth(
      sparkplugBytes({ metrics: [{ name: 'a', alias: 1, datatype: 10 }, { name: 'b' }] }),
    );
    expect(bare.aliases).toStrictEqual({ 1: { name: 'a', datatype: 10 } });
    expect(birth).toEqual({ ts: 5, bdSeq: 2, aliases: { 7: { name: 'level', datatype: 2, unit: 'mm' } } });
    const names = (sender: string, alias: number) =>
      sender === sparkplugSender(topic) ? birth.aliases[alias] : undefined;
    expect(elementsOf(decode([metric], names))).toMatchObject([{ metric: 'level', value: -1, unit: 'mm' }]);
  });

  it('goes by the name of a metric before its alias, and by both where the topic is a format', () => {
    const names = () => ({ name: 'other', datatype: 1, unit: 'x' });
    const own = { name: 'own', alias: 7, datatype: 10, double_value: 1 };
    expect(elementsOf(decode([own], names))).toEqual([
      { path: 'own', sensor: 'plant/edge/press', metric: 'own', value: 1, ts: 1_796_019_770_000 },
    ]);
    expect(decode([{ datatype: 10, double_value: 1 }], names)).toMatchObject({
      problem: { reason: 'unknown-alias', detail: expect.stringContaining('[0]') },
    });
    const bytes = sparkplugBytes({ metrics: [own] });
    for (const [at, sensor] of [
      ['spBv1.0/g/DDATA/n/d', 'g/n/d'],
      ['another', '/another'],
    ] as const) {
      expect(elementsOf(sparkplugCodec(at).decode(bytes, CONTEXT))).toMatchObject([
        { sensor, metric: 'own' },
      ]);
    }
  });

  it('passes over fields that it does not know', () => {
    const bytes = sparkplugBytes({ metrics: [{ name: 'a', datatype: 10, double_value: 1 }] });
    // Field 2 as a number, and field 4 as bytes.
    const more = Buffer.concat([bytes, Buffer.from('1005220100', 'hex')]);
    expect(elementsOf(decodeSparkplug(topic, more, CONTEXT))).toHaveLength(1);
    const two = sparkplugBytes({
      metrics: [
        { name: 'a', int_value: 1 },
        { name: 'b', int_value: 1 },
      ],
    });
    expect(elementsOf(decodeSparkplug(topic, two, { maxReadings: 2 }))).toHaveLength(2);
    expect(reasonOf(decodeSparkplug(topic, two, { maxReadings: 1 }))).toBe('bad-payload');
  });

  it('knows its topics', () => {
    expect(sparkplugTopic('spBv1.0/g/NDATA/n')).toEqual({
      group: 'g',
      type: 'NDATA',
      node: 'n',
      device: null,
    });
    expect(sparkplugTopic('spBv1.0/STATE/host')).toMatchObject({ type: 'STATE' });
    expect(['spBv1.0/g/NDATA', 'spAv1.0/g/NDATA/n', 'spBv1.0/g/DDATA/n/d/x'].map(sparkplugTopic)).toEqual([
      null,
      null,
      null,
    ]);
    for (const type of ['NDEATH', 'NCMD', 'STATE']) {
      const other = { ...topic, type };
      const content = decodeSparkplug(other, Buffer.from('anything'), CONTEXT);
      expect(elementsOf(content)).toEqual([]);
      const reason = type === 'NDEATH' ? 'death' : 'command';
      expect(content).toMatchObject({ ignored: [{ path: '$', reason }] });
    }
  });

  it('refuses what is cut off or no message at all', () => {
    const bytes = sparkplugBytes({ metrics: [{ name: 'a', double_value: 1 }] });
    for (const broken of [bytes.subarray(0, -1), Buffer.from('not protobuf'), Buffer.of(0x12, 0xff)]) {
      expect(reasonOf(decodeSparkplug(topic, broken, CONTEXT))).toBe('not-sparkplug');
    }
  });

  it('asks for births with a command that others can read', () => {
    expect(readSparkplug(rebirthCommand(1_796_019_770_000))).toMatchObject({
      ts: 1_796_019_770_000,
      metrics: [{ name: 'Node Control/Rebirth', datatype: 11, value: 1, kind: 'boolean' }],
    });
  });
});
