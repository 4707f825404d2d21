import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type CsvReading, readTimestampValueCsv } from '../../devices/timestamp-value-csv.ts';
import { InvalidInput } from '../../src/errors.ts';

async function csv(text: string | Buffer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-csv-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'data.csv');
  await writeFile(file, text);
  return file;
}

async function rows(file: string): Promise<CsvReading[]> {
  const all: CsvReading[] = [];
  for await (const row of readTimestampValueCsv(file)) all.push(row);
  return all;
}

async function failure(file: string): Promise<InvalidInput> {
  const error = await rows(file).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InvalidInput);
  return error as InvalidInput;
}

test('reads the forms of a timestamp, in file order, repeated ones too', async () => {
  const file = await csv(
    [
      '\ufefftimestamp,value',
      '2013-07-04 00:00:00,69.88083514',
      '2013-07-04T00:00:00.250Z,-1e3',
      '',
      '2013-07-04T02:00:00+02:00,.5',
      '1372896000000,+7.',
      '"2013-07-04 00:00:00", 70 ',
      '2013-07-03,0',
      '',
    ].join('\r\n'),
  );
  const midnight = Date.UTC(2013, 6, 4);
  const read = await rows(file);
  expect(read.map(({ ts, value }) => [ts - midnight, value])).toEqual([
    [0, 69.88083514],
    [250, -1000],
    [0, 0.5],
    [0, 7],
    [0, 70],
    [-86_400_000, 0],
  ]);
  expect(read.map(({ line }) => line)).toEqual([2, 3, 5, 6, 7, 8]);
  expect(read[0]!.timestamp).toBe('2013-07-04 00:00:00');
});

test('finds its columns by name', async () => {
  const file = await csv('label,value,timestamp\nx,21.5,1000\n');
  expect(await rows(file)).toEqual([{ ts: 1000, value: 21.5, timestamp: '1000', line: 2 }]);
});

test('a file with a header only has no rows', async () => {
  expect(await rows(await csv('timestamp,value\n'))).toEqual([]);
});

test.each([
  ['timestamp', 'yesterday,1'],
  ['timestamp', '2013-02-30 00:00:00,1'],
  ['timestamp', ',1'],
  ['timestamp', '99999999999999999,1'],
  ['value', '2013-07-04 00:00:00,'],
  ['value', '2013-07-04 00:00:00,abc'],
  ['value', '2013-07-04 00:00:00,NaN'],
  ['value', '2013-07-04 00:00:00,1e400'],
  ['value', '2013-07-04 00:00:00,0x10'],
  ['value', '2013-07-04 00:00:00,Infinity'],
])('a bad %s is an error that names file, line and field: %s', async (field, row) => {
  const file = await csv(`timestamp,value\n1,1\n${row}\n2,2\n`);
  const error = await failure(file);
  expect(error.field).toBe(field);
  expect(error.message).toContain(`${file}, line 3, field ${field}`);
});

test.each([
  ['timestamp', 'time,value\n1,1\n'],
  ['value', 'timestamp\n1\n'],
  ['timestamp', '1372896000000,70\n'],
])('a missing column %s is an error that names it', async (field, text) => {
  const error = await failure(await csv(text));
  expect(error.field).toBe(field);
  expect(error.message).toContain('line 1');
});

test('an empty file, a missing file and a row of three columns are errors that name the file', async () => {
  const empty = await csv('');
  expect((await failure(empty)).message).toContain(empty);
  expect(await failure('/nowhere/data.csv')).toMatchObject({ field: 'file' });
  const ragged = await csv('timestamp,value\n1,1\n2,2,2\n');
  const error = await failure(ragged);
  expect(error.message).toContain(`${ragged}, line 3`);
});

test('bytes that are no text are an error, not a crash', async () => {
  await failure(await csv(Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) & 255))));
});
