/**
 * The other replicas of this group on this store, and which of all a series belongs to. Each says every second that it
 * is there. Views may differ for a moment, and a series then has two owners or none: who owns it decides only where its
 * readings are handed to (see hand-over.ts), never what may be committed.
 */
import { randomBytes } from 'node:crypto';
import type { PubSub } from '../store/store.ts';

const ANNOUNCE_EVERY_MS = 1000;
/** Two announcements may be lost. */
const LOST_AFTER_MS = 3500;
/** Owners remembered until the replicas change; then all are computed anew anyway. */
const OWNERS_MAX = 100_000;
/** Of what replicas tell each other: a later version that tells it differently must not be taken for one of these. */
export const PROTOCOL = 1;

type State = 'here' | 'leaving' | 'gone';

interface Neighbour {
  /** Counts how often it has begun to hear; what was sent to it before may be lost. */
  readonly epoch: number;
  readonly state: State;
  /** By the monotonic clock, ms. */
  readonly heard: number;
}

export class Neighbours {
  readonly id = randomBytes(8).toString('hex');
  private readonly others = new Map<string, Neighbour>();
  private readonly owners = new Map<string, string | null>();
  private readonly channel: string;
  private state: State = 'here';
  private epoch = 0;
  private hears = false;
  private timer: NodeJS.Timeout | null = null;
  private readonly ends: (() => void)[] = [];

  /** @param onLost what was sent to this replica, and is not answered yet, may never be */
  constructor(
    private readonly pubSub: PubSub,
    group: string,
    private readonly onLost: (id: string) => void,
  ) {
    this.channel = `replicas:${PROTOCOL}:${group}`;
  }

  start(): void {
    this.ends.push(
      this.pubSub.subscribe(this.channel, (message) => this.take(message)),
      this.pubSub.onHearing((hears) => this.hearing(hears)),
    );
    this.timer = setInterval(() => this.tick(), ANNOUNCE_EVERY_MS).unref();
  }

  /** Replicas that take readings now, without this one. */
  get count(): number {
    let n = 0;
    for (const { state } of this.others.values()) if (state === 'here') n++;
    return n;
  }

  /** The replica that a series belongs to; null is this one. @param name of the series, in any form that all agree on */
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

  /** Nothing more is handed to this replica; what it has is still answered. */
  leave(): void {
    this.state = 'leaving';
    void this.announce();
  }

  /** Nothing more is answered either. */
  async close(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    for (const end of this.ends) end();
    this.state = 'gone';
    await this.announce();
  }

  private hearing(hears: boolean): void {
    this.hears = hears;
    if (hears) this.epoch++;
    else for (const id of [...this.others.keys()]) this.lose(id);
    void this.announce();
  }

  private async announce(): Promise<void> {
    if (!this.hears || this.epoch === 0) return;
    await this.pubSub.publish(this.channel, `${this.id} ${this.epoch} ${this.state}`).catch(() => undefined);
  }

  private tick(): void {
    const now = performance.now();
    for (const [id, { heard }] of this.others) if (now - heard > LOST_AFTER_MS) this.lose(id);
    void this.announce();
  }

  private take(message: string): void {
    const [id, epoch, state] = message.split(' ') as [string, string, State];
    if (id === this.id) return;
    const known = this.others.get(id);
    if (state === 'gone' || (known && known.epoch !== Number(epoch))) this.lose(id);
    if (state === 'gone') return;
    if (known?.state !== state) this.owners.clear();
    this.others.set(id, { epoch: Number(epoch), state, heard: performance.now() });
    // So that a newcomer need not wait for the next announcement.
    if (!known) void this.announce();
  }

  private lose(id: string): void {
    if (!this.others.delete(id)) return;
    this.owners.clear();
    this.onLost(id);
  }
}

/** FNV-1a over both, and a round of mixing, without which replicas with similar ids would get similar shares. */
function weight(id: string, name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
