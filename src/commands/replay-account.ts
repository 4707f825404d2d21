/**
 * What became of the readings of a replayed file. A broker acknowledges what it has received; whether Vigía has stored it is
 * asked of a running Vigía over HTTP: its series before and after, and its dead letters.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { readTimestampValueCsv } from '../../devices/timestamp-value-csv.ts';
import type { SeriesId } from '../domain/series.ts';
import { askServer, type RunningServer, requestServer, ServerRefused } from './running-server.ts';

export interface Account {
  /** Distinct times of the file. */
  readonly readings: number;
  /** Of those: stored by now, and stored before the replay. */
  readonly stored: number;
  readonly before: number;
  /** Messages that became dead letters, by reason. */
  readonly refused: ReadonlyMap<string, number>;
}

interface Letter {
  readonly id: string;
  readonly topic: string;
  readonly reason: string;
  readonly count: number;
}

/** Dead letters that are looked at, the newest first. */
const LETTERS = 10_000;
/** A bridge that drains a queue is waited for as long as more is stored, ms. */
const PATIENCE_MS = 5000;
const LOOK_MS = 250;

export class ReplayAccount {
  private constructor(
    private readonly server: RunningServer,
    private readonly series: SeriesId,
    private readonly topic: string,
    private readonly times: Float64Array,
    private readonly letters: ReadonlyMap<string, number>,
    private readonly before: number,
  ) {}

  /**
   * Looks at what is stored before the replay.
   * @throws InvalidInput for a bad row of the file; VigiaError `server_unavailable`, ServerRefused where Vigía does not answer
   */
  static async begin(server: RunningServer, file: string, series: SeriesId, topic: string) {
    const found: number[] = [];
    for await (const { ts } of readTimestampValueCsv(file)) found.push(ts);
    const times = Float64Array.from(new Set(found)).sort();
    const letters = new Map((await lettersOf(server, topic)).map(({ id, count }) => [id, count]));
    const before = await countStored(server, series, times);
    return new ReplayAccount(server, series, topic, times, letters, before);
  }

  /** @throws as `begin` */
  async end(signal: AbortSignal): Promise<Account> {
    let account = await this.look();
    for (let changed = performance.now(); !signal.aborted; ) {
      const { stored, refused, readings } = account;
      const ended = stored + sum(refused);
      if (ended >= readings || performance.now() - changed > PATIENCE_MS) break;
      await delay(LOOK_MS, undefined, { signal }).catch(() => {});
      account = await this.look();
      if (account.stored + sum(account.refused) > ended) changed = performance.now();
    }
    return account;
  }

  private async look(): Promise<Account> {
    const { server, series, times, before, letters } = this;
    const refused = new Map<string, number>();
    for (const { id, reason, count } of await lettersOf(server, this.topic)) {
      const more = count - (letters.get(id) ?? 0);
      if (more > 0) refused.set(reason, (refused.get(reason) ?? 0) + more);
    }
    const stored = await countStored(server, series, times);
    return { readings: times.length, stored, before, refused };
  }
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, n) => total + n, 0);
}

async function lettersOf(server: RunningServer, topic: string): Promise<Letter[]> {
  const letters = (await askServer(server, 'GET', `/api/dead-letters?limit=${LETTERS}`)) as Letter[];
  return letters.filter((letter) => letter.topic === topic);
}

/** @param times ascending, ms UTC @returns how many of them the series has a reading at */
async function countStored(
  server: RunningServer,
  { sensor, metric }: SeriesId,
  times: Float64Array,
): Promise<number> {
  if (times.length === 0) return 0;
  const range = `format=csv&from=${times[0]}&to=${times.at(-1)}`;
  const path = `/api/series/${encodeURIComponent(sensor)}/${encodeURIComponent(metric)}/export?${range}`;
  let count = 0;
  let at = 0;
  try {
    const { body } = await requestServer(server, 'GET', path);
    for await (const line of linesOf(body!)) {
      const ts = Date.parse(line.slice(0, line.indexOf(',')));
      while (times[at]! < ts) at++;
      if (times[at] === ts) count++;
    }
  } catch (error) {
    // A series that nothing is stored of yet.
    if (!(error instanceof ServerRefused && error.status === 404)) throw error;
  }
  return count;
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
