/**
 * A thread that reads for people, so that no read holds up a commit. It has a connection of its own: SQLite in WAL mode lets
 * it read while the other thread writes. It runs one statement at a time, and the clients in turn, so that no client waits
 * for all that another one has asked for. It starts with the first read.
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { packageRoot } from '../../../models/package-root.ts';
import type { SampleText, TextFormat } from '../../domain/sample-text.ts';
import { StoreUnavailable } from '../../errors.ts';
import type { Row } from './database.ts';
import { storeError } from './database.ts';
import type { Reads, Parameters as SqlParameters } from './rows.ts';

/** A thread runs compiled code. */
const SCRIPT = join(packageRoot(import.meta.dirname), 'dist', 'src', 'store', 'embedded', 'read-worker.js');

export interface ReadMessage {
  readonly sql: string;
  readonly parameters: SqlParameters;
  readonly text?: TextFormat;
}

export type ReadAnswer =
  | { readonly rows: Row[] }
  | { readonly block: Float64Array; readonly width: number }
  | { readonly page: SampleText }
  | { readonly error: { readonly message: string; readonly code?: string } };

interface Job {
  readonly message: ReadMessage;
  readonly resolve: (answer: Exclude<ReadAnswer, { readonly error: unknown }>) => void;
  readonly reject: (error: unknown) => void;
}

export class ReadThread {
  private worker: Worker | null = null;
  private running: Job | null = null;
  /** What waits, by client. The client at the front has its turn. */
  private readonly waiting = new Map<string, Job[]>();
  private closed = false;

  /** @param file of the database  @param copies the thread makes copies (`VACUUM INTO`) and reads nothing */
  constructor(
    private readonly file: string,
    private readonly copies = false,
  ) {}

  /** Reads for this client. */
  for(client: string): Reads {
    const run = (message: ReadMessage) =>
      new Promise<Parameters<Job['resolve']>[0]>((resolve, reject) => {
        const job = { message, resolve, reject };
        const jobs = this.waiting.get(client);
        if (jobs) jobs.push(job);
        else this.waiting.set(client, [job]);
        this.next();
      });
    return {
      async rows(sql, parameters = []) {
        const answer = await run({ sql, parameters });
        if ('block' in answer) return unpacked(answer.block, answer.width);
        return 'rows' in answer ? answer.rows : [];
      },
      async text(sql, parameters, text) {
        return ((await run({ sql, parameters, text })) as { page: SampleText }).page;
      },
    };
  }

  private next(): void {
    if (this.running) return;
    const [turn] = this.waiting;
    if (!turn) {
      this.worker?.unref();
      return;
    }
    const [client, jobs] = turn;
    const job = jobs.shift()!;
    this.waiting.delete(client);
    if (jobs.length > 0) this.waiting.set(client, jobs);
    if (this.closed) {
      job.reject(new StoreUnavailable('embedded store: closed'));
      this.next();
      return;
    }
    this.running = job;
    this.worker ??= this.start();
    this.worker.ref();
    this.worker.postMessage(job.message);
  }

  private start(): Worker {
    const worker = new Worker(SCRIPT, { workerData: { file: this.file, copies: this.copies } });
    worker.on('message', (answer: ReadAnswer) => this.done((job) => settle(job, answer)));
    worker.on('error', (error) => this.lost(worker, error));
    worker.on('exit', () => this.lost(worker, new Error('the thread that reads has ended')));
    return worker;
  }

  /** The next read starts another thread. */
  private lost(worker: Worker, error: Error): void {
    if (this.worker !== worker) return;
    this.worker = null;
    this.done((job) =>
      job.reject(new StoreUnavailable(`embedded store: ${error.message}`, { cause: error })),
    );
  }

  private done(end: (job: Job) => void): void {
    const job = this.running;
    this.running = null;
    if (job) end(job);
    this.next();
  }

  /** Ends the thread after the statement that runs; what waits fails. Idempotent. */
  async close(): Promise<void> {
    this.closed = true;
    const { worker } = this;
    if (!worker) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    // Nothing else may keep a command alive until then.
    worker.ref();
    worker.postMessage('close');
    await ended;
  }
}

function settle({ resolve, reject }: Job, answer: ReadAnswer): void {
  if ('error' in answer) reject(storeError(answer.error));
  else resolve(answer);
}

function unpacked(block: Float64Array, width: number): Row[] {
  const rows: Row[] = [];
  for (let at = 0; at < block.length; at += width) {
    const row: Row = [];
    for (let i = at; i < at + width; i++) row.push(Number.isNaN(block[i]) ? null : block[i]);
    rows.push(row);
  }
  return rows;
}
