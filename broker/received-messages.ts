/**
 * Messages of QoS 2 that one session has published and not released: one that comes again before its PUBREL is stored and
 * passed on once [MQTT-4.3.3-2].
 */
export class ReceivedMessages {
  private readonly ids = new Set<number>();
  /** Packet identifier -> who waits to hear whether its message was stored. */
  private readonly storing = new Map<number, ((stored: boolean) => void)[]>();

  /** Received, or on their way into the store. */
  get size(): number {
    return this.ids.size + this.storing.size;
  }

  has(id: number): boolean {
    return this.ids.has(id);
  }

  add(id: number): void {
    this.ids.add(id);
  }

  /** Released. */
  delete(id: number): void {
    this.ids.delete(id);
  }

  /**
   * Stores the message with this identifier, unless it has come before. One that comes while the first is being stored
   * waits for it.
   * @param done called in any case; without an error the message is stored
   */
  once(
    id: number,
    store: (done: (error?: Error | null) => void) => void,
    done: (error?: Error | null) => void,
  ): void {
    if (this.ids.has(id)) {
      done(null);
      return;
    }
    const first = this.storing.get(id);
    if (first) {
      // A turn later Aedes has noted that the first was received.
      first.push((stored) => (stored ? setImmediate(done, null) : this.once(id, store, done)));
      return;
    }
    const others: ((stored: boolean) => void)[] = [];
    this.storing.set(id, others);
    store((error) => {
      this.storing.delete(id);
      done(error);
      for (const tell of others) tell(!error);
    });
  }
}
