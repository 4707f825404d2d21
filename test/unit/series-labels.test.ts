/** Names and units that people give to series. */
import { expect, it } from 'vitest';
import { SeriesLabels } from '../../src/labels/series-labels.ts';
import { openStore } from '../helpers/deliver.ts';
import { fill, NOW, testHttp } from './http-fixture.ts';

const BOILER = { sensor: 'boiler', metric: 'temperature' };

it('a unit of one series goes before one of its metric, and that before UNITS; every replica follows', async () => {
  const { documents } = openStore();
  const open = () => new SeriesLabels({ documents, units: () => ({ temperature: '°C', constructor: 'x' }) });
  const [a, b] = [open(), open()];
  expect([a.unitOf(BOILER), a.nameOf(BOILER)]).toEqual(['°C', null]);
  expect(a.unitOf({ sensor: 's', metric: 'toString' })).toBeNull();
  await a.set({ sensor: '*', metric: 'temperature', name: null, unit: 'K' });
  await b.set({ ...BOILER, name: 'Boiler room', unit: '°F' });
  await a.refresh();
  for (const labels of [a, b]) {
    expect([labels.unitOf(BOILER), labels.nameOf(BOILER)]).toEqual(['°F', 'Boiler room']);
    expect(labels.unitOf({ sensor: 'pump', metric: 'temperature' })).toBe('K');
    expect(labels.nameOf({ sensor: 'pump', metric: 'temperature' })).toBeNull();
  }
  await a.set({ ...BOILER, name: null, unit: null });
  expect(a.list()).toEqual([{ sensor: '*', metric: 'temperature', name: null, unit: 'K' }]);
  expect(a.unitOf(BOILER)).toBe('K');
  await expect(a.set({ sensor: '*', metric: 'm', name: 'All', unit: null })).rejects.toThrow(/^name/);
});

it('are given over HTTP, and lists show them; what is wrong with them is said', async () => {
  const { url, store } = await testHttp();
  await fill(store, BOILER, [{ ts: NOW, value: 1 }]);
  const put = async (label: object) => {
    const response = await fetch(`${url}/api/series-labels`, { method: 'PUT', body: JSON.stringify(label) });
    return { status: response.status, body: (await response.json()) as { error?: { field?: string } } };
  };
  const series = async () => (await (await fetch(`${url}/api/series`)).json()) as object[];
  expect((await put({ ...BOILER, name: ' Boiler room ', unit: '' })).status).toBe(200);
  expect(await series()).toMatchObject([{ ...BOILER, name: 'Boiler room', unit: '°C' }]);
  expect((await put({ ...BOILER, unit: 'K' })).status).toBe(200);
  expect(await series()).toMatchObject([{ name: null, unit: 'K' }]);
  for (const [label, field] of [
    [{ metric: 'm', name: 'x' }, 'sensor'],
    [{ ...BOILER, name: 'x'.repeat(201) }, 'name'],
    [{ ...BOILER, unit: 'a\nb' }, 'unit'],
    [{ ...BOILER, unit: 7 }, 'unit'],
    [{ sensor: '*', metric: 'm', name: 'All of them' }, 'name'],
  ] as const) {
    const { status, body } = await put(label);
    expect([status, body.error?.field]).toEqual([400, field]);
  }
});
