/**
 * The one write path: admission -> queue -> batch -> guard -> plan and score -> commit -> acknowledge. Nothing is acknowledged
 * before it is stored. This file only puts the parts together; each part is a file of its own beside it.
 */
import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Alert } from '../domain/alert.ts';
import type { DeadLetter } from '../domain/dead-letter.ts';
import type { Decoded } from '../domain/decoded.ts';
import type { SeriesId } from '../domain/series.ts';
import { EntryCache } from '../planning/entry-cache.ts';
import type { Planned, PlanSources } from '../planning/plan.ts';
import { StateUpgrades } from '../planning/state-upgrades.ts';
import { ReplicaGroup, type ReplicaSettings } from '../replicas/replica-group.ts';
import type { Accounting } from './accounting.ts';
import { Admission } from './admission.ts';
import { BatchLoop } from './batch-loop.ts';
import { BatchProcessing } from './batch-processing.ts';
import { ClockWait } from './clock-wait.ts';
import { Conclusion } from './conclusion.ts';
import { DeadLetters } from './dead-letters.ts';
import { Endings } from './endings.ts';
import { outcomeAtPeer } from './forwarded.ts';
import type { GuardLimits, Times } from './guard.ts';
import type { Message } from './message.ts';
import { Outage } from './outage.ts';
import { ParkedReadings, type Wait } from './parked-readings.ts';
import { PartialOutage } from './partial-outage.ts';
import { ReadingQueue } from './reading-queue.ts';
import { RefusedSeries } from './refused-series.ts';
import { SeriesCommits } from './series-commits.ts';
import { SeriesLimit } from './series-limit.ts';
import { SeriesPerBatch } from './series-per-batch.ts';
import { Shutdown } from './shutdown.ts';
import type { Submit } from './submit.ts';
import type { PendingReading } from './ticket.ts';
import { Unanswered } from './unanswered.ts';

export interface PipelineOptions extends PlanSources {
  readonly accounting: Accounting;
  readonly logger: Logger;
  readonly guard: GuardLimits;
  readonly batchMax: number;
  /** Series per batch at most. */
  readonly batchSeries: number;
  /** ms */
  readonly lingerMs: number;
  /** See `Gathering`, ms. */
  readonly gatherMs: number;
  /** How long a request waits for its commit, ms. */
  readonly deadlineMs: number;
  /** Memory that the readings of all waiting requests may take together, bytes. */
  readonly maxRequestBytes: number;
  /** How long a reading without a time waits for the clock, ms. */
  readonly arrivalWaitMs: number;
  /** How many such readings wait at a time. */
  readonly maxWaiting: number;
  /** How many readings of one series wait while it cannot be written, and how many of all such series. */
  readonly maxSeriesWaiting: number;
  readonly maxUnwritable: number;
  /** Series that there may be, and that one user may begin. */
  readonly maxSeries: number;
  readonly maxUserSeries: number;
  /** Series whose state is remembered. */
  readonly cacheSize: number;
  /** Readings from which the detector of a series of an earlier release is rebuilt, at most. */
  readonly rebuildReadings: number;
  /** Whether release 0.1 has to be able to read what is written. */
  readonly readableByFormer: () => boolean;
  /** How this replica and its peers forward readings to each other; null: this one commits what it gets. */
  readonly replicas: ReplicaSettings | null;
  /** The clock of readings, ms UTC: their arrival times are of it. */
  readonly now: () => number;
  /** Between which times it is where clocks differ. */
  readonly between: () => Times;
}

interface PipelineEvents {
  /** After each applied commit of one series. */
  committed: [series: SeriesId, planned: Planned, alerts: readonly Alert[]];
}

export class Pipeline extends EventEmitter<PipelineEvents> {
  private readonly shutdown = new Shutdown();
  private readonly queue = new ReadingQueue();
  readonly upgrades: StateUpgrades;
  /** Why no reading can be stored at present; null while readings can be stored, or none was tried. */
  readonly storeProblem: () => string | null;
  private readonly parked: ParkedReadings;
  private readonly replicas: ReplicaGroup<PendingReading> | null;
  private readonly admission: Admission;
  private readonly loop: BatchLoop;
  private running: Promise<void> | null = null;

  constructor(private readonly options: PipelineOptions) {
    super();
    const { shutdown, queue } = this;
    const { accounting, logger, batchMax, lingerMs, gatherMs } = options;
    const enqueue = (pendings: readonly PendingReading[]) => this.enqueue(pendings);
    const endings = new Endings(accounting);
    const outage = new Outage(queue, endings, logger, shutdown);
    const parked = new ParkedReadings(enqueue, shutdown);
    const replicas = this.replicaGroup(endings, outage);
    const cache = new EntryCache(
      options.store.series,
      options.cacheSize,
      options.readableByFormer,
      (what, key) => accounting.setBack.note(what, key, logger),
    );
    const upgrades = new StateUpgrades({ sources: options, cache, most: options.rebuildReadings, logger });
    this.upgrades = upgrades;
    const refused = new RefusedSeries();
    const unanswered = new Unanswered();
    const partial = new PartialOutage(logger);
    const clockWait = new ClockWait({
      ...{ parked, enqueue, logger },
      patienceMs: options.arrivalWaitMs,
      max: options.maxWaiting,
    });
    const conclusion = new Conclusion({
      ...options,
      ...{ cache, endings, parked, clockWait, refused, partial, unanswered, replicas, enqueue },
      committed: (series, planned, alerts) => this.emit('committed', series, planned, alerts),
    });
    const seriesPerBatch = new SeriesPerBatch(options.batchSeries);
    const commits = new SeriesCommits({
      ...options,
      seriesLimit: new SeriesLimit({
        max: options.maxSeries,
        maxOfUser: options.maxUserSeries,
        count: () => options.store.series.count(),
      }),
      enqueue,
      ...{ cache, upgrades, conclusion, endings, outage, seriesPerBatch, unanswered, shutdown },
      sources: options,
      handedToStore: () => this.loop.wakeIfReady(),
    });
    const deadLetters = new DeadLetters({ ...options, endings, outage, parked, shutdown });
    const processing = new BatchProcessing({
      ...options,
      ...{ commits, deadLetters, outage, parked, shutdown },
    });
    this.parked = parked;
    this.storeProblem = () => outage.error?.message ?? refused.problem();
    this.replicas = replicas;
    this.admission = new Admission({ ...options, endings, outage, replicas, enqueue, shutdown });
    this.loop = new BatchLoop({
      ...{ queue, batchMax, lingerMs, gatherMs, shutdown },
      seriesMax: () => seriesPerBatch.max,
      process: (batch) => processing.process(batch),
      atStore: () => commits.atStore,
      readyNow: () => this.readyNow(),
      mayReturn: () => Number.isFinite(this.unansweredSince),
    });
  }

  start(): void {
    if (this.running !== null) return;
    this.running = this.loop.run();
    this.replicas?.start();
  }

  /**
   * Finishes what is queued, at most `deadlineMs` long; what is left then stays unacknowledged.
   * Messages and submissions after this call are refused.
   */
  async close(deadlineMs: number): Promise<void> {
    const { shutdown, replicas } = this;
    shutdown.begin();
    replicas?.leave();
    this.loop.wakeIfReady();
    this.parked.close();
    const finished = new AbortController();
    // A store that hangs must not hold up the end.
    const deadline = delay(deadlineMs, undefined, { signal: finished.signal }).catch(() => {});
    await Promise.race([this.running, deadline]);
    await Promise.race([replicas?.close(), deadline]);
    finished.abort();
    shutdown.giveUp();
  }

  /**
   * Takes in a message. Its `ack` is called once everything in it is stored.
   * @param elements what was decoded from it, at least one
   * @param arrived before it was decoded, on the clock of `performance.now()`, ms
   * @returns how many readings are in it
   */
  deliver(message: Message, elements: readonly Decoded[], arrived: number): number {
    return this.admission.deliver(message, elements, arrived).length;
  }

  /** Sends a dead letter through again, see `Replay`. @param elements what is decoded from it now */
  replay(letter: DeadLetter, elements: readonly Decoded[]): Promise<string | null> {
    return this.admission.replay(letter, elements);
  }

  /** See `Submit`. */
  readonly submit: Submit = (readings, requestId) => this.admission.submit(readings, requestId);

  /**
   * All readings of a series that were taken in before this time, ms, have been stored or are dead letters. Readings that wait
   * because another series cannot be written do not count.
   */
  storedUntil(series: SeriesId): number {
    const waiting = Math.min(this.loop.waitingSince, this.parked.waitingSince(series));
    const taken = this.options.now() - (performance.now() - waiting);
    return Math.min(taken, this.unansweredSince);
  }

  /** Readings that wait apart from the others, by reason. */
  get waiting(): Readonly<Record<Wait, number>> {
    return this.parked.waiting;
  }

  /** Peers that this replica forwards readings to. */
  get peers(): number {
    return this.replicas?.peers ?? 0;
  }

  /** When the oldest reading came that no peer has answered yet, ms; infinite if there is none. */
  private get unansweredSince(): number {
    return this.replicas?.unansweredSince ?? Number.POSITIVE_INFINITY;
  }

  private enqueue(pendings: readonly PendingReading[]): void {
    this.queue.push(pendings);
    this.loop.wakeIfReady();
  }

  /** Where readings have come late, those beyond the watermark stay in the queue. */
  private readyNow(): ((pending: PendingReading) => boolean) | null {
    const ready = this.replicas?.readyAt(performance.now());
    if (!ready) return null;
    return ({ reading, ticket }) => reading!.ts === undefined || ready(reading!.ts, ticket.arrived);
  }

  private replicaGroup(endings: Endings, outage: Outage): ReplicaGroup<PendingReading> | null {
    const { replicas, accounting, logger, now } = this.options;
    return (
      replicas &&
      new ReplicaGroup<PendingReading>({
        ...replicas,
        canCommit: () => !this.shutdown.begun && !outage.error,
        commit: (readings, answer) => this.admission.acceptForwarded(readings, answer),
        answered: (pending, result) => {
          accounting.forwarded('answered', 1);
          endings.resolve(pending, outcomeAtPeer(pending, result));
          this.loop.wakeIfReady();
        },
        returned: (pendings) => {
          accounting.forwarded('returned', pendings.length);
          this.enqueue(pendings);
        },
        logger,
        now,
      })
    );
  }
}
