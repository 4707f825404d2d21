/** The codecs of text formats: numbers, JSON, CSV, line protocol. */
import { Point } from '@influxdata/influxdb-client';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvCodec, looksLikeTable, parseCsv } from '../../src/codecs/csv.ts';
import { jsonCodec, parseJson } from '../../src/codecs/json.ts';
import { isLineProtocol, isTelegraf, lineProtocolCodec, parseLines } from '../../src/codecs/line-protocol.ts';
import { numberCodec, parseNumber, parseSwitch } from '../../src/codecs/number.ts';
import { CONTEXT, documentOf, reasonOf } from './codec-context.ts';

describe('a number as text', () => {
  it.each([
    ['21.5', 21.5, undefined],
    ['-3', -3, undefined],
    ['.5e1', 5, undefined],
    ['21.5 °C', 21.5, '°C'],
    ['21.5°C', 21.5, '°C'],
    ['45%', 45, '%'],
    ['1e3 Pa', 1000, 'Pa'],
    ['230 V', 230, 'V'],
  ])('%s', (text, value, unit) => {
    expect(parseNumber(text, false)).toEqual(unit === undefined ? { value } : { value, unit });
  });

  it.each(['0x10', '1_000', '21,5', '5x', 'abc', '', ' 1', '1 2', '--1', '1'.repeat(500)])(
    'is not %s',
    (text) => {
      expect(parseNumber(text, false)).toBeNull();
    },
  );

  it.each([
    ['21,5', 21.5],
    ['1.234,5', 1234.5],
    ['1 234 567,25', 1_234_567.25],
    ['-0,5 °C', -0.5],
    ['21.5', 21.5],
    ['7', 7],
  ])('with a decimal comma: %s', (text, value) => {
    expect(parseNumber(text, true)?.value).toBe(value);
  });

  it('may be a switch', () => {
    expect(['ON', 'off', 'True', 'false', 'open', 'truest'].map(parseSwitch)).toEqual([
      true,
      false,
      true,
      false,
      null,
      null,
    ]);
  });

  it.each([
    ['21.5\0', '21.5'],
    ['\uFEFF21.5', '21.5'],
    ['"21.5"', '21.5'],
    ['" 21.5 "', '21.5'],
    ['x "21.5"', 'x "21.5"'],
    ['"21.5" x', '"21.5" x'],
    [' 21.5\r\n', '21.5'],
    ['\0\0', ''],
  ])('is freed of what devices put around it: %j', (payload, text) => {
    expect(documentOf(numberCodec.decode(Buffer.from(payload), CONTEXT))).toBe(text);
  });

  it('must be UTF-8', () => {
    expect(reasonOf(numberCodec.decode(Buffer.of(0xff, 0x31), CONTEXT))).toBe('not-utf8');
  });
});

describe('JSON', () => {
  it('has null where NaN and Infinity stand, and leaves them in texts', () => {
    const text = '{"a":NaN,"b":[-Infinity,1,Infinity],"c":"NaN and \\"Infinity","d":-1}';
    expect(parseJson('[NaN,"I N -"]')).toEqual([null, 'I N -']);
    expect(() => parseJson('[NaN')).toThrow(SyntaxError);
    expect(() => parseJson('[Na, "NaN"]')).toThrow(SyntaxError);
    expect(parseJson(text)).toEqual({ a: null, b: [null, 1, null], c: 'NaN and "Infinity', d: -1 });
  });

  it('is refused with its beginning where it is cut off', () => {
    const content = jsonCodec.decode(Buffer.from(`{"value":${'1'.repeat(100)}`), CONTEXT);
    expect(content).toMatchObject({
      problem: { reason: 'not-json', detail: expect.stringContaining('{"value":111') },
    });
  });

  it('takes no longer for a text made to be slow', () => {
    const slow = `${'"\\'.repeat(60_000)}NaN`;
    expect(() => parseJson(slow)).toThrow(SyntaxError);
  });

  it('of a device that is gone is null', () => {
    expect(documentOf(jsonCodec.decode(Buffer.from(' \0'), CONTEXT))).toBeNull();
  });

  it('is what JSON.stringify wrote', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(documentOf(jsonCodec.decode(Buffer.from(text), CONTEXT))).toEqual(JSON.parse(text));
      }),
    );
  });
});

describe('CSV', () => {
  const parse = (text: string, more: Partial<typeof CONTEXT> = {}) => parseCsv(text, { ...CONTEXT, ...more });

  it('has the names of a first row without numbers', () => {
    expect(parse('time;t;h\n10:00;21.5;45\n10:01;21.6;46')).toEqual([
      { time: '10:00', t: '21.5', h: '45' },
      { time: '10:01', t: '21.6', h: '46' },
    ]);
  });

  it('has the names of the source, with or without that row', () => {
    const columns = ['t', 'h'];
    expect(parse('21.5,45', { columns })).toEqual([{ t: '21.5', h: '45' }]);
    expect(parse('t,h\n21.5,45', { columns })).toEqual([{ t: '21.5', h: '45' }]);
    expect(parse('21.5,45,7', { columns })).toEqual([{ t: '21.5', h: '45', 2: '7' }]);
  });

  it('has lists of cells where nothing names them', () => {
    expect(parse('21.5,45\n21.6,46')).toEqual([
      ['21.5', '45'],
      ['21.6', '46'],
    ]);
  });

  it('is not divided at decimal commas', () => {
    expect(parse('21,5;45,2', { decimalComma: true })).toEqual([['21,5', '45,2']]);
    expect(parse('21,5', { decimalComma: true })).toEqual([['21,5']]);
  });

  it('has a table only where several rows have the same cells', () => {
    expect(
      ['a,b\n1,2', 'a;b\n1;2', 'a\tb\n1\t2', 'a,b', 'a,b\n1', '1,2\n3,4', 'a b\n1 2'].map(looksLikeTable),
    ).toEqual([true, true, true, false, false, false, false]);
  });

  it('is what an independent writer wrote', () => {
    const cell = fc.string({ maxLength: 8 }).map((text) => `x${text.replaceAll(/[\s\0\uFEFF]/g, '')}`);
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 5 }), (rows) => {
        const text = stringify(rows, { quoted: true });
        const columns = ['a', 'b'];
        const expected = rows.map(([a, b]) => ({ a, b }));
        expect(documentOf(csvCodec.decode(Buffer.from(text), { ...CONTEXT, columns }))).toEqual(expected);
      }),
    );
  });
});

describe('line protocol', () => {
  it('has measurement, tags, fields and time', () => {
    expect(
      parseLines(
        'weather,loc=us\\,\\ mid\\=west,s=a temp=82,hum=71i,ok=t,txt="a \\"b\\", c" 1465839830100400200',
      ),
    ).toEqual([
      {
        name: 'weather',
        tags: { loc: 'us, mid=west', s: 'a' },
        fields: { temp: 82, hum: 71, ok: true, txt: 'a "b", c' },
        timestamp: '1465839830100400200',
      },
    ]);
  });

  it.each([
    'weather',
    'weather ',
    'weather temp',
    'weather temp=',
    'weather temp=1.5i',
    ',a=b c=1',
    'w t=1 never',
    'w t="x',
    'w =1',
    'w,=b t=1',
    'w,a t=1',
    'w t=1,=2',
    'w t=xfalse',
    'w t=falsey',
    'w t=xtrue',
    'w t=truer',
  ])('is not %j', (text) => {
    expect(reasonOf(lineProtocolCodec.decode(Buffer.from(text), CONTEXT))).toBe('not-line-protocol');
    expect(isLineProtocol(text)).toBe(false);
  });

  it('is divided at the ends of lines, but not inside a text', () => {
    const text = 'w a="x\ny",b=1\nw a="q\\"\nr"\nw a="\\\\",b=2\n';
    expect(documentOf(lineProtocolCodec.decode(Buffer.from(text), CONTEXT))).toEqual([
      { name: 'w', tags: {}, fields: { a: 'x\ny', b: 1 } },
      { name: 'w', tags: {}, fields: { a: 'q"\nr' } },
      { name: 'w', tags: {}, fields: { a: '\\', b: 2 } },
    ]);
  });

  it.each([
    ['w a=-7i', { a: -7 }],
    ['w a=+7u', { a: 7 }],
    ['w a=-.5e-3', { a: -0.0005 }],
    ['w a=T,b=FALSE', { a: true, b: false }],
    ['w  a=1  ', { a: 1 }],
    ['w a=1,b\\ c=2', { a: 1, 'b c': 2 }],
  ])('%s has fields %j', (text, fields) => {
    expect(documentOf(lineProtocolCodec.decode(Buffer.from(text), CONTEXT))).toMatchObject([{ fields }]);
  });

  it('of a device that is gone is null, and has so many lines at most', () => {
    expect(documentOf(lineProtocolCodec.decode(Buffer.from(' \n'), CONTEXT))).toBeNull();
    const context = { ...CONTEXT, maxReadings: 2 };
    expect(documentOf(lineProtocolCodec.decode(Buffer.from('w a=1\nw a=2'), context))).toHaveLength(2);
    expect(reasonOf(lineProtocolCodec.decode(Buffer.from('w a=1\nw a=2\nw a=3'), context))).toBe(
      'bad-payload',
    );
  });

  it.each(['21.5 c', '{"a": "b=c"}', '[1, 2]=', 'w a', '# a=1', 'w a=1\nw a='])(
    'is not seen in %j',
    (text) => {
      expect(isLineProtocol(text)).toBe(false);
    },
  );

  it('keeps good lines beside a bad one, and skips comments and empty lines', () => {
    const text = '# a comment\n\nw t=1\nw t=\nw t=2';
    expect(documentOf(lineProtocolCodec.decode(Buffer.from(text), CONTEXT))).toEqual([
      { name: 'w', tags: {}, fields: { t: 1 } },
      expect.stringContaining('has no value'),
      { name: 'w', tags: {}, fields: { t: 2 } },
    ]);
  });

  it('is what the InfluxDB client wrote', () => {
    const name = fc
      .string({ minLength: 1, maxLength: 12 })
      .map((text) => `n${text.replaceAll(/[\\\s\0]/g, '')}`);
    const entry = fc.tuple(name, name, fc.double({ noNaN: true, noDefaultInfinity: true }));
    fc.assert(
      fc.property(entry, fc.integer({ min: 0 }), ([measurement, tag, value], n) => {
        const point = new Point(measurement).tag('tag', tag).floatField('value', value).intField('count', n);
        const [line] = parseLines(point.timestamp('1465839830100400200').toLineProtocol()!);
        expect(line).toEqual({
          name: measurement,
          tags: { tag },
          fields: { value: expect.closeTo(value, 10), count: n },
          timestamp: '1465839830100400200',
        });
      }),
    );
  });

  it('has a sister in JSON', () => {
    const metric = { name: 'cpu', tags: { host: 'a' }, fields: { idle: 1 }, timestamp: 1 };
    expect([metric, { metrics: [metric] }, { ...metric, fields: 1 }, [], null, 1].map(isTelegraf)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
