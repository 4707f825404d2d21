/**
 * The births of Sparkplug B. Data may name its metrics by aliases alone, which only a birth explains, and with a shared
 * subscription birth and data reach different replicas. So births are kept in the store before they are acknowledged. Data
 * whose aliases are not known waits for its birth, and asks the edge node for it; what is not known after that becomes a
 * dead letter, which can be replayed once the birth is there. No alias is guessed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { AliasEntry, SparkplugTopic } from '../codecs/sparkplug.ts';
import { sparkplugSender, sparkplugTopic } from '../codecs/sparkplug.ts';
import { type Birth, parseBirth, readBirth, rebirthCommand } from '../codecs/sparkplug-birth.ts';
import { readSparkplug, type SparkplugPayload } from '../codecs/sparkplug-payload.ts';
import type { BirthStore } from '../store/store.ts';

export interface SparkplugOptions {
  readonly births: BirthStore;
  /** How long a birth is taken from memory before the store is asked again, ms: another replica may have had a newer one. */
  readonly freshMs: number;
  /** How long data waits for its birth, ms. */
  readonly patienceMs: number;
  /** Whether every message of an edge node comes to this process, so that a gap in their numbers means a loss. */
  readonly seesAll: boolean;
  /** Publishes a command; absent: edge nodes are not asked for their births. */
  readonly publish?: (topic: string, payload: Uint8Array) => Promise<void>;
  readonly logger: Logger;
  readonly now: () => number;
}

interface Known {
  readonly birth: Birth | null;
  /** When the store was asked, on the clock of `performance.now()`, ms. */
  readonly at: number;
}

const SENDERS_MAX = 10_000;
/** Pause before the store is asked again for a birth, or while it is away, ms. */
const PAUSE_MS = 200;
/** An edge node is asked no more often than that, ms. */
const REBIRTH_EVERY_MS = 30_000;

export class SparkplugBirths {
  private readonly known = new LRUCache<string, Known>({ max: SENDERS_MAX });
  private readonly sequences = new LRUCache<string, number>({ max: SENDERS_MAX });
  private readonly asked = new LRUCache<string, number>({ max: SENDERS_MAX });
  private readonly stopping = new AbortController();

  /** Told of the sensors of each sender that has died, before the message is acknowledged. May throw: it is then told again. */
  whenDied: (ended: (sensor: string) => boolean) => Promise<void> = async () => {};

  constructor(private readonly options: SparkplugOptions) {}

  /** What the births say of an alias; for the decoder. */
  readonly names = (sender: string, alias: number): AliasEntry | undefined =>
    this.known.get(sender)?.birth?.aliases[alias];

  /** Ends every wait: what waits stays without acknowledgement. */
  close(): void {
    this.stopping.abort();
  }

  /**
   * What has to happen before a message can be decoded.
   * @returns null where nothing has; otherwise a promise that never rejects and, after `close`, never resolves
   */
  prepare(topic: string, bytes: Uint8Array): Promise<void> | null {
    if (!topic.startsWith('spBv1.0/')) return null;
    const parsed = sparkplugTopic(topic);
    if (!parsed || bytes.length === 0) return null;
    const sender = sparkplugSender(parsed);
    let payload: SparkplugPayload;
    let birth: Birth | null = null;
    try {
      payload = readSparkplug(bytes);
      if (/^[ND]BIRTH$/.test(parsed.type)) birth = readBirth(bytes);
    } catch {
      // The decoder says what is wrong with it.
      return null;
    }
    if (birth) {
      this.follow(parsed, payload.seq, parsed.type === 'NBIRTH');
      return this.forAsLongAsItTakes(() => this.born(sender, birth));
    }
    if (/^[ND]DEATH$/.test(parsed.type)) {
      const bdSeq = payload.metrics.find(({ name }) => name === 'bdSeq')?.value;
      return this.forAsLongAsItTakes(() => this.died(sender, bdSeq, parsed.device === null));
    }
    if (!/^[ND]DATA$/.test(parsed.type)) return null;
    this.follow(parsed, payload.seq, false);
    const aliases = payload.metrics.flatMap(({ name, alias }) =>
      name === undefined && alias !== undefined ? [alias] : [],
    );
    if (aliases.length === 0 || this.explains(sender, aliases, this.options.freshMs)) return null;
    return this.forAsLongAsItTakes(() => this.findNames(parsed, sender, aliases));
  }

  private explains(sender: string, aliases: readonly number[], freshMs: number): boolean {
    const known = this.known.get(sender);
    if (!known?.birth || performance.now() - known.at > freshMs) return false;
    const { birth } = known;
    return aliases.every((alias) => Object.hasOwn(birth.aliases, alias));
  }

  /** A redelivered birth does not take the place of a newer one. */
  private async born(sender: string, birth: Birth): Promise<void> {
    const before = parseBirth(await this.options.births.get(sender));
    const newest = before && before.ts > birth.ts ? before : birth;
    if (newest === birth) await this.options.births.put(sender, JSON.stringify(birth));
    this.known.set(sender, { birth: newest, at: performance.now() });
  }

  /** The aliases of an edge node and of its devices end with its session. A late death of a session before says nothing of this one. */
  private async died(sender: string, bdSeq: number | undefined, isNode: boolean): Promise<void> {
    const { births, logger } = this.options;
    const birth = parseBirth(await births.get(sender));
    if (birth?.bdSeq !== undefined && bdSeq !== undefined && birth.bdSeq !== bdSeq) return;
    const ended = (name: string) => name === sender || (isNode && name.startsWith(`${sender}/`));
    for (const name of [sender, ...[...this.known.keys()].filter((name) => name !== sender && ended(name))]) {
      await births.remove(name);
      this.known.delete(name);
    }
    await this.whenDied(ended);
    logger.info({ sender }, 'Sparkplug B: the sender has died; its series are silent until its next birth');
  }

  private async findNames(topic: SparkplugTopic, sender: string, aliases: readonly number[]): Promise<void> {
    const { births, patienceMs } = this.options;
    const until = performance.now() + patienceMs;
    for (;;) {
      this.known.set(sender, { birth: parseBirth(await births.get(sender)), at: performance.now() });
      if (this.explains(sender, aliases, Number.POSITIVE_INFINITY)) return;
      this.askForBirths(topic, 'an alias that no birth has explained');
      const left = until - performance.now();
      if (left <= 0) return;
      await delay(Math.min(PAUSE_MS, left), undefined, { signal: this.stopping.signal });
    }
  }

  /** The messages of an edge node are numbered from 0 to 255, its births included. */
  private follow(topic: SparkplugTopic, seq: number | undefined, begins: boolean): void {
    if (!this.options.seesAll || seq === undefined) return;
    const node = `${topic.group}/${topic.node}`;
    const before = this.sequences.get(node);
    this.sequences.set(node, seq);
    // The same number again is a redelivery.
    if (begins || before === undefined || seq === before || seq === (before + 1) % 256) return;
    this.askForBirths(topic, `message ${seq} after ${before}: some are missing`);
  }

  private askForBirths({ group, node }: SparkplugTopic, why: string): void {
    const { publish, now, logger } = this.options;
    const id = `${group}/${node}`;
    if (!publish || now() - (this.asked.get(id) ?? Number.NEGATIVE_INFINITY) < REBIRTH_EVERY_MS) return;
    this.asked.set(id, now());
    logger.warn({ node: id, why }, 'Sparkplug B: asked the edge node for its births');
    publish(`spBv1.0/${group}/NCMD/${node}`, rebirthCommand(now())).catch((error: unknown) =>
      logger.warn({ err: error, node: id }, 'Sparkplug B: the command could not be published'),
    );
  }

  private async forAsLongAsItTakes(work: () => Promise<void>): Promise<void> {
    const { signal } = this.stopping;
    for (;;) {
      try {
        await work();
        if (!signal.aborted) return;
      } catch (error) {
        if (!signal.aborted) this.options.logger.debug({ err: error }, 'Sparkplug B: births are not at hand');
      }
      if (signal.aborted) await new Promise<never>(() => {});
      await delay(PAUSE_MS, undefined, { signal }).catch(() => {});
    }
  }
}
