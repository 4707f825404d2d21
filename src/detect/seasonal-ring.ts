/**
 * What a series was like on each of the last days: a ring of time slots, one value per slot, kept beside the state of the
 * series because it is too large to be written with every reading. An entry changes only when a slot closes.
 *
 * The ring holds no position of its own: the state counts the slots that were ever closed, and entry `count mod
 * RING_ENTRIES` is the next one. So a state that is some hundred readings older reads from the same ring exactly what it
 * read at the time, if it trusts `RING_DEPTH` entries only: a fold that starts again from a snapshot needs no older
 * ring, and writes the entries after it once more. Slots without a reading take no entry.
 */

/** Entries, and bytes of one: the slot's number modulo 2^24 in three, then its value in single precision. */
export const RING_ENTRIES = 2340;
export const ENTRY_BYTES = 7;
export const RING_BYTES = RING_ENTRIES * ENTRY_BYTES;
/** Slots are numbered modulo 2^24: 159 years of five minutes. */
const SLOT_MASK = 2 ** 24 - 1;
/**
 * How many of the newest entries a state may read: seven days of five minutes. The others are room for the slots closed
 * since the oldest snapshot (at most one per reading; the oldest of five, 64 readings apart, is up to 320 readings old).
 */
export const RING_DEPTH = 2020;

export class SeasonalRing {
  private constructor(
    private data: DataView<ArrayBuffer>,
    /** Bytes of the buffer that hold entries; the others are room to grow. */
    private used: number,
    private owned: boolean,
  ) {}

  /** A ring of which nothing was written. */
  static empty(): SeasonalRing {
    return new SeasonalRing(new DataView(new ArrayBuffer(0)), 0, false);
  }

  /**
   * The ring that `bytes` were stored from; they are copied.
   * @throws RangeError unless they are whole entries, at most `RING_BYTES`
   */
  static from(bytes: Uint8Array): SeasonalRing {
    if (bytes.length > RING_BYTES || bytes.length % ENTRY_BYTES !== 0) {
      throw new RangeError(`a seasonal ring has up to ${RING_BYTES} bytes in entries of ${ENTRY_BYTES}`);
    }
    return new SeasonalRing(new DataView(new Uint8Array(bytes).buffer), bytes.length, true);
  }

  /** A ring of the same content; its writes do not show here. Copies nothing before the first of them. */
  fork(): SeasonalRing {
    this.owned = false;
    return new SeasonalRing(this.data, this.used, false);
  }

  /** The whole content, to be stored. A view: not to be written to. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.data.buffer, 0, this.used);
  }

  /**
   * Writes one entry. Its bytes in `bytes` are those from `ENTRY_BYTES x (count mod RING_ENTRIES)`.
   * @param count slots closed before this one
   * @param slot number of the slot, an integer of either sign
   */
  write(count: number, slot: number, value: number): void {
    const at = (count % RING_ENTRIES) * ENTRY_BYTES;
    const needed = Math.max(this.used, at + ENTRY_BYTES);
    if (!this.owned || needed > this.data.byteLength) {
      // A young series takes little more room than its entries; one that only grows is copied seldom.
      const room = this.owned ? Math.min(RING_BYTES, 2 * needed) : needed;
      let bytes = this.bytes;
      if (room === this.used) bytes = bytes.slice();
      else {
        bytes = new Uint8Array(room);
        bytes.set(this.bytes);
      }
      this.data = new DataView(bytes.buffer);
      this.owned = true;
    }
    this.used = needed;
    const number = slot & SLOT_MASK;
    this.data.setUint16(at, number & 0xffff, true);
    this.data.setUint8(at + 2, number >>> 16);
    this.data.setFloat32(at + 3, value, true);
  }

  /**
   * The distance from `value` to the nearest of the slots `slot - most` to `slot - least` that have an entry; Infinity if
   * none has.
   * @param count slots closed so far
   */
  distance(count: number, slot: number, least: number, most: number, value: number): number {
    const now = slot & SLOT_MASK;
    // A count is a double in the state; as an integer its remainders are cheap.
    count |= 0;
    let nearest = Number.POSITIVE_INFINITY;
    for (let at = this.first(count, now, most); at < count && this.age(at, now) >= least; at++) {
      const distance = Math.abs(value - this.value(at));
      if (distance < nearest) nearest = distance;
    }
    return nearest;
  }

  /**
   * The largest step in one direction between two neighbouring entries among the slots `slot - most` to `slot - least`; 0 if there is none.
   * @param count slots closed so far
   * @param direction positive: upward steps, negative: downward ones
   */
  largestStep(count: number, slot: number, least: number, most: number, direction: number): number {
    const now = slot & SLOT_MASK;
    count |= 0;
    let largest = 0;
    let before = Number.NaN;
    for (let at = this.first(count, now, most); at < count && this.age(at, now) >= least; at++) {
      const known = this.value(at);
      const step = direction > 0 ? known - before : before - known;
      if (step > largest) largest = step;
      before = known;
    }
    return largest;
  }

  /** The oldest entry that is at most `most` slots old. */
  private first(count: number, now: number, most: number): number {
    // Entries are in the order of time, at most one per slot: ages fall, and the first young enough is not before this.
    let low = Math.max(0, count - RING_DEPTH, count - most);
    let high = low < count && this.age(low, now) <= most ? low : count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.age(middle, now) > most) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private value(entry: number): number {
    return this.data.getFloat32((entry % RING_ENTRIES) * ENTRY_BYTES + 3, true);
  }

  /** How many slots before `now` the entry's is. */
  private age(entry: number, now: number): number {
    const at = (entry % RING_ENTRIES) * ENTRY_BYTES;
    return (now - this.data.getUint32(at, true)) & SLOT_MASK;
  }
}
