/**
 * The one write path: batch -> guard -> score -> commit -> acknowledge. A batch forms while the previous commit is in
 * flight, so an idle system answers at once and a busy one commits many readings together. Where a full batch waits
 * already, it is scored while the store works on the one before it.
 *
 * While the store is away, messages wait and are retried with back-off for ever; requests are answered with
 * StoreUnavailable. Nothing is acknowledged before it is stored.
 */
import { EventEmitter } from 'node:events';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Decoded, Decoder } from '../codecs/decode.ts';
import { ForecastBatch } from '../detect/forecast-batch.ts';
import type { Alert } from '../domain/alert.ts';
import type { IncomingReading, Reading } from '../domain/reading.ts';
import { type SeriesId, seriesKey } from '../domain/series.ts';
import { StoreUnavailable, VigiaError } from '../errors.ts';
import type { CommitResult, PubSub, SeriesCommit, Store } from '../store/store.ts';
import type { Accounting } from './accounting.ts';
import { deadLetterIds } from './dead-letter-id.ts';
import { DeadLetterLog } from './dead-letter-log.ts';
import { EntryCache } from './entry-cache.ts';
import { clockProblem, type GuardLimits } from './guard.ts';
import { type Answer, HandOver } from './hand-over.ts';
import type { ModelRegistry } from './model-registry.ts';
import type { Outcome } from './outcome.ts';
import { type Planned, planSeries, SeriesPlan } from './plan.ts';
import { type Batch, type Group, ReadingQueue } from './reading-queue.ts';
import { lettersOf, type Refused } from './refused.ts';
import type { Replay } from './replay.ts';
import type { RuleBook } from './rule-book.ts';
import { type Delivery, MessageTicket, origins, type Pending, type Ticket } from './ticket.ts';
import { Watermark } from './watermark.ts';

export interface PipelineOptions {
  readonly store: Store;
  readonly models: ModelRegistry;
  readonly rules: RuleBook;
  readonly accounting: Accounting;
  readonly logger: Logger;
  readonly decoder: Decoder;
  readonly guard: GuardLimits;
  readonly batchMax: number;
  /** Series per batch at most. */
  readonly batchSeries: number;
  /** ms */
  readonly lingerMs: number;
  /** How long a request waits for its commit, ms. */
  readonly deadlineMs: number;
  /** Series whose state is remembered. */
  readonly cacheSize: number;
  /** How replicas of one group hand each other readings, of each at most `max`; null: this one commits what it gets. */
  readonly handOver: { readonly pubSub: PubSub; readonly group: string; readonly max: number } | null;
  readonly now: () => number;
}

/** Pauses between tries while the store is away or a series cannot be written, ms. */
const BACK_OFF = [50, 100, 200, 400, 800, 1600, 3000] as const;

/** How long scoring holds the event loop at a time, give or take one series, ms. */
const SLICE_MS = 1;
/** Batches under way at the same time: one is scored while the store has the other. */
const BATCHES = 2;

/** Share of a batch's series that other replicas may have committed first before batches get smaller. */
const CONFLICTS_TOLERATED = 0.1;
/** Share of late readings beyond which readings wait for those of other replicas, and over how many it is averaged. */
const LATE_TOLERATED = 0.005;
const LATE_OVER = 5000;
/** Until the watermark is looked at again when nothing is ready, ms. */
const WATERMARK_MS = 5;
/** Series per batch when they are smallest, and by how many they grow again. */
const SERIES_MIN = 8;

interface Parked {
  readonly timer: NodeJS.Timeout;
  readonly pendings: Pending[];
}

interface PipelineEvents {
  /** After each applied commit of one series. */
  committed: [series: SeriesId, planned: Planned, alerts: readonly Alert[]];
}

export class Pipeline extends EventEmitter<PipelineEvents> {
  private readonly queue = new ReadingQueue();
  private wake: (() => void) | null = null;
  private running: Promise<void> | null = null;
  private stopping = false;
  private readonly abort = new AbortController();
  /** Readings that wait for another try, by series; '' what becomes a dead letter. */
  private readonly parked = new Map<string, Parked>();
  private readonly cache: EntryCache;
  /** Batches taken from the queue and not ended yet, with its `waitingSince` before. */
  private readonly underway = new Map<Promise<void>, number>();
  /** Series with a batch under way. */
  private readonly busy = new Set<string>();
  /** Batches that the store has at the moment. */
  private atStore = 0;
  /** Why the store is away, while a batch is being retried; null otherwise. */
  private outage: StoreUnavailable | null = null;
  /** Time spent on decoding since the last batch, ms. */
  private decoding = 0;
  private readonly deadLetterLog;
  private readonly handOver: HandOver | null;
  private readonly watermark = new Watermark();
  /** Readings of other replicas that are not answered yet. */
  private assisting = 0;
  /** Of the last readings committed, how many were late. */
  private lateShare = 0;
  /** Series per batch at present. */
  private seriesMax: number;

  constructor(private readonly options: PipelineOptions) {
    super();
    this.deadLetterLog = new DeadLetterLog(options.logger);
    this.cache = new EntryCache(options.store.series, options.cacheSize);
    this.seriesMax = options.batchSeries;
    const { handOver, logger, now } = options;
    this.handOver =
      handOver &&
      new HandOver({
        ...handOver,
        assist: (from, readings, answer) => this.assist(from, readings, answer),
        answered: (pending, result) => {
          options.accounting.handedOver('answered', 1);
          this.resolve(pending, endedElsewhere(pending, result));
          this.look();
        },
        returned: (pendings) => {
          options.accounting.handedOver('returned', pendings.length);
          this.queued(pendings);
        },
        logger,
        now,
      });
  }

  start(): void {
    if (this.running !== null) return;
    this.running = this.run();
    this.handOver?.start();
  }

  /**
   * Finishes what is queued, at most `deadlineMs` long; what is left then stays unacknowledged.
   * Deliveries and submissions after this call are refused.
   */
  async close(deadlineMs: number): Promise<void> {
    this.stopping = true;
    this.handOver?.leave();
    this.look();
    for (const { timer } of this.parked.values()) clearTimeout(timer);
    const finished = new AbortController();
    // A store that hangs must not hold up the end.
    const deadline = delay(deadlineMs, undefined, { signal: finished.signal }).catch(() => {});
    await Promise.race([this.running, deadline]);
    await Promise.race([this.handOver?.close(), deadline]);
    finished.abort();
    this.abort.abort();
  }

  /**
   * All readings of a series that were taken in before this time, ms, have been stored or are dead letters. What waits because
   * another series cannot be written says nothing of this one.
   */
  storedUntil(series: SeriesId): number {
    const parked = this.parked.get(seriesKey(series))?.pendings ?? [];
    const waiting = Math.min(this.queue.waitingSince, ...this.underway.values(), arrival(parked));
    const taken = this.options.now() - (performance.now() - waiting);
    return Math.min(taken, this.handedOverSince);
  }

  /** Since when the oldest reading that another replica has not answered yet waits, ms; infinite without any. */
  private get handedOverSince(): number {
    return this.handOver?.waitingSince ?? Number.POSITIVE_INFINITY;
  }

  /** Other replicas that this one hands readings to. */
  get neighbours(): number {
    return this.handOver?.replicas ?? 0;
  }

  /**
   * Takes in a message; `delivery.ack` is called once everything in it is stored.
   * @returns how many readings are in it
   */
  deliver(delivery: Delivery): number {
    return this.take(delivery).length;
  }

  /** See `Replay`. */
  readonly replay: Replay = ({ id, topic, bytes }) =>
    new Promise((resolve, reject) => {
      this.requireStore();
      const { deadlineMs } = this.options;
      const late = () =>
        reject(new StoreUnavailable(`not committed within HTTP_DEADLINE (${deadlineMs} ms)`));
      const timer = setTimeout(late, deadlineMs);
      const ack = () => {
        clearTimeout(timer);
        const refused = pendings.find(({ outcome }) => outcome!.status === 'rejected')?.outcome;
        resolve(refused?.status === 'rejected' ? refused.detail : null);
      };
      const pendings = this.take({ topic, bytes, ack }, id);
    });

  /**
   * @param letter takes in only what is behind this dead letter of the message
   * @returns what is on its way
   */
  private take(delivery: Delivery, letter?: string): readonly Pending[] {
    const { decoder } = this.options;
    const arrived = performance.now();
    const decoded = decoder.decode(delivery.topic, delivery.bytes);
    this.decoding += performance.now() - arrived;
    const ticket = new MessageTicket(delivery, decoded.length, arrived);
    let pendings = decoded.map((element, index) => pendingOf(ticket, index, element));
    if (letter !== undefined) pendings = behind(letter, delivery, pendings);
    if (delivery.retained) pendings = this.dated(pendings);
    if (pendings.length === 0) delivery.ack();
    else this.enqueue(ticket, pendings);
    return pendings;
  }

  /** What the broker had kept is as old as nobody knows: what says nothing of its time is ignored. */
  private dated(pendings: Pending[]): Pending[] {
    const dated = pendings.filter(({ reading }) => !reading || reading.ts !== undefined);
    this.options.accounting.retainedIgnored(pendings.length - dated.length);
    return dated;
  }

  /** See `Submit`. */
  readonly submit = (readings: readonly IncomingReading[], requestId?: string): Promise<Outcome[]> => {
    if (readings.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.requireStore();
      const ticket: Ticket = {
        arrived: performance.now(),
        delivery: null,
        counted: true,
        requestId,
        elements: readings.length,
        remaining: 0,
        done: () => {
          clearTimeout(timer);
          resolve(pendings.map(({ outcome }) => outcome!));
        },
        fail: (error) => {
          clearTimeout(timer);
          reject(error);
        },
        failed: false,
      };
      const { deadlineMs } = this.options;
      const timer = setTimeout(
        () =>
          this.failTicket(
            ticket,
            new StoreUnavailable(`not committed within HTTP_DEADLINE (${deadlineMs} ms)`),
          ),
        deadlineMs,
      );
      // Adding 0 turns -0 into 0.
      const pendings = readings.map((reading, index) =>
        pendingOf(ticket, index, { reading: { ...reading, value: reading.value + 0 } }),
      );
      this.enqueue(ticket, pendings);
    });
  };

  /** Requests fail at once when they cannot succeed. */
  private requireStore(): void {
    if (this.stopping) throw new StoreUnavailable('shutting down');
    if (this.outage) throw this.outage;
  }

  private enqueue(ticket: Ticket, pendings: readonly Pending[]): void {
    ticket.remaining = pendings.length;
    this.options.accounting.taken(ticket, pendings.length);
    if (!ticket.delivery) this.queued(pendings);
    else if (pendings.length > 1) this.queued(pendings.filter((pending) => !this.handedOver(pending)));
    else if (!this.handedOver(pendings[0]!)) this.queued(pendings);
  }

  private queued(pendings: readonly Pending[]): void {
    this.queue.push(pendings);
    this.look();
  }

  private handedOver(pending: Pending): boolean {
    const { handOver } = this;
    const ts = pending.reading?.ts;
    if (!handOver?.replicas || ts === undefined || this.stopping || this.outage) return false;
    const { guard, now } = this.options;
    if (clockProblem(ts, now(), guard) !== null) return false;
    this.watermark.note('', ts, pending.ticket.arrived);
    return handOver.offer(pending);
  }

  /** Commits readings of one series that another replica has received, counts and acknowledges. */
  private assist(from: string, readings: readonly IncomingReading[], answer: (answer: Answer) => void): void {
    // As many readings as the others together may have messages in flight: each declined one disturbs the next commit here.
    const max = (this.options.handOver?.max ?? 0) * Math.max(1, this.neighbours);
    if (this.stopping || this.outage || this.assisting + readings.length > max) {
      answer(null);
      return;
    }
    this.assisting += readings.length;
    const arrived = performance.now();
    for (const { ts } of readings) this.watermark.note(from, ts!, arrived);
    const end = (answered: Answer) => {
      this.assisting -= readings.length;
      answer(answered);
    };
    const ticket: Ticket = {
      arrived,
      delivery: null,
      counted: false,
      requestId: undefined,
      elements: readings.length,
      remaining: readings.length,
      done: () => end(resultsOf(pendings)),
      fail: () => end(null),
      failed: false,
    };
    const pendings = readings.map((reading, index) => pendingOf(ticket, index, { reading }));
    this.queued(pendings);
  }

  private async run(): Promise<void> {
    while (!this.ended) {
      if (this.abort.signal.aborted) return;
      if (!this.mayBegin) {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
        this.wake = null;
        continue;
      }
      const { lingerMs, batchMax } = this.options;
      // Lets the sockets that are readable now add to this batch, and keeps a busy pipeline from starving them.
      await turn();
      if (lingerMs > 0 && this.queue.size < batchMax && !this.stopping) await delay(lingerMs);
      const { waitingSince } = this.queue;
      const batch = this.queue.take(batchMax, this.seriesMax, this.ready(), this.busy);
      if (batch.size === 0) {
        await Promise.race([delay(WATERMARK_MS), ...this.underway.keys()]);
        continue;
      }
      this.begin(batch, waitingSince);
    }
  }

  /** Whether nothing is left to do before the end. What another replica was handed may still come back. */
  private get ended(): boolean {
    const idle = this.queue.size === 0 && this.underway.size === 0;
    return idle && this.stopping && !Number.isFinite(this.handedOverSince);
  }

  /** One batch after the other, so that they grow with the load; a full one need not wait for the store. */
  private get mayBegin(): boolean {
    const { size } = this.underway;
    if (size === 0) return this.queue.size > 0;
    return size < BATCHES && this.atStore === size && this.queue.size >= this.options.batchMax;
  }

  /** Wakes `run` if there is something to do. */
  private look(): void {
    if (this.wake && (this.mayBegin || this.stopping)) this.wake();
  }

  private begin(batch: Batch, waitingSince: number): void {
    const keys = batch.groups.map(({ key }) => key);
    for (const key of keys) this.busy.add(key);
    const done = this.process(batch)
      .catch((error) => this.abandon(batch, error))
      .finally(() => {
        this.underway.delete(done);
        for (const key of keys) this.busy.delete(key);
        this.look();
      });
    this.underway.set(done, waitingSince);
  }

  private abandon({ groups }: Batch, error: unknown): void {
    // What a closing pipeline has not stored stays unacknowledged.
    if (this.abort.signal.aborted) return;
    const left = this.unfinished(groups);
    this.options.logger.error(
      { err: error, from: origins(left.flatMap(({ pendings }) => pendings)) },
      'batch failed; its readings are tried again',
    );
    for (const { key, pendings } of left) this.park(key, pendings);
  }

  /** Where readings have come late, and there is a queue anyway, what is beyond the watermark stays in it. */
  private ready(): ((pending: Pending) => boolean) | null {
    const queue = this.queue.size > this.options.batchMax;
    if (!queue || this.lateShare < LATE_TOLERATED || this.neighbours === 0 || this.stopping) return null;
    const ready = this.watermark.ready(performance.now());
    return ({ reading, ticket }) => reading!.ts === undefined || ready(reading!.ts, ticket.arrived);
  }

  private async process(batch: Batch): Promise<void> {
    const { groups, problems } = batch;
    const { guard, now } = this.options;
    this.measure(batch);
    const time = now();
    const letters = problems.map((pending) => ({ pending, problem: pending.problem! }));
    for (const { pendings } of groups) {
      for (const pending of pendings) {
        const { ts } = pending.reading!;
        const problem = ts === undefined ? null : clockProblem(ts, time, guard);
        if (problem) letters.push({ pending, problem });
      }
    }
    if (letters.length > 0) {
      const bad = new Set(letters.map(({ pending }) => pending));
      for (const group of groups) group.pendings = group.pendings.filter((pending) => !bad.has(pending));
      await this.refuse(letters, time);
    }
    await this.commit(this.unfinished(groups));
    this.outage = null;
  }

  /** Tries until every group is stored or set aside. */
  private async commit(groups: readonly Group[]): Promise<void> {
    let work = groups;
    for (let attempt = 0; work.length > 0; ) {
      try {
        work = await this.attempt(work);
        attempt = 0;
        // In the time that all take together, others would commit them again.
        if (work.length > 1) return await this.eachAlone(work);
      } catch (error) {
        if (this.abort.signal.aborted) throw error;
        for (const { key } of work) this.cache.forget(key);
        work = this.unfinished(work);
        if (error instanceof StoreUnavailable) {
          this.failRequests(
            error,
            work.flatMap(({ pendings }) => pendings),
          );
          await this.backOff(attempt++, error);
          work = this.unfinished(work);
        } else if (work.length > 1) {
          // Whichever of them it is must not hold up the others.
          return await this.eachAlone(work);
        } else {
          for (const group of work) this.setAside(group, error);
          return;
        }
      }
    }
  }

  /** Each from what is stored right before. */
  private async eachAlone(groups: readonly Group[]): Promise<void> {
    for (const group of groups) {
      this.cache.outdate(group.key);
      await this.commit([group]);
    }
  }

  private measure({ groups, problems, size }: Batch): void {
    const { accounting } = this.options;
    accounting.batch(size);
    accounting.stage('decode', this.decoding);
    this.decoding = 0;
    const now = performance.now();
    let first = Math.min(now, arrival(problems));
    for (const { pendings } of groups) first = Math.min(first, arrival(pendings));
    accounting.stage('queue', now - first);
  }

  /** Answers bad requests, and keeps bad messages as dead letters. */
  private async refuse(letters: readonly Refused[], time: number): Promise<void> {
    const { store, accounting, logger } = this.options;
    const messages: Refused[] = [];
    for (const letter of letters) {
      if (letter.pending.ticket.delivery) messages.push(letter);
      else this.reject(letter);
    }
    if (messages.length === 0) return;
    const kept = lettersOf(messages, time);
    for (let attempt = 0; ; attempt++) {
      try {
        const dropped = await store.deadLetters.add(kept);
        if (dropped > 0) {
          accounting.deadLettersDropped(dropped);
          logger.warn({ dropped }, 'DEAD_LETTER_MAX reached: the oldest dead letters were dropped');
        }
        break;
      } catch (error) {
        if (this.abort.signal.aborted) throw error;
        if (!(error instanceof StoreUnavailable)) {
          logger.error({ err: error }, 'dead letters cannot be kept; their messages wait');
          this.park(
            '',
            messages.map(({ pending }) => pending),
          );
          return;
        }
        await this.backOff(attempt, error);
      }
    }
    this.deadLetterLog.add(kept);
    for (const letter of messages) this.reject(letter);
  }

  private reject({ pending, problem: { field, reason, detail } }: Refused): void {
    this.resolve(pending, { status: 'rejected', field, reason, detail });
  }

  /** One try at every group. @returns the groups to try again at once, after a version conflict */
  private async attempt(work: readonly Group[]): Promise<Group[]> {
    const { store, models, rules, accounting, now } = this.options;
    const started = performance.now();
    const entries = await this.cache.entries(work);
    const batch = new ForecastBatch();
    const plans: { group: Group; plan: SeriesPlan }[] = [];
    const waiting: { group: Group; plan: Promise<SeriesPlan> }[] = [];
    for (const group of work) {
      try {
        const entry = entries.get(group.key)!;
        if (entry instanceof VigiaError) throw entry;
        const plan = planSeries(group.series, group.pendings, entry, store, models, batch, rules, now());
        if (plan instanceof SeriesPlan) plans.push({ group, plan });
        else waiting.push({ group, plan });
      } catch (error) {
        this.setAside(group, error);
      }
    }
    // Side by side, because each asks the store several times.
    const settled = await Promise.allSettled(waiting.map(({ plan }) => plan));
    for (const [i, result] of settled.entries()) {
      const { group } = waiting[i]!;
      if (result.status === 'fulfilled') plans.push({ group, plan: result.value });
      else if (result.reason instanceof StoreUnavailable) throw result.reason;
      else this.setAside(group, result.reason);
    }
    const planned = performance.now();
    await batch.compute();
    const finished: { group: Group; planned: Planned }[] = [];
    let since = performance.now();
    for (const { group, plan } of plans) {
      try {
        finished.push({ group, planned: plan.finish() });
      } catch (error) {
        this.setAside(group, error);
      }
      if (performance.now() - since < SLICE_MS) continue;
      await turn();
      since = performance.now();
    }
    const scored = performance.now();
    const results = await this.stored(finished.map(({ planned }) => planned.commit));
    this.adaptBatch(results);
    accounting.stage('plan', planned - started);
    accounting.stage('score', scored - planned);
    accounting.stage('commit', performance.now() - scored);
    return finished.flatMap(({ group, planned }, i) => this.conclude(group, planned, results[i]!));
  }

  private async stored(commits: readonly SeriesCommit[]): Promise<CommitResult[]> {
    this.atStore++;
    this.look();
    try {
      return await this.options.store.series.commit(commits);
    } finally {
      this.atStore--;
    }
  }

  /**
   * The longer a batch takes, the more of its series other replicas commit meanwhile: while that happens batches are
   * small.
   */
  private adaptBatch(results: readonly CommitResult[]): void {
    if (results.length < SERIES_MIN) return;
    const conflicts = results.filter(({ status }) => status === 'conflict').length;
    this.seriesMax =
      conflicts > results.length * CONFLICTS_TOLERATED
        ? Math.max(Math.min(SERIES_MIN, this.options.batchSeries), Math.floor(this.seriesMax / 2))
        : Math.min(this.options.batchSeries, this.seriesMax + SERIES_MIN);
  }

  private conclude(group: Group, planned: Planned, result: CommitResult): Group[] {
    const { accounting, now } = this.options;
    if (result.status === 'failed') {
      this.setAside(group, result.error);
      return [];
    }
    if (result.status === 'conflict') {
      accounting.retried(1);
      this.cache.superseded(group.key, result.current);
      return [group];
    }
    this.cache.committed(group.key, result.version === '' ? null : result.version, planned);
    accounting.committed(planned.entry.state.lastTs, now());
    accounting.lateReadings(planned.lateScored, planned.lateUnscored);
    const n = group.pendings.length;
    this.lateShare += (planned.lateScored / n - this.lateShare) * Math.min(1, n / LATE_OVER);
    if (planned.shadow) accounting.compared(planned.shadow.model, planned.shadow.gain);
    for (let i = 0; i < planned.conflicts; i++) accounting.conflict();
    for (const { state } of result.alerts) accounting.alertChanged(state);
    const busy: Pending[] = [];
    for (const [i, outcome] of planned.outcomes.entries()) {
      const pending = group.pendings[i]!;
      if (outcome.status === 'busy' && pending.ticket.delivery) busy.push(pending);
      else this.resolve(pending, outcome);
    }
    if (busy.length > 0) {
      group.pendings = group.pendings.filter((pending) => !busy.includes(pending));
      this.park(group.key, busy, 100);
    }
    this.emit('committed', group.series, planned, result.alerts);
    return [];
  }

  private resolve(pending: Pending, outcome: Outcome): void {
    const { ticket } = pending;
    if (ticket.failed) return;
    const { accounting } = this.options;
    if (ticket.counted) {
      if (outcome.status === 'committed' || outcome.status === 'duplicate') accounting.ended(outcome.status);
      else accounting.ended(ticket.delivery ? 'dead_lettered' : 'rejected');
      if (outcome.status === 'rejected' && ticket.delivery) accounting.deadLettered(outcome.reason);
    }
    pending.outcome = outcome;
    ticket.remaining--;
    if (ticket.remaining > 0) return;
    accounting.finished(ticket);
    ticket.done();
  }

  /** A series that cannot be written now: its requests fail, its messages wait apart from the others. */
  private setAside(group: Group, error: unknown): void {
    const { pendings } = group;
    // Whatever goes wrong with the rest of the batch: these are not to be tried with it again.
    group.pendings = [];
    this.cache.forget(group.key);
    this.options.logger.error(
      { series: group.key, err: error, from: origins(pendings) },
      'series cannot be written; its readings wait',
    );
    const message = error instanceof VigiaError ? error.message : `${group.key} cannot be written`;
    this.failRequests(new StoreUnavailable(message, { cause: error }), pendings);
    this.park(
      group.key,
      pendings.filter(({ ticket }) => !ticket.failed),
    );
  }

  private failRequests(error: StoreUnavailable, pendings: Iterable<Pending>): void {
    for (const { ticket } of pendings) if (!ticket.delivery) this.failTicket(ticket, error);
  }

  private failTicket(ticket: Ticket, error: StoreUnavailable): void {
    if (ticket.failed || ticket.remaining === 0) return;
    ticket.failed = true;
    const { accounting } = this.options;
    if (ticket.counted) accounting.ended('rejected', ticket.remaining);
    accounting.finished(ticket);
    ticket.fail(error);
  }

  /** What nobody has given up and what has no outcome yet. */
  private unfinished(work: readonly Group[]): Group[] {
    const waits = ({ ticket, outcome }: Pending) => !ticket.failed && !outcome;
    for (const group of work) {
      // Nearly always all of them.
      if (!group.pendings.every(waits)) group.pendings = group.pendings.filter(waits);
    }
    return work.filter(({ pendings }) => pendings.length > 0);
  }

  /** Puts readings of one series back into the queue after a pause, together with those that wait already. */
  private park(key: string, pendings: readonly Pending[], ms: number = BACK_OFF.at(-1)!): void {
    if (pendings.length === 0 || this.stopping) return;
    for (const { ticket } of pendings) ticket.delivery?.giveWay?.();
    const waiting = this.parked.get(key);
    if (waiting) {
      for (const pending of pendings) waiting.pendings.push(pending);
      return;
    }
    const timer = setTimeout(() => {
      const { pendings } = this.parked.get(key)!;
      this.parked.delete(key);
      this.queued(pendings);
    }, ms);
    this.parked.set(key, { timer, pendings: [...pendings] });
  }

  private async backOff(attempt: number, error: StoreUnavailable): Promise<void> {
    if (!this.outage)
      this.options.logger.error({ err: error }, 'the store is away; nothing is acknowledged meanwhile');
    this.outage = error;
    this.failRequests(error, this.queue);
    this.queue.dropFailed();
    await delay(BACK_OFF[Math.min(attempt, BACK_OFF.length - 1)], undefined, { signal: this.abort.signal });
  }
}

/** When the first of these came, on the clock of `performance.now()`, ms; infinite without any. */
function arrival(pendings: readonly Pending[]): number {
  let first = Number.POSITIVE_INFINITY;
  for (const { ticket } of pendings) first = Math.min(first, ticket.arrived);
  return first;
}

function pendingOf(ticket: Ticket, index: number, element: Decoded): Pending {
  const reading = 'reading' in element ? element.reading : null;
  return { ticket, index, reading, problem: 'problem' in element ? element.problem : null, outcome: null };
}

/** All of the message where it was one bad thing as a whole, or is read differently now. */
function behind(letter: string, { topic, bytes }: Delivery, pendings: Pending[]): Pending[] {
  const idOf = deadLetterIds(topic, bytes, pendings.length);
  const own = pendings.filter(({ index }) => idOf(index) === letter);
  return own.length > 0 ? own : pendings;
}

/** What this replica knows of a reading that another has committed. */
function endedElsewhere(pending: Pending, status: 'committed' | 'duplicate'): Outcome {
  // What has no time is not handed over.
  const reading = pending.reading as Reading;
  if (status === 'duplicate') return { status, reading };
  return { status, reading, verdict: null, static: null, window: [], needed: 0 };
}

/** null where one was refused: whoever received it keeps the dead letter. */
function resultsOf(pendings: readonly Pending[]): Answer {
  const results: ('committed' | 'duplicate')[] = [];
  for (const { outcome } of pendings) {
    const { status } = outcome!;
    if (status !== 'committed' && status !== 'duplicate') return null;
    results.push(status);
  }
  return results;
}
