import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Config } from '../settings/config.ts';
import type { Store } from '../store/store.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { StoreClock } from './store-clock.ts';

/** `serve` brings its own broker, `bridge` subscribes at MQTT_URL. */
export type Role = 'serve' | 'bridge';

/** What every part of the wiring needs. */
export interface AppContext {
  readonly role: Role;
  /** The settings at the start. */
  readonly config: Config;
  /** The settings now: `reload` may have taken over some. Ask at each use. */
  readonly current: () => Config;
  readonly store: Store;
  /** The clock of the store, which decides what cannot be undone. */
  readonly clock: StoreClock;
  readonly registry: Registry;
  readonly lifecycle: Lifecycle;
  readonly logger: Logger;
  /** The clock of readings, the same for all replicas on the store, ms UTC. */
  readonly now: () => number;
}
