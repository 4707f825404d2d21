/**
 * How far the replicas that share a subscription have come, by the time of the readings that each brings. A replica that
 * is ahead of the others would make theirs late, and a late reading costs a fold of many; so in a queue the readings beyond
 * the mark wait for the others', which also holds back the replica that is ahead: it gets fewer acknowledgements.
 *
 * (Stream processors do the same with the least watermark of several sources, e.g. Akidau et al. 2015, The Dataflow Model.)
 */

/** Readings over which a source's time is averaged, since sensors' clocks differ. */
const SMOOTHING = 64;
/** Who has brought nothing for so long is not waited for, ms. */
const IDLE_MS = 200;
/** Nothing waits longer for others than this, ms. */
const HOLD_MS = 2000;

interface Source {
  /** Average time of its last readings, ms UTC. */
  time: number;
  /** When it last brought one, by the monotonic clock, ms. */
  heard: number;
}

export class Watermark {
  private readonly sources = new Map<string, Source>();

  /** @param now by the monotonic clock, ms */
  note(name: string, ts: number, now: number): void {
    const source = this.sources.get(name);
    if (!source || now - source.heard > IDLE_MS) this.sources.set(name, { time: ts, heard: now });
    else {
      source.time += (ts - source.time) / SMOOTHING;
      source.heard = now;
    }
  }

  /** Tells which readings need not wait, at this moment. @param now by the monotonic clock, ms */
  ready(now: number): (ts: number, arrived: number) => boolean {
    let mark = Number.POSITIVE_INFINITY;
    for (const [name, { time, heard }] of this.sources) {
      if (now - heard > IDLE_MS) this.sources.delete(name);
      else mark = Math.min(mark, time);
    }
    return (ts, arrived) => ts <= mark || now - arrived > HOLD_MS;
  }
}
