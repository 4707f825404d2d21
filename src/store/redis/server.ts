/** What the store needs of Redis, whether that is one server, the primary behind Sentinels, or a Cluster. */
import type { Call } from './connection.ts';
import type { Node } from './node.ts';
import type { Reply } from './reply.ts';

export interface Server {
  /** For the start-up line; without a password. */
  readonly name: string;
  /** Whether PUBLISH answers how many subscribers there are: a node of a Cluster counts its own only. */
  readonly countsReceivers: boolean;
  /** One attempt; further ones go on by themselves. @throws StoreUnavailable with the reason when it fails */
  connect(): Promise<void>;
  /** Sends each call to the node that owns its key. Replies in the order of `calls`. @throws StoreUnavailable */
  run(calls: readonly Call[]): Promise<Reply[]>;
  /** As `run`, and durable as REDIS_DURABILITY says. @throws StoreUnavailable */
  commit(calls: readonly Call[]): Promise<Reply[]>;
  /** Every node that takes writes, with a key that belongs to it. */
  primaries(): Promise<readonly { readonly node: Node; readonly key: string }[]>;
  /** How many primaries cannot be reached at present; absent: there is one. */
  readonly away?: number;
  close(): void;
}

export const PING_KEY = 'vigia:ping';

/** One server, or whichever is the primary that the Sentinels name. */
export class SingleServer implements Server {
  readonly countsReceivers = true;

  constructor(private readonly node: Node) {}

  get name(): string {
    return this.node.name;
  }

  connect(): Promise<void> {
    this.node.connect();
    return this.node.untilReady();
  }

  run(calls: readonly Call[]): Promise<Reply[]> {
    return this.node.run(calls);
  }

  commit(calls: readonly Call[]): Promise<Reply[]> {
    return this.node.commit(calls);
  }

  async primaries() {
    return [{ node: this.node, key: PING_KEY }];
  }

  close(): void {
    this.node.close();
  }
}
