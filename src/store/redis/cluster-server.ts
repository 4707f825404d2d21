/**
 * A Redis Cluster: every call goes to the primary that owns its slot. The map of slots is read again when a node says that a slot
 * has moved, or when a node does not answer. A call that a node refused because the slot is not its own is sent to the right
 * node. A call whose connection broke is never repeated here.
 */
import type { Logger } from 'pino';
import { StoreUnavailable } from '../../errors.ts';
import type { Call } from './connection.ts';
import type { Node } from './node.ts';
import type { Address } from './redis-url.ts';
import { checked, type Reply, text } from './reply.ts';
import { PING_KEY, type Server } from './server.ts';
import { SLOTS, slotOf } from './slot.ts';

/** How often a batch follows slots that move under it. */
const REDIRECTIONS = 5;

export class ClusterServer implements Server {
  readonly countsReceivers = false;
  private readonly nodes = new Map<string, Node>();
  /** Name of the owner by slot. */
  private owners: (string | undefined)[] = [];
  /** Nodes that were asked since the map was read: one that takes its first slots is in no map yet. */
  private readonly asked = new Set<string>();
  private refreshing: Promise<void> | null = null;
  private closed = false;

  constructor(
    private readonly seeds: readonly Address[],
    private readonly open: (address: Address) => Node,
    private readonly logger: Logger,
  ) {}

  get name(): string {
    const primaries = new Set(this.owners).size;
    return `Cluster of ${primaries} primaries (${this.seeds.map(nameOf).join(', ')})`;
  }

  connect(): Promise<void> {
    return this.refresh();
  }

  run(calls: readonly Call[]): Promise<Reply[]> {
    return this.dispatch(calls, (node, part) => node.run(part));
  }

  commit(calls: readonly Call[]): Promise<Reply[]> {
    return this.dispatch(calls, (node, part) => node.commit(part));
  }

  async primaries() {
    const keys = new Map<string, string>();
    const wanted = new Set(this.owners);
    wanted.delete(undefined);
    for (let i = 0; keys.size < wanted.size; i++) {
      const key = `${PING_KEY}:${i}`;
      const owner = this.owners[slotOf(key)];
      if (owner !== undefined && !keys.has(owner)) keys.set(owner, key);
    }
    return [...keys].map(([name, key]) => ({ node: this.node(name), key }));
  }

  close(): void {
    this.closed = true;
    for (const node of this.nodes.values()) node.close();
    this.nodes.clear();
  }

  private async dispatch(
    calls: readonly Call[],
    send: (node: Node, part: readonly Call[]) => Promise<Reply[]>,
  ): Promise<Reply[]> {
    const replies: Reply[] = new Array(calls.length);
    let left = calls.map((_, i) => i);
    try {
      for (let hop = 0; left.length > 0; hop++) {
        if (hop > REDIRECTIONS) throw new StoreUnavailable(`${this.name}: slots keep moving`);
        if (hop > 0) await this.refresh();
        const parts = new Map<string, number[]>();
        for (const i of left) {
          const owner = this.owners[slotOf(calls[i]!.key)];
          if (owner === undefined) throw new StoreUnavailable(`${this.name}: a slot has no primary`);
          const part = parts.get(owner);
          if (part) part.push(i);
          else parts.set(owner, [i]);
        }
        // The first failure is reported only when all parts have ended: then no call of this batch is under way any more.
        const results = await Promise.allSettled(
          [...parts].map(async ([owner, part]) => {
            const answers = await send(
              this.node(owner),
              part.map((i) => calls[i]!),
            );
            for (const [j, i] of part.entries()) replies[i] = answers[j]!;
          }),
        );
        this.noteAway([...parts], results, replies);
        await this.ask(calls, replies, left, send);
        left = left.filter((i) => redirection(replies[i], 'MOVED') !== null);
      }
      return replies;
    } catch (error) {
      this.refresh().catch(() => undefined);
      throw error;
    }
  }

  /**
   * What becomes of calls whose node does not answer: where other nodes have answered, the error is their reply. @throws where
   * none has
   */
  private noteAway(
    parts: readonly [owner: string, calls: readonly number[]][],
    results: readonly PromiseSettledResult<void>[],
    replies: Reply[],
  ): void {
    const failed = results.flatMap((result, i) => (result.status === 'rejected' ? [{ i, ...result }] : []));
    if (failed.length === 0) return;
    const gone = new Set(failed.map(({ i }) => parts[i]![0]));
    const others = [...new Set(this.owners)].filter((owner) => owner !== undefined && !gone.has(owner));
    const partial = others.some((owner) => this.node(owner!).ready);
    for (const { i, reason } of failed) {
      if (!(reason instanceof StoreUnavailable)) throw reason;
      const away = new StoreUnavailable(reason.message, { cause: reason.cause, partial });
      if (failed.length === results.length || !partial) throw away;
      for (const at of parts[i]![1]) replies[at] = away;
    }
    this.refresh().catch(() => undefined);
  }

  /** How many primaries cannot be reached at present. */
  get away(): number {
    const owners = [...new Set(this.owners)].filter((owner) => owner !== undefined);
    return owners.filter((owner) => !this.node(owner!).ready).length;
  }

  /** Calls for a slot on its way to another node, which that node answers only to whoever says ASKING. */
  private async ask(
    calls: readonly Call[],
    replies: Reply[],
    indexes: readonly number[],
    send: (node: Node, part: readonly Call[]) => Promise<Reply[]>,
  ): Promise<void> {
    for (const i of indexes) {
      const target = redirection(replies[i], 'ASK');
      if (target === null) continue;
      this.asked.add(target);
      const node = this.node(target);
      node.connect();
      await node.untilReady();
      const call = calls[i]!;
      // ASKING holds for one command, so a script must be there at once: loaded after a NOSCRIPT it would be sent without.
      const load = call.script ? [{ key: '', args: ['SCRIPT', 'LOAD', call.script.text] }] : [];
      try {
        replies[i] = (await send(node, [...load, { key: '', args: ['ASKING'] }, call])).at(-1)!;
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        replies[i] = new StoreUnavailable(error.message, { cause: error.cause, partial: true });
      }
    }
  }

  private node(name: string): Node {
    let node = this.nodes.get(name);
    if (!node) {
      const colon = name.lastIndexOf(':');
      const host = name.slice(0, colon).replace(/^\[|\]$/g, '');
      node = this.open({ host, port: Number(name.slice(colon + 1)) });
      this.nodes.set(name, node);
    }
    return node;
  }

  private refresh(): Promise<void> {
    this.refreshing ??= this.readSlots().finally(() => {
      this.refreshing = null;
    });
    return this.refreshing;
  }

  private async readSlots(): Promise<void> {
    let problem: unknown = new StoreUnavailable(`${this.name}: no node answers`);
    const names = new Set([...this.nodes.keys(), ...this.seeds.map(nameOf)]);
    const known = [...names].sort((a, b) => Number(this.node(b).ready) - Number(this.node(a).ready));
    for (const name of known) {
      if (this.closed) return;
      try {
        const node = this.node(name);
        node.connect();
        await node.untilReady();
        const [reply] = await node.run([{ key: '', args: ['CLUSTER', 'SLOTS'] }]);
        this.take(checked(reply, 'CLUSTER SLOTS') as readonly Reply[], name);
        return;
      } catch (error) {
        problem = error;
      }
    }
    throw problem;
  }

  /** @param from the node that answered; it may leave out its own host */
  private take(ranges: readonly Reply[], from: string): void {
    const owners: (string | undefined)[] = new Array(SLOTS);
    for (const range of ranges) {
      const [start, end, primary] = range as [number, number, readonly Reply[]];
      const announced = primary[0] === null ? '' : text(primary[0]);
      const host = announced === '' || announced === '?' ? from.slice(0, from.lastIndexOf(':')) : announced;
      owners.fill(nameOf({ host: host.replace(/^\[|\]$/g, ''), port: Number(primary[1]) }), start, end + 1);
    }
    const wanted = new Set(owners);
    wanted.delete(undefined);
    for (const name of wanted) this.node(name!).connect();
    for (const [name, node] of this.nodes) {
      if (wanted.has(name) || this.asked.has(name)) continue;
      node.close();
      this.nodes.delete(name);
    }
    this.asked.clear();
    const before = new Set(this.owners);
    const added = [...wanted].filter((name) => !before.has(name));
    if (added.length > 0) this.logger.info({ primaries: [...wanted] }, 'Redis Cluster: primaries');
    this.owners = owners;
  }
}

function nameOf({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** @returns the `host:port` that a MOVED or ASK reply names, null for any other reply */
function redirection(reply: Reply | undefined, kind: 'MOVED' | 'ASK'): string | null {
  if (!(reply instanceof Error) || !reply.message.startsWith(`${kind} `)) return null;
  return reply.message.split(' ')[2] ?? null;
}
