/** The mutes, which lie in the store so that all replicas follow them. */
import { randomBytes } from 'node:crypto';
import type { Alert } from '../domain/alert.ts';
import { type Mute, muteOf } from '../domain/mute.ts';
import type { DocumentStore } from '../store/store.ts';
import { StoredDocument } from './stored-document.ts';

export interface MutesOptions {
  readonly documents: DocumentStore;
  /** How long a mute is remembered after its end, ms: as long as the alerts that it has muted. */
  readonly retention: number;
  /** ms UTC */
  readonly now: () => number;
}

export class Mutes {
  private readonly document: StoredDocument<readonly Mute[]>;

  constructor(private readonly options: MutesOptions) {
    this.document = new StoredDocument<readonly Mute[]>(options.documents, 'mutes', []);
  }

  /** Those that have ended too, as long as they are remembered. */
  list(): readonly Mute[] {
    return this.document.current;
  }

  /** Whether the alert is muted: an open alert now, any other alert when it was raised. */
  readonly isMuted = (alert: Pick<Alert, 'sensor' | 'metric' | 'rule' | 'ts' | 'state'>): boolean => {
    const at = alert.state === 'open' ? this.options.now() : alert.ts;
    return muteOf(this.document.current, alert, at) !== null;
  };

  /** @throws StoreUnavailable */
  refresh(): Promise<void> {
    return this.document.refresh();
  }

  /** @throws StoreUnavailable */
  async add(mute: Omit<Mute, 'id'>): Promise<Mute> {
    const added = { id: randomBytes(6).toString('hex'), ...mute };
    await this.document.update((mutes) => [...this.remembered(mutes), added]);
    return added;
  }

  /** Ends a mute now. One that has begun is remembered. @returns null where there is none of this id */
  async end(id: string): Promise<Mute | null> {
    const now = this.options.now();
    let ended: Mute | null = null;
    await this.document.update((mutes) => {
      const mute = mutes.find((each) => each.id === id);
      if (!mute) return null;
      const until = Math.min(mute.until ?? now, now);
      ended = { ...mute, until };
      const kept = mute.from < now ? [ended] : [];
      return [...this.remembered(mutes).filter((each) => each.id !== id), ...kept];
    });
    return ended;
  }

  private remembered(mutes: readonly Mute[]): readonly Mute[] {
    const before = this.options.now() - this.options.retention;
    return mutes.filter(({ until }) => until === null || until > before);
  }
}
