/**
 * Alerts that a person has closed, for example of a sensor that is gone for good. The fold does not know of it: the store
 * keeps the alert as it is until a reading clears it, and here stands that it counts as cleared.
 */
import type { Alert } from '../domain/alert.ts';
import type { Store } from '../store/store.ts';
import { StoredDocument } from './stored-document.ts';

interface Closed {
  readonly id: string;
  /** ms UTC */
  readonly at: number;
  /** Who has closed it; null where nobody is known. */
  readonly by: string | null;
}

export interface ClosedAlertsOptions {
  readonly store: Pick<Store, 'alerts' | 'alertStream' | 'keptAlerts' | 'documents'>;
  /** The names of all receivers. */
  readonly targets: () => readonly string[];
  /** ms UTC */
  readonly now: () => number;
}

/** Closed alerts that are remembered at most; the oldest go first. */
const MOST = 10_000;

export class ClosedAlerts {
  private readonly document: StoredDocument<readonly Closed[]>;
  private byId: ReadonlyMap<string, Closed> = new Map();

  constructor(private readonly options: ClosedAlertsOptions) {
    this.document = new StoredDocument<readonly Closed[]>(
      options.store.documents,
      'closed-alerts',
      [],
      (closed) => {
        this.byId = new Map(closed.map((each) => [each.id, each]));
      },
    );
  }

  /** @throws StoreUnavailable */
  refresh(): Promise<void> {
    return this.document.refresh();
  }

  has({ id }: Pick<Alert, 'id'>): boolean {
    return this.byId.has(id);
  }

  /** The alert as it counts. */
  readonly seen = (alert: Alert): Alert => {
    const closed = alert.state === 'open' ? this.byId.get(alert.id) : undefined;
    return closed ? { ...alert, state: 'cleared', clearedTs: Math.max(closed.at, alert.ts + 1) } : alert;
  };

  /**
   * Closes an open alert, which counts as acknowledged then. Receivers that know of it are told of its end.
   * @returns the alert as it counts; null where there is none of this id
   * @throws StoreUnavailable
   */
  async close(id: string, by: string | null): Promise<Alert | null> {
    const { store, targets, now } = this.options;
    const alert = await store.alerts.acknowledge(id, { by, at: now() });
    if (alert?.state !== 'open') return alert;
    const at = now();
    await this.document.update((closed) =>
      closed.some((each) => each.id === id) ? null : [...closed.slice(1 - MOST), { id, at, by }],
    );
    const ended = this.seen(alert);
    const change = {
      alert: { ...ended, revision: alert.revision + 1 },
      at,
      reason: 'closed by hand',
      keptAt: at,
    };
    for (const target of targets()) {
      const [told] = await store.alertStream.told(target, [id]);
      if (!told?.startsWith('open')) continue;
      await store.keptAlerts.keep(target, change);
      await store.keptAlerts.sendAgain(target, [`${id}/${alert.revision + 1}`]);
    }
    return ended;
  }
}
