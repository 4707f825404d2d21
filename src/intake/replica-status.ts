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

  /** The subscriptions that this replica's status of before names and that it no longer has. @param statuses payloads by topic */
  formerFilters(statuses: ReadonlyMap<string, string>): string[] {
    const former = parse(statuses.get(this.topic) ?? '')?.filters;
    if (!Array.isArray(former)) return [];
    return former.filter(
      (filter): filter is string => typeof filter === 'string' && !this.filters.includes(filter),
    );
  }
}

export function isStatus(topic: string): boolean {
  return topic.startsWith(PREFIX);
}

function isOnlineWith(text: string, filters: readonly string[]): boolean {
  const status = parse(text);
  return status?.state === 'online' && JSON.stringify(status.filters) === JSON.stringify(filters);
}

/** @param text of a replica, or whatever anybody has put in its place */
function parse(text: string): { state?: unknown; filters?: unknown } | null {
  try {
    const status: unknown = JSON.parse(text);
    return typeof status === 'object' ? status : null;
  } catch {
    return null;
  }
}
