/** From messages to readings by what a source says; every key of a source is used here. */
import { describe, expect, it } from 'vitest';
import { Decoder } from '../../src/sources/decoder.ts';
import { compileSources, readSources } from '../../src/sources/read-sources.ts';

const LIMITS = { maxReadings: 100, maxNameBytes: 200 };
const AT = Date.UTC(2026, 10, 30, 6, 22, 51);

function decoder(yaml: string): Decoder {
  const { specs, problems } = readSources(yaml);
  expect(problems).toEqual([]);
  return new Decoder(compileSources(specs), LIMITS);
}

/** Each reading as `sensor metric value unit ts`, each problem as `!reason`, each ignored field as `?path reason`. */
function shown(yaml: string, topic: string, payload: string | Uint8Array, context = {}): string[] {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  return decoder(yaml)
    .explain(topic, bytes, { receivedAt: AT, ...context })
    .flatMap(({ decoded, ignored }) => [
      ...decoded.map((each) => {
        if ('problem' in each) return `!${each.problem.field} ${each.problem.reason}`;
        const { sensor, metric, value, ts } = each.reading;
        return [sensor, metric, value, each.unit, ts].filter((part) => part !== undefined).join(' ');
      }),
      ...ignored.map(({ path, reason }) => `?${path} ${reason}`),
    ]);
}

describe('the topic names sensor and metric', () => {
  const source = '- topic: s/{sensor}/{metric}';

  it.each([
    ['21.5', ['a t 21.5']],
    ['-0', ['a t 0']],
    ['21.5 °F', ['a t 21.5 °F']],
    ['OFF', ['a t 0']],
    ['{"value":21.5,"ts":1796019770348}', ['a t 21.5 1796019770348']],
    ['{"value":21.5,"timestamp":"2026-11-30T06:22:50Z"}', ['a t 21.5 1796019770000']],
    ['[1796019770348, 21.5]', ['a t 21.5 1796019770348']],
    ['[[1796019770, 21.5], [1796019771, -2]]', ['a t 21.5 1796019770000', 'a t -2 1796019771000']],
    ['[21.5, 22]', ['a t 21.5', 'a t 22']],
    ['[1796019770348, 1796019770349]', ['a t 1796019770348', 'a t 1796019770349']],
    ['{"value":"21.5","unit":"C","q":3}', ['a t 21.5', '?$.unit text', '?$.q unused']],
    ['{"value":21.5,"time":35}', ['a t 21.5', '?$.time unused']],
    ['{"value":21.5,"ts":null}', ['a t 21.5', '?$.ts null-time']],
    ['{"value":21.5,"ts":0}', ['a t 21.5', '?$.ts zero-time']],
    ['{"value":21.5,"ts":"never"}', ['!ts bad-ts']],
    ['{"value":null}', ['?$ null']],
    ['{"value":true}', ['!value bad-value']],
    ['{"value":1e400}', ['!value bad-value']],
    ['{"t":21.5}', ['!value bad-value']],
    ['[1,{"value":2},"x",null]', ['a t 1', 'a t 2', '!payload bad-payload', '?$[3] null']],
    ['', ['?$ empty']],
    ['unavailable', ['?$ null']],
    ['warm', ['!payload not-json']],
    ['[]', ['!payload bad-payload']],
  ])('%s', (payload, expected) => {
    expect(shown(source, 's/a/t', payload)).toEqual(expected);
  });

  it('and the names must be usable', () => {
    expect(shown(source, 's//t', '1')).toEqual(['!sensor bad-topic']);
    expect(shown(source, 's/a/..', '1')).toEqual(['!metric bad-topic']);
  });
});

describe('every field is a metric', () => {
  const source = '- topic: s/{sensor}';

  it('however deep it stands, and the time is none of them', () => {
    const payload =
      '{"Time":"2026-11-30T06:22:50","A":{"T":1,"Id":"0206","N":"2.5"},"L":[3,{"x":4}],"ok":true,"u":"C"}';
    expect(shown(source, 's/a', payload)).toEqual([
      'a A.T 1 1796019770000',
      'a A.N 2.5 1796019770000',
      'a L.0 3 1796019770000',
      'a L.1.x 4 1796019770000',
      '?$.A.Id text',
      '?$.ok boolean',
      '?$.u text',
    ]);
  });

  it('also below values, beside a time', () => {
    expect(shown(source, 's/a', '{"ts":1796019770348,"values":{"t":1}}')).toEqual(['a t 1 1796019770348']);
  });

  it('and a message with none is a dead letter that says what was there', () => {
    expect(decoder(source).decode('s/a', Buffer.from('{"state":"ON"}'))).toMatchObject([
      { problem: { reason: 'bad-payload', detail: 'the object has no numeric field: $.state is text' } },
    ]);
    expect(decoder(source).decode('s/a', Buffer.from('{"t":null}'))).toEqual([]);
  });

  it('one bad field does not take the others along', () => {
    expect(shown(source, 's/a', '{"a":1,"":2,"b":1e999,"c":3}')).toEqual([
      'a a 1',
      '!metric bad-payload',
      '!value bad-value',
      'a c 3',
    ]);
  });

  it('up to a limit, in width and in depth', () => {
    const wide = JSON.stringify(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, i])));
    expect(shown(source, 's/a', wide).filter((line) => line.startsWith('!'))).toEqual([
      '!payload bad-payload',
    ]);
    const deep = `${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`;
    expect(shown(source, 's/a', deep).map((line) => line.split(' ').at(-1))).toEqual([
      'bad-payload',
      'too-deep',
    ]);
  });
});

describe('the keys of a source', () => {
  it('each, value, time with time_unit: one reading for each element, its names and time also from above it', () => {
    const yaml = `
- topic: x
  each: $.records[*]
  sensor: '{$.device}-{$.n}'
  metric: temperature
  value: $.val
  time: $.when
  time_unit: s
  unit: $.u`;
    const payload =
      '{"device":"d","when":1796019770,"u":"K","records":[{"n":1,"val":20},{"n":2,"val":"x"},{"n":3}]}';
    expect(shown(yaml, 'x', payload)).toEqual([
      'd-1 temperature 20 K 1796019770000',
      '!value bad-value',
      '!value bad-value',
    ]);
  });

  it('each: a step may give a name', () => {
    expect(
      shown('- {topic: x, each: "$.{sensor}[*]"}', 'x', '{"a":[{"t":1},{"t":2}],"b":[{"h":3}]}'),
    ).toEqual(['a t 1', 'a t 2', 'b h 3']);
  });

  it('fields, include, exclude and rename', () => {
    const yaml =
      '- {topic: "s/{sensor}", fields: $.o, include: ["*.T", h, on], exclude: [b.T], rename: {T: temperature, h: hum}}';
    expect(shown(yaml, 's/a', '{"o":{"a":{"T":1,"x":2},"b":{"T":3},"h":4,"on":true},"other":5}')).toEqual([
      'a a.temperature 1',
      'a hum 4',
      'a on 1',
      '?$.o.a.x not-included',
      '?$.o.b.T excluded',
    ]);
    expect(shown(yaml, 's/a', '{"p":1}')).toEqual(['!payload bad-payload', '?$.o missing']);
  });

  it('a metric of the topic goes before the names of fields', () => {
    const yaml = '- {topic: "s/{sensor}/{metric}", fields: $}';
    expect(shown(yaml, 's/a/sw', '{"P":1,"sw":2,"value":3}')).toEqual(['a sw.P 1', 'a sw 2', 'a sw 3']);
  });

  it('unit and convert, for all metrics or by their names', () => {
    expect(
      shown('- {topic: "s/{sensor}/{metric}", convert: fahrenheit-to-celsius}', 's/a/t', '70.7'),
    ).toEqual(['a t 21.5 °C']);
    const yaml = '- {topic: "s/{sensor}", convert: {t*: {scale: 0.1, offset: -4}}, unit: {t1: °C, "*": V}}';
    expect(shown(yaml, 's/a', '{"t1":205,"u":3}')).toEqual(['a t1 16.5 °C', 'a u 3 V']);
  });

  it.each([
    ['a number', '- {topic: "s/{sensor}/{metric}"}', '-0.0'],
    ['a field', '- {topic: "s/{sensor}"}', '{"t":-0}'],
    ['a conversion', '- {topic: "s/{sensor}/{metric}", convert: {scale: -1, offset: 0}}', '0'],
  ])('%s that is -0 is 0, which is not the same to every store', (_what, yaml, payload) => {
    const topic = yaml.includes('{metric}') ? 's/a/t' : 's/a';
    const read = decoder(yaml).explain(topic, Buffer.from(payload), { receivedAt: AT });
    const decoded = read.flatMap((each) => each.decoded);
    expect(decoded).toMatchObject([{ reading: { value: expect.any(Number) } }]);
    expect(Object.is((decoded[0] as { reading: { value: number } }).reading.value, 0)).toBe(true);
  });

  it('time_zone', () => {
    const yaml = '- {topic: "s/{sensor}/{metric}", time_zone: Europe/Madrid}';
    expect(shown(yaml, 's/a/t', '{"value":1,"ts":"2026-11-30T07:22:50"}')).toEqual(['a t 1 1796019770000']);
  });

  it('time: where it is missing, the time of arrival, and that is told', () => {
    expect(shown('- {topic: "s/{sensor}", time: $.when}', 's/a', '{"t":1}')).toEqual([
      'a t 1',
      '?$.when missing-time',
    ]);
  });

  it('decimal_comma, null_words and booleans', () => {
    const yaml =
      '- {topic: "s/{sensor}", decimal_comma: true, null_words: [kaputt, null, ""], booleans: true}';
    expect(shown(yaml, 's/a', '{"t":"21,5","u":"kaputt","v":"","w":"ON","x":false,"y":null}')).toEqual([
      'a t 21.5',
      'a w 1',
      'a x 0',
      '?$.u null',
      '?$.v null',
      '?$.y null',
    ]);
  });

  it('columns, and the first number of a row of CSV where the metric is named', () => {
    expect(shown('- {topic: "s/{sensor}", format: csv, columns: [t, h]}', 's/a', '21.5,45')).toEqual([
      'a t 21.5',
      'a h 45',
    ]);
    expect(shown('- {topic: "s/{sensor}/{metric}", format: csv}', 's/a/t', '21.5,45')).toEqual([
      'a t 21.5',
      '?$[0][1] unused',
    ]);
    expect(shown('- {topic: "s/{sensor}/{metric}", format: csv, value: "$[1]"}', 's/a/t', '21.5,45')).toEqual(
      ['a t 45'],
    );
  });

  it('format and compression', () => {
    expect(
      shown('- {topic: "s/{sensor}/{metric}", format: float32}', 's/a/t', Buffer.from('0000ac41', 'hex')),
    ).toEqual(['a t 21.5']);
    expect(
      shown('- {topic: "s/{sensor}", format: json, compression: gzip}', 's/a', Buffer.from('{"t":1}')),
    ).toEqual(['!payload not-gzip']);
  });

  it('the publisher, where the broker knows it', () => {
    const yaml = '- {topic: me, sensor: "{user}/{client}"}';
    expect(shown(yaml, 'me', '{"t":1}', { clientId: 'c', username: 'u' })).toEqual(['u/c t 1']);
    expect(shown(yaml, 'me', '{"t":1}')).toEqual(['!sensor no-sensor']);
  });

  it('ignore, quiet and payload', () => {
    const yaml = `
- {topic: s/skip, ignore: true}
- {topic: 's/{sensor...}', payload: object, quiet: true}
- {topic: 's/{sensor...}/{metric}', payload: value}`;
    expect(shown(yaml, 's/skip', '{"t":1}')).toEqual(['?$ ignore']);
    expect(shown(yaml, 's/a/b', '{"t":1}')).toEqual(['a/b t 1']);
    expect(shown(yaml, 's/a/b', '{"state":"ON"}')).toEqual(['?$.state text']);
    expect(shown(yaml, 's/a/b', '1')).toEqual(['a b 1']);
  });

  it('the first source takes a message, and those after it as far as continue goes', () => {
    const yaml = `
- {topic: 's/{sensor}', include: [a], continue: true}
- {topic: 's/+', sensor: all, include: [b]}
- {topic: 's/{sensor}'}`;
    const messages = decoder(yaml);
    expect(messages.decode('s/x', Buffer.from('{"a":1,"b":2}'))).toMatchObject([
      { reading: { sensor: 'x', metric: 'a' } },
      { reading: { sensor: 'all', metric: 'b' } },
    ]);
    expect(messages.counts.map(({ messages: n, readings }) => [n, readings])).toEqual([
      [1, 1],
      [1, 1],
      [0, 0],
    ]);
  });
});

it('gives a name that comes in two units the unit of its value', () => {
  const yaml = '- {topic: s/{sensor}, unit: {voltage: V<1000<mV}}'.replace('s/{sensor}', '"s/{sensor}"');
  expect(shown(yaml, 's/a', '{"voltage":-999.5}')).toEqual(['a voltage -999.5 V']);
  expect(shown(yaml, 's/a', '{"voltage":1000}')).toEqual(['a voltage 1000 mV']);
});

describe('what is counted', () => {
  it('of each source: messages, readings, what was ignored and why', () => {
    const messages = decoder('- topic: s/{sensor}/{metric}\n- topic: o/{sensor}');
    for (const payload of ['1', '{"value":2,"ts":1796019770348}', '', 'nan', 'warm', '{"value":3,"q":"x"}'])
      messages.decode('s/a/t', Buffer.from(payload));
    const [count] = messages.counts;
    expect(count).toMatchObject({ messages: 6, readings: 3, nulls: 2, problems: 1 });
    expect([...count!.ignored]).toEqual([['text', 1]]);
  });

  it('topics that no source takes, the newest first', () => {
    const messages = decoder('- topic: a/{sensor...}/state');
    expect(messages.decode('a/b/other', Buffer.from('1'))).toEqual([]);
    expect(messages.decode('elsewhere', Buffer.from('1'))).toMatchObject([
      { problem: { reason: 'bad-topic' } },
    ]);
    expect(messages.unmatched.count).toBe(2);
    expect(messages.unmatched.list().map(({ topic }) => topic)).toEqual(['elsewhere', 'a/b/other']);
  });
});

describe('a mistake', () => {
  it.each([
    ['- topic: s/{sensor}\n  fromat: json', 'line 2, fromat: is no key of a source'],
    ['- topic: s/{sensor}\n  format: xml', 'line 2, format: must be one of auto, json'],
    ['- topic: s/x', 'line 1, topic: nothing names the sensor'],
    ['- topic: s/{sensor}/#/x', "line 1, topic: 's/{sensor}/#/x' has a # before its end"],
    ['- topic: s/{sensor}\n  sensor: {$.id}', 'line 2, sensor: must be a text: put quotes around {…}'],
    ["- topic: s/{sensor}\n\n  sensor: '{name}'", 'line 3, sensor: neither topic nor each has {name}'],
    ['- topic: s/{sensor}\n  fields: object', 'line 2, fields: must be a path such as $.object'],
    ['- topic: s/{sensor}\n  fields: $.a[', "line 2, fields: '[' in the path '$.a[' is no step"],
    ['- topic: s/{sensor}\n  value: $.v', 'line 2, value: nothing names the metric'],
    [
      '- topic: s/{sensor}\n  metric: m\n  value: $.v\n  fields: $.f',
      'line 3, value: value and fields cannot both be set',
    ],
    ['- topic: s/{sensor}\n  time_zone: Mars', "line 2, time_zone: 'Mars' is no time zone"],
    ['- topic: s/{sensor}\n  convert: {scale: x}', 'line 2, convert: must have numbers as scale and offset'],
    ['- topic: s/{sensor}\n  preset: tasmoto', "line 2, preset: 'tasmoto' is no preset"],
    [
      '- topic: alerts/{sensor}/{metric}',
      "line 1, topic: 'alerts/{sensor}/{metric}' is where Vigía itself publishes",
    ],
    ['- sensor: a', 'line 1, topic: is missing'],
    ['- just text', 'line 1: must be keys such as topic'],
    ['topic: s/{sensor}', 'must be a list of sources'],
    ['- topic: [', 'line 1: is not YAML'],
  ])('%j', (yaml, message) => {
    expect(readSources(yaml).problems.join('\n')).toContain(message);
  });

  it('does not hide the others', () => {
    expect(
      readSources('- topic: s/x\n- topic: s/{sensor}\n  format: xml\n  ignore: 3').problems,
    ).toHaveLength(3);
  });
});
