/** The retained status of each replica at its broker, under `bridge/<client id>`: what it says of itself and of the others. */

export type State = 'online' | 'offline' | 'leaving' | 'left';

/** What a status says besides the state. */
export interface StatusDetails {
  readonly hostname: string;
  /** Of Vigía. */
  readonly version: string;
  /** When this process started, ms UTC. */
  readonly since: number;
}

const PREFIX = 'bridge/';
/** Covers the statuses of all replicas. */
export const ALL_STATUSES = `${PREFIX}+`;

export class ReplicaStatus {
  readonly topic: string;

  /** @param filters that the replica subscribes to */
  constructor(
    private readonly clientId: string,
    private readonly filters: readonly string[],
    private readonly details: StatusDetails,
  ) {
    this.topic = `${PREFIX}${clientId}`;
  }

  /** The payload. */
  text(state: State): string {
    return JSON.stringify({ state, clientId: this.clientId, filters: this.filters, ...this.details });
  }

  /**
   * Counts the other replicas that have the same subscriptions and are at work.
   * @param statuses payloads by topic
   */
  othersOnline(statuses: ReadonlyMap<string, string>): number {
    let n = 0;
    for (const [topic, text] of statuses) if (topic !== this.topic && isOnlineWith(text, this.filters)) n++;
    return n;
  }
}

export function isStatus(topic: string): boolean {
  return topic.startsWith(PREFIX);
}

/** @param status of a replica, or whatever anybody has put in its place */
function isOnlineWith(status: string, filters: readonly string[]): boolean {
  try {
    const said = JSON.parse(status) as { state?: unknown; filters?: unknown } | null;
    return said?.state === 'online' && JSON.stringify(said.filters) === JSON.stringify(filters);
  } catch {
    return false;
  }
}
