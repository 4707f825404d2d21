/** A store of which some methods of one part are replaced. The rest of the part stays what it was. */
import type { Store } from '../../src/store/store.ts';

type Part = 'series' | 'alerts' | 'deadLetters' | 'models' | 'counters';

export function alteredStore<P extends Part>(store: Store, part: P, methods: Partial<Store[P]>): Store {
  // A part may be an object of a class: its methods are not its own properties.
  const altered: Store[P] = Object.assign(Object.create(store[part]), methods);
  const parts = { series: store.series, alerts: store.alerts, [part]: altered };
  const reads = part === 'series' || part === 'alerts' ? { reads: () => parts } : {};
  // reads: () => ({ series: altered as Store['series'], alerts: store.alerts }) } : {};
  return { ...store, ...reads, [part]: altered };
}
