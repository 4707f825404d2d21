/**
 * Sends readings, states and alerts as server-sent events, from every replica on the store to the clients of every replica.
 *
 * The events are written as text once for all clients of the same filter. A client that does not keep up is dropped. It reads
 * the history when it comes back, which costs less than keeping the missed events. Nothing here can delay a commit.
 */
import type { ServerResponse } from 'node:http';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Alert } from '../../domain/alert.ts';
import type { SeriesId } from '../../domain/series.ts';
import type { Peers, SeriesCommit } from '../../store/store.ts';
import { shownAlert } from '../api/alert-answer.ts';
import type { Labels } from '../api/labels.ts';
import { LiveBatch, type LiveNews, type LiveState } from './live-batch.ts';

export interface LiveLimits {
  /** Between two flushes at least, ms. */
  readonly intervalMs: number;
  /** Readings per second to one client at most; beyond it the newest of each series, in turn. */
  readonly rate: number;
  readonly clients: number;
  /** Bytes that may wait for a client before it is dropped. */
  readonly clientBuffer: number;
  /** Between two comments on a stream without events, ms. */
  readonly heartbeatMs: number;
}

/** Only this sensor, only this metric; both must hold where given. */
export interface LiveFilter {
  readonly sensor?: string | undefined;
  readonly metric?: string | undefined;
}

interface Audience extends LiveFilter {
  readonly clients: Set<ServerResponse>;
}

interface Frame {
  readonly sensor: string;
  readonly metric: string;
  readonly text: string;
}

/** Told to browsers: when to come back after a break, ms. */
const RETRY = 'retry: 2000\n\n';
const HEARTBEAT = ': still here\n\n';

export class Live {
  private readonly audiences = new Map<string, Audience>();
  private clients = 0;
  /** For the clients here. */
  private readonly news: LiveBatch;
  /** For the other replicas: only what was committed here. */
  private readonly outgoing: LiveBatch;
  private timer: NodeJS.Timeout | null = null;
  private heartbeat: NodeJS.Timeout | null = null;
  private flushed = Number.NEGATIVE_INFINITY;
  private closed = false;
  private readonly gauge;
  private readonly dropped;
  private readonly skipped;

  constructor(
    private readonly limits: LiveLimits,
    private readonly peers: Peers | null,
    registry: Registry,
    private readonly labels: Labels = { nameOf: () => null, unitOf: () => null },
    private readonly isMuted: (alert: Alert) => boolean = () => false,
  ) {
    const registers = [registry];
    const budget = Math.max(1, Math.round((limits.rate * limits.intervalMs) / 1000));
    this.news = new LiveBatch(budget);
    this.outgoing = new LiveBatch(budget);
    this.gauge = new Gauge({
      name: 'vigia_live_clients',
      help: 'Clients of the live stream on this replica.',
      registers,
    });
    this.dropped = new Counter({
      name: 'vigia_live_clients_dropped_total',
      help: 'Clients of the live stream that were dropped because they did not keep up.',
      registers,
    });
    this.skipped = new Counter({
      name: 'vigia_live_readings_skipped_total',
      help: 'Readings left out of the live stream because a newer one of their series was there (LIVE_RATE).',
      registers,
    });
    peers?.listen(null);
  }

  /** Takes in what one commit of a series has stored. */
  committed({ series, samples, verdicts, next }: SeriesCommit, alerts: readonly Alert[]): void {
    const here = this.clients > 0;
    const elsewhere = this.peers?.wanted ?? false;
    if (!here && !elsewhere) return;
    const { sensor, metric } = series;
    const state = next && { state: next.status };
    // In a commit without late readings verdict i belongs to sample i.
    const aligned = verdicts.length === samples.length;
    const verdictAt = aligned ? null : new Map(verdicts.map((verdict) => [verdict.ts, verdict]));
    for (const [i, { ts, value }] of samples.entries()) {
      const verdict = verdictAt ? verdictAt.get(ts) : verdicts[i];
      const { expected = null, score = null } = verdict ?? {};
      const reading = { sensor, metric, t: ts, v: value, expected, score, ...state };
      if (here) this.news.reading(reading);
      if (elsewhere) this.outgoing.reading(reading);
    }
    // A series that becomes stale is committed without a reading.
    if (samples.length === 0 && next) this.changed({ sensor, metric, state: next.status });
    this.alerts(alerts, here, elsewhere);
  }

  /** Tells that a person has deleted a series at this replica. */
  removed({ sensor, metric }: SeriesId): void {
    this.changed({ sensor, metric, state: 'deleted' });
    this.schedule();
  }

  private changed(state: LiveState): void {
    if (this.clients > 0) this.news.state(state);
    if (this.peers?.wanted) this.outgoing.state(state);
  }

  /** Tells that a person has acknowledged an alert at this replica. */
  acknowledged(alert: Alert): void {
    this.alerts([alert], this.clients > 0, this.peers?.wanted ?? false);
  }

  private alerts(alerts: readonly Alert[], here: boolean, elsewhere: boolean): void {
    for (const alert of alerts) {
      if (here) this.news.alert(alert);
      if (elsewhere) this.outgoing.alert(alert);
    }
    this.schedule();
  }

  /** Whether there is a place for another client. */
  get full(): boolean {
    return this.closed || this.clients >= this.limits.clients;
  }

  /** Answers with a stream of events that ends with the connection, or with `close`. */
  open(response: ServerResponse, filter: LiveFilter): void {
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      // Proxies (nginx) must not collect it.
      'X-Accel-Buffering': 'no',
    });
    response.write(RETRY);
    const key = JSON.stringify([filter.sensor, filter.metric]);
    let audience = this.audiences.get(key);
    if (!audience) {
      audience = { ...filter, clients: new Set() };
      this.audiences.set(key, audience);
    }
    const { clients } = audience;
    clients.add(response);
    this.count(1);
    response.once('close', () => {
      clients.delete(response);
      if (clients.size === 0 && this.audiences.get(key)?.clients === clients) this.audiences.delete(key);
      this.count(-1);
    });
  }

  /** Cuts off every client, because the accounts have changed. A client that is still allowed connects again. */
  dropClients(): void {
    for (const { clients } of this.audiences.values()) for (const client of clients) client.destroy();
  }

  /** Ends every stream. Idempotent. */
  close(): void {
    this.closed = true;
    if (this.timer) clearTimeout(this.timer);
    for (const { clients } of this.audiences.values()) for (const client of clients) client.end();
  }

  private count(change: 1 | -1): void {
    const before = this.clients;
    this.clients += change;
    this.gauge.set(this.clients);
    if (before === 0) {
      this.peers?.listen((message) => this.received(message));
      this.heartbeat = setInterval(() => this.write(() => HEARTBEAT), this.limits.heartbeatMs);
      this.heartbeat.unref();
    } else if (this.clients === 0) {
      this.peers?.listen(null);
      clearInterval(this.heartbeat!);
      this.news.clear();
    }
  }

  private received(message: string): void {
    // A replica of an older version sends readings and alerts only.
    let news: Partial<LiveNews>;
    try {
      news = JSON.parse(message);
    } catch {
      return;
    }
    const { deleted = [], readings = [], states = [], alerts = [] } = news;
    for (const state of deleted) this.news.state(state);
    for (const reading of readings) this.news.reading(reading);
    for (const state of states) this.news.state(state);
    for (const alert of alerts) this.news.alert(alert);
    this.schedule();
  }

  /** At once after a quiet time, else when the interval is over. */
  private schedule(): void {
    if (this.timer || this.closed || (this.news.empty && this.outgoing.empty)) return;
    const pause = Math.max(0, this.flushed + this.limits.intervalMs - performance.now());
    this.timer = setTimeout(() => {
      this.timer = null;
      this.flush();
      this.schedule();
    }, pause);
  }

  private flush(): void {
    this.flushed = performance.now();
    if (!this.outgoing.empty) this.peers?.send(JSON.stringify(this.outgoing.take()));
    if (this.news.empty) return;
    const { deleted, readings, states, alerts } = this.news.take();
    this.skipped.inc(this.news.skipped);
    this.news.skipped = 0;
    const frames: Frame[] = [
      ...deleted.map((state) => frame('state', state)),
      ...readings.map((reading) => frame('reading', reading)),
      ...states.map((state) => frame('state', state)),
    ];
    for (const alert of alerts) frames.push(frame('alert', shownAlert(alert, this.labels, this.isMuted)));
    this.write(({ sensor, metric }) => {
      let text = '';
      for (const part of frames) {
        if (sensor !== undefined && sensor !== part.sensor) continue;
        if (metric !== undefined && metric !== part.metric) continue;
        text += part.text;
      }
      return text;
    });
  }

  private write(textFor: (filter: LiveFilter) => string): void {
    for (const audience of this.audiences.values()) {
      const bytes = Buffer.from(textFor(audience));
      if (bytes.length === 0) continue;
      for (const client of audience.clients) {
        if (client.writableLength > this.limits.clientBuffer) {
          this.dropped.inc();
          client.destroy();
        } else client.write(bytes);
      }
    }
  }
}

function frame(
  event: 'reading' | 'state' | 'alert',
  data: { readonly sensor: string; readonly metric: string },
): Frame {
  const { sensor, metric } = data;
  return { sensor, metric, text: `event: ${event}\ndata: ${JSON.stringify(data)}\n\n` };
}
