/**
 * Work that waits its turn: addresses in turn, and the names of one address in turn, so that however much comes from one
 * of them the others do not wait for it.
 */
export interface Job {
  readonly address: string;
  /** Whose work it is at this address. */
  readonly name: string;
  /** Returns nothing if it is done at once, and takes up no place among what runs then. */
  run(): Promise<void> | null;
}

export interface FairQueueLimits {
  /** Jobs at the same time. */
  readonly concurrency: number;
  readonly maxPerAddress: number;
  readonly maxPerName: number;
}

interface Address {
  readonly names: Map<string, Job[]>;
  waiting: number;
}

export class FairQueue {
  private readonly addresses = new Map<string, Address>();
  private running = 0;

  constructor(private readonly limits: FairQueueLimits) {}

  /** Jobs that wait. */
  get waiting(): number {
    let count = 0;
    for (const { waiting } of this.addresses.values()) count += waiting;
    return count;
  }

  /** @returns false if too many wait already */
  add(job: Job): boolean {
    const address = this.addresses.get(job.address) ?? { names: new Map<string, Job[]>(), waiting: 0 };
    const jobs = address.names.get(job.name) ?? [];
    if (address.waiting >= this.limits.maxPerAddress || jobs.length >= this.limits.maxPerName) return false;
    jobs.push(job);
    address.names.set(job.name, jobs);
    address.waiting++;
    this.addresses.set(job.address, address);
    this.start();
    return true;
  }

  private start(): void {
    while (this.running < this.limits.concurrency) {
      const work = this.next()?.run();
      if (work === undefined) return;
      if (work === null) continue;
      this.running++;
      void work.finally(() => {
        this.running--;
        this.start();
      });
    }
  }

  private next(): Job | undefined {
    const [first] = this.addresses;
    if (!first) return undefined;
    const [key, address] = first;
    const [[name, jobs]] = address.names as unknown as [[string, Job[]]];
    const job = jobs.shift()!;
    address.waiting--;
    address.names.delete(name);
    if (jobs.length > 0) address.names.set(name, jobs);
    this.addresses.delete(key);
    if (address.waiting > 0) this.addresses.set(key, address);
    return job;
  }
}
