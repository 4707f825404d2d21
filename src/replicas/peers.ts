/**
 * The peers: the other replicas of this group on this store, and which replica each series belongs to. Every replica
 * announces itself once a second. For a moment, two replicas may have different views, and a series then has two owners or
 * none. That is harmless: the owner decides only where readings are forwarded to (forwarding.ts), never what may be
 * committed.
 */
import { randomBytes } from 'node:crypto';
import type { PubSub } from '../store/store.ts';

const ANNOUNCE_EVERY_MS = 1000;
/** Two announcements may be lost. */
const LOST_AFTER_MS = 3500;
/** Owners that are remembered at most. All are computed anew when a replica comes or goes. */
const OWNERS_MAX = 100_000;
/** Version of the messages between replicas. It is part of the channel names, so that versions do not read each other. */
export const PROTOCOL = 1;

type State = 'here' | 'leaving' | 'gone';

interface Peer {
  /** How often the peer has begun to be subscribed. What was sent to it in an earlier epoch may be lost. */
  readonly epoch: number;
  readonly state: State;
  /** Time of its last announcement, on the clock of `performance.now()`, ms. */
  readonly seen: number;
}

export class Peers {
  readonly id = randomBytes(8).toString('hex');
  private readonly others = new Map<string, Peer>();
  private readonly owners = new Map<string, string | null>();
  private readonly channel: string;
  private state: State = 'here';
  private epoch = 0;
  private subscribed = false;
  private timer: NodeJS.Timeout | null = null;
  private readonly ends: (() => void)[] = [];

  /** @param onLost a peer is lost: it may never answer what was sent to it */
  constructor(
    private readonly pubSub: PubSub,
    group: string,
    private readonly onLost: (id: string) => void,
  ) {
    this.channel = `replicas:${PROTOCOL}:${group}`;
  }

  start(): void {
    this.ends.push(
      this.pubSub.subscribe(this.channel, (message) => this.announced(message)),
      this.pubSub.onSubscribed((subscribed) => this.subscriptionChanged(subscribed)),
    );
    this.timer = setInterval(() => this.tick(), ANNOUNCE_EVERY_MS).unref();
  }

  /** Peers that accept readings now. */
  get count(): number {
    let n = 0;
    for (const { state } of this.others.values()) if (state === 'here') n++;
    return n;
  }

  /**
   * The peer that a series belongs to; null: it belongs to this replica.
   * @param name of the series, written the same way by all replicas
   */
  ownerOf(name: string): string | null {
    const known = this.owners.get(name);
    if (known !== undefined) return known;
    // Highest random weight (Thaler and Ravishankar 1998): a replica that comes or goes moves only its own share.
    let owner: string | null = null;
    let most = weight(this.id, name);
    for (const [id, { state }] of this.others) {
      if (state !== 'here') continue;
      const its = weight(id, name);
      if (its < most || (its === most && id < (owner ?? this.id))) continue;
      most = its;
      owner = id;
    }
    if (this.owners.size >= OWNERS_MAX) this.owners.clear();
    this.owners.set(name, owner);
    return owner;
  }

  /** From now on peers forward nothing to this replica. It still answers what it has accepted. */
  leave(): void {
    this.state = 'leaving';
    void this.announce();
  }

  /** From now on this replica answers nothing either. */
  async close(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    for (const end of this.ends) end();
    this.state = 'gone';
    await this.announce();
  }

  private subscriptionChanged(subscribed: boolean): void {
    this.subscribed = subscribed;
    if (subscribed) this.epoch++;
    else for (const id of [...this.others.keys()]) this.lose(id);
    void this.announce();
  }

  private async announce(): Promise<void> {
    if (!this.subscribed || this.epoch === 0) return;
    await this.pubSub.publish(this.channel, `${this.id} ${this.epoch} ${this.state}`).catch(() => undefined);
  }

  private tick(): void {
    const now = performance.now();
    for (const [id, { seen }] of this.others) if (now - seen > LOST_AFTER_MS) this.lose(id);
    void this.announce();
  }

  private announced(message: string): void {
    const [id, epoch, state] = message.split(' ') as [string, string, State];
    if (id === this.id) return;
    const known = this.others.get(id);
    if (state === 'gone' || (known && known.epoch !== Number(epoch))) this.lose(id);
    if (state === 'gone') return;
    if (known?.state !== state) this.owners.clear();
    this.others.set(id, { epoch: Number(epoch), state, seen: performance.now() });
    // So that a new replica need not wait for the next announcement.
    if (!known) void this.announce();
  }

  private lose(id: string): void {
    if (!this.others.delete(id)) return;
    this.owners.clear();
    this.onLost(id);
  }
}

/**
 * FNV-1a over the id and the name, and a round of mixing. Without the mixing, replicas with similar ids would get similar
 * shares.
 */
function weight(id: string, name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
