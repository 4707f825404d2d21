/**
 * The watermark: how far the replicas that share a subscription have come, by the time of the readings that each of them
 * receives. A replica that is ahead of the others would make the others' readings late, and a late reading costs a fold over
 * many readings. So readings beyond the watermark wait in the queue for the readings of the other replicas. Waiting also slows
 * the replica that is ahead: it sends fewer acknowledgements, and the broker gives it fewer messages.
 *
 * Stream processors use the least watermark of several sources in the same way, e.g. Akidau et al. 2015, The Dataflow Model.
 */

/** Readings over which the time of a source is averaged, because the clocks of sensors differ. */
const SMOOTHING = 64;
/** Nobody waits for a source that has received nothing for so long, ms. */
const IDLE_MS = 200;
/** No reading waits for other replicas longer than this, ms. */
const HOLD_MS = 2000;

interface Source {
  /** Average time of its last readings, ms UTC. */
  time: number;
  /** When it last received a reading, on the clock of `performance.now()`, ms. */
  active: number;
}

export class Watermark {
  private readonly sources = new Map<string, Source>();

  /** A source has received a reading of time `ts`. @param now on the clock of `performance.now()`, ms */
  note(name: string, ts: number, now: number): void {
    const source = this.sources.get(name);
    if (!source || now - source.active > IDLE_MS) this.sources.set(name, { time: ts, active: now });
    else {
      source.time += (ts - source.time) / SMOOTHING;
      source.active = now;
    }
  }

  /** Says which readings need not wait at this moment. @param now on the clock of `performance.now()`, ms */
  ready(now: number): (ts: number, arrived: number) => boolean {
    let mark = Number.POSITIVE_INFINITY;
    for (const [name, { time, active }] of this.sources) {
      if (now - active > IDLE_MS) this.sources.delete(name);
      else mark = Math.min(mark, time);
    }
    return (ts, arrived) => ts <= mark || now - arrived > HOLD_MS;
  }
}
