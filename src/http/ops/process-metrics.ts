/**
 * Metrics about the surroundings of this process: whether store and broker can be reached, and how much lies in the store.
 * They are asked for at each scrape. A store that does not answer delays a scrape by one second at most. Its numbers are then
 * left out, because an old number would look like a new one.
 */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Store, StoreMemory } from '../../store/store.ts';
import { within } from './deadline.ts';

const STORE_DEADLINE_MS = 1_000;

export interface ProcessMetrics {
  readonly store: Pick<Store, 'kind' | 'ping' | 'series' | 'deadLetters' | 'memory' | 'disk' | 'partsAway'>;
  readonly version: string;
  readonly role: string;
  /** The client id: stable per replica, also where its address is not. */
  readonly replica: string;
  /** Whether readings can come from the external broker. Without an external broker (`serve`) there is no such metric. */
  readonly brokerConnected?: () => boolean;
  /** Replicas to which this one forwards readings. */
  readonly peers: () => number;
  /** Series whose detectors this process has rebuilt, and those that it still has to. */
  readonly upgrades: () => { readonly rebuilt: number; readonly waiting: number };
  /** Readings that wait apart from the others, by reason. */
  readonly waiting: () => Readonly<Record<string, number>>;
  /** Why no reading can be stored at present, where readings were tried. */
  readonly storeProblem: () => string | null;
}

interface StoreNumbers {
  readonly up: number;
  readonly series?: number;
  readonly deadLetters?: number;
  readonly memory?: StoreMemory | undefined;
  readonly disk?: StoreMemory | undefined;
}

export function registerProcessMetrics(registry: Registry, options: ProcessMetrics): void {
  const { store, version, role, replica, brokerConnected, peers } = options;
  const registers = [registry];
  new Gauge({
    name: 'vigia_build_info',
    help: 'Always 1; its labels say what runs.',
    labelNames: ['replica', 'version', 'node', 'role', 'store'],
    registers,
  }).set({ replica, version, node: process.version, role, store: store.kind }, 1);
  new Gauge({
    name: 'vigia_neighbours',
    help: 'Peers: other replicas of the group on this store to which this one forwards readings.',
    registers,
    collect() {
      this.set(peers());
    },
  });
  registerUpgrades(registry, options);
  registerWaiting(registry, options);
  registerStore(registry, options);
  if (!brokerConnected) return;
  new Gauge({
    name: 'vigia_broker_connected',
    help: '1 if this replica is connected to its broker and subscribed, else 0.',
    registers,
    collect() {
      this.set(brokerConnected() ? 1 : 0);
    },
  });
}

function registerUpgrades(registry: Registry, { upgrades }: ProcessMetrics): void {
  const registers = [registry];
  new Counter({
    name: 'vigia_states_rebuilt_total',
    help: 'Series whose detector this replica has rebuilt from stored readings, after an upgrade or a commit of an earlier release.',
    registers,
    collect() {
      this.reset();
      this.inc(upgrades().rebuilt);
    },
  });
  new Gauge({
    name: 'vigia_states_outdated',
    help: 'Series of an earlier release that this replica has found in the background and has still to rebuild.',
    registers,
    collect() {
      this.set(upgrades().waiting);
    },
  });
}

function registerWaiting(registry: Registry, { waiting }: ProcessMetrics): void {
  new Gauge({
    name: 'vigia_readings_waiting',
    help: 'Readings that wait apart from the others, by reason: their series cannot be written, dead letters cannot be kept, or there are too many without a time.',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      for (const [reason, count] of Object.entries(waiting())) this.set({ reason }, count);
    },
  });
}

function registerStore(registry: Registry, options: ProcessMetrics): void {
  const { store } = options;
  // The gauges are collected side by side: one question to the store serves all of one scrape.
  let asking: Promise<StoreNumbers> | null = null;
  const ask = () => {
    asking ??= askStore(options).finally(() => {
      asking = null;
    });
    return asking;
  };
  const fromStore = (name: string, help: string, read: (numbers: StoreNumbers) => number | undefined) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const value = read(await ask());
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  fromStore('vigia_store_up', '1 if the store can be written now, else 0.', ({ up }) => up);
  if (store.partsAway) {
    new Gauge({
      name: 'vigia_store_parts_away',
      help: 'Primaries of the Redis Cluster that cannot be reached; the series on the others can be stored.',
      registers: [registry],
      collect() {
        this.set(store.partsAway!());
      },
    });
  }
  fromStore('vigia_series', 'Series in the store.', ({ series }) => series);
  fromStore('vigia_dead_letters', 'Dead letters in the store.', ({ deadLetters }) => deadLetters);
  if (store.disk) {
    fromStore(
      'vigia_store_disk_used_bytes',
      'Bytes that the store holds on the disk.',
      ({ disk }) => disk?.used,
    );
    fromStore(
      'vigia_store_disk_max_bytes',
      'Bytes that the store could hold: the disk is full then.',
      ({ disk }) => disk?.max,
    );
  }
  if (!store.memory) return;
  fromStore(
    'vigia_store_memory_used_bytes',
    'Memory that the store has taken.',
    ({ memory }) => memory?.used,
  );
  fromStore(
    'vigia_store_memory_max_bytes',
    'Memory beyond which the store refuses writes, 0 without a limit.',
    ({ memory }) => memory?.max,
  );
}

async function askStore({ store, storeProblem }: ProcessMetrics): Promise<StoreNumbers> {
  const inTime = <T>(promise: Promise<T>) => within(STORE_DEADLINE_MS, 'the store is slow', promise);
  const [ping, series, deadLetters, memory, disk] = await Promise.allSettled([
    inTime(store.ping()),
    inTime(store.series.count()),
    inTime(store.deadLetters.count()),
    inTime(store.memory?.() ?? Promise.resolve(undefined)),
    inTime(store.disk?.() ?? Promise.resolve(undefined)),
  ]);
  return {
    up: ping.status === 'fulfilled' && storeProblem() === null ? 1 : 0,
    ...(series.status === 'fulfilled' && { series: series.value }),
    ...(deadLetters.status === 'fulfilled' && { deadLetters: deadLetters.value }),
    ...(memory.status === 'fulfilled' && { memory: memory.value }),
    ...(disk.status === 'fulfilled' && { disk: disk.value }),
  };
}
