/**
 * The bound on what packets that were begun and never finished take, over all connections. Beyond it the connection that
 * holds most is closed.
 */
export interface Unfinished {
  readonly unfinishedBytes: number;
  refuse(reason: 'unfinished', details: object): void;
}

export class UnfinishedPackets {
  private readonly held = new Map<Unfinished, number>();
  private total = 0;

  constructor(private readonly maxBytes: number) {}

  /** Bytes in all. */
  get bytes(): number {
    return this.total;
  }

  /** A connection has read something. */
  note(stream: Unfinished): void {
    const bytes = stream.unfinishedBytes;
    const before = this.held.get(stream) ?? 0;
    if (bytes === before) return;
    this.total += bytes - before;
    if (bytes === 0) this.held.delete(stream);
    else this.held.set(stream, bytes);
    while (this.total > this.maxBytes) this.closeLargest();
  }

  /** A connection has ended. */
  forget(stream: Unfinished): void {
    this.total -= this.held.get(stream) ?? 0;
    this.held.delete(stream);
  }

  private closeLargest(): void {
    let largest: Unfinished | null = null;
    for (const [stream, bytes] of this.held) if (bytes > (this.held.get(largest!) ?? 0)) largest = stream;
    if (!largest) return;
    const unfinishedBytes = this.held.get(largest);
    this.forget(largest);
    largest.refuse('unfinished', { unfinishedBytes });
  }
}
