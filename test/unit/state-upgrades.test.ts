/** The rebuilding of states that release 0.1.0 has stored, in the background. */
import pino from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { decodeState } from '../../src/detect/state-format.ts';
import { StoreUnavailable, VigiaError } from '../../src/errors.ts';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import type { SeriesStore, Store } from '../../src/store/store.ts';
import { alteredStore } from '../helpers/altered-store.ts';
import { FIXTURE_SERIES, formerDataDirectory } from '../helpers/release-0-1.ts';
import { runningPipeline } from '../helpers/running-pipeline.ts';
import { waitFor } from '../helpers/wait-for.ts';

const KEYS = Object.keys(FIXTURE_SERIES);

function formerStore(): Store {
  const retention = 3650 * 86_400_000;
  const store = openEmbeddedStore({ directory: formerDataDirectory(), retention, deadLetterMax: 5 });
  onTestFinished(() => store.close());
  return store;
}

/** Starts the background on a store of which `commit` or `list` is replaced. */
function start(store: Store, replaced: Partial<SeriesStore> = {}) {
  const log: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => log.push(line) });
  const { upgrades } = runningPipeline(alteredStore(store, 'series', replaced), { logger }).pipeline;
  const stopping = new AbortController();
  onTestFinished(() => stopping.abort());
  const ended = upgrades.runInBackground(stopping.signal);
  return { upgrades, ended, stopping, log: () => log.join('') };
}

async function outdated(store: Store): Promise<string[]> {
  const list = await store.series.list();
  const records = await store.series.load(list);
  return list.flatMap(({ sensor, metric }, i) =>
    decodeState(records[i]!.state).outdated ? [`${sensor}/${metric}`] : [],
  );
}

describe('outdated states', () => {
  it('are rebuilt once, and change nothing else of their series', async () => {
    const store = formerStore();
    expect((await outdated(store)).sort()).toEqual(KEYS.toSorted());
    const alerts = await store.alerts.list({ limit: 1000 });
    const [sensor, metric] = ['pump', 'temperature'];
    const samples = await store.series.range({ sensor, metric }, 0, Date.now());
    const { upgrades, ended, log } = start(store);
    await ended;
    expect(await outdated(store)).toEqual([]);
    expect([upgrades.rebuilt, upgrades.waiting]).toEqual([KEYS.length, 0]);
    expect(log()).toMatch(/"series":6,.*rebuilt the detectors/);
    expect(await store.alerts.list({ limit: 1000 })).toEqual(alerts);
    expect(await store.series.range({ sensor, metric }, 0, Date.now())).toEqual(samples);
    const again = start(store);
    await again.ended;
    expect([again.upgrades.rebuilt, again.log()]).toEqual([0, '']);
  });

  it('are rebuilt when the store is back', async () => {
    const store = formerStore();
    let commits = 0;
    let away = true;
    const { upgrades, ended, log } = start(store, {
      async commit(commit) {
        if (++commits > 2 && away) throw new StoreUnavailable('gone');
        return store.series.commit(commit);
      },
    });
    await waitFor('the outage', () => commits > 2);
    expect([upgrades.rebuilt, upgrades.waiting]).toEqual([2, KEYS.length - 2]);
    away = false;
    await ended;
    expect([upgrades.rebuilt, upgrades.waiting]).toEqual([KEYS.length, 0]);
    expect(log()).toMatch(/"series":6,/);
  });

  it('do not count as waiting when the background has ended early', async () => {
    const store = formerStore();
    const { upgrades, ended, log } = start(store, {
      commit: () => Promise.reject(new TypeError('a fault')),
    });
    await ended;
    expect([upgrades.rebuilt, upgrades.waiting]).toEqual([0, 0]);
    expect(log()).toMatch(/a fault.*ended early/);
  });

  it('are left to their next reading where they cannot be written, and hold up no other', async () => {
    const store = formerStore();
    const error = new VigiaError('store_key', 'no');
    const { upgrades, ended, log } = start(store, {
      async commit(commits) {
        if (commits[0]?.series.sensor === 'door') return [{ status: 'failed', error }];
        return store.series.commit(commits);
      },
    });
    await ended;
    expect([upgrades.rebuilt, upgrades.waiting]).toEqual([KEYS.length - 1, 0]);
    expect(await outdated(store)).toEqual(['door/open']);
    expect(log()).toMatch(/"series":"door\/open".*cannot be rebuilt/);
  });

  it('stay as they are when the process stops', async () => {
    const store = formerStore();
    const { ended, stopping } = start(store, {
      async commit(commits) {
        stopping.abort();
        return store.series.commit(commits);
      },
    });
    await ended;
    expect(await outdated(store)).toHaveLength(KEYS.length - 1);
  });
});
