/** The audit log: what is recorded at once, what is counted, and what a store that fails costs. */
import pino from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Act, AuditLog } from '../../src/audit/audit-log.ts';
import { StoreUnavailable } from '../../src/errors.ts';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import type { AuditStore } from '../../src/store/store.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';

const ACT: Act = {
  actor: 'ana',
  role: 'admin',
  address: '10.0.0.1',
  action: 'DELETE /api/series/{sensor}/{metric}',
  target: 's/m',
  outcome: 'done',
  status: 200,
  detail: null,
  requestId: 'r',
};
const REFUSED: Act = { ...ACT, actor: null, role: null, outcome: 'refused', status: 401 };

function start(store?: AuditStore) {
  const embedded = openEmbeddedStore({
    directory: temporaryDirectory(),
    retention: 86_400_000,
    deadLetterMax: 1,
  });
  const lines: { level: number; msg: string; audit?: { count: number }; entries?: number }[] = [];
  const logger = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) });
  let ts = 0;
  const audit = new AuditLog({ store: store ?? embedded.audit, logger, now: () => ++ts });
  onTestFinished(async () => {
    await audit.close(1000);
    await embedded.close();
  });
  return { audit, lines, list: () => embedded.audit.list(5000, null) };
}

describe('the audit log', () => {
  it('has every act in the store and in the log', async () => {
    const { audit, lines, list } = start();
    audit.record(ACT);
    audit.record({ ...ACT, outcome: 'failed', status: 404 });
    await audit.close(1000);
    expect(await list()).toMatchObject([
      { ...ACT, outcome: 'failed', status: 404, ts: 2, count: 1 },
      { ...ACT, ts: 1, count: 1 },
    ]);
    expect(lines).toMatchObject([
      { level: 30, requestId: 'r', audit: { actor: 'ana', target: 's/m', count: 1 } },
      { level: 40, msg: 'audit: DELETE /api/series/{sensor}/{metric} failed' },
    ]);
  });

  it('has a refusal that repeats once, and then once a minute with its count', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const { audit, lines, list } = start();
    for (let n = 0; n < 1000; n++) audit.record({ ...REFUSED, requestId: `r${n}` });
    audit.record({ ...REFUSED, address: '10.0.0.2' });
    expect(lines.map((line) => line.audit?.count)).toEqual([1, 1]);
    vi.advanceTimersByTime(60_000);
    expect(lines.map((line) => line.audit?.count)).toEqual([1, 1, 999]);
    audit.record(REFUSED);
    vi.advanceTimersByTime(60_000);
    await audit.close(1000);
    expect((await list()).map(({ count, requestId }) => [count, requestId])).toEqual([
      [1, 'r'],
      [999, 'r999'],
      [1, 'r'],
      [1, 'r0'],
    ]);
  });

  it('cannot be filled from many addresses', async () => {
    const { audit, list } = start();
    for (let n = 0; n < 3000; n++) audit.record({ ...REFUSED, address: `10.0.${n >> 8}.${n & 255}` });
    await audit.close(1000);
    const entries = await list();
    expect(entries).toHaveLength(1001);
    expect(entries[0]).toMatchObject({ address: 'several', count: 2000 });
  });

  it('keeps nobody waiting for a store that fails, and says what is missing', async () => {
    const failing: AuditStore = {
      add: () => Promise.reject(new StoreUnavailable('gone')),
      list: async () => [],
    };
    const { audit, lines } = start(failing);
    audit.record(ACT);
    await audit.close(1000);
    expect(lines).toMatchObject([
      { audit: { actor: 'ana' } },
      { level: 40, msg: 'audit entries are not stored', entries: 1 },
    ]);
    const hanging: AuditStore = { ...failing, add: () => new Promise(() => {}) };
    const second = start(hanging);
    second.audit.record(ACT);
    await second.audit.close(10);
  });
});
