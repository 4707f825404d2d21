/** A document of the store as this process knows it. `refresh` reads it; a change is written only if the document is still as it was read. */
import type { DocumentStore } from '../store/store.ts';

/** Attempts to change what other processes change at the same time. */
const ATTEMPTS = 10;

export class StoredDocument<T> {
  private value: T;
  private known = 0;

  /** @param empty before the first write */
  constructor(
    private readonly store: DocumentStore,
    private readonly name: string,
    empty: T,
    private readonly changed: (value: T) => void = () => {},
  ) {
    this.value = empty;
  }

  get current(): T {
    return this.value;
  }

  /** Of `current`; 0 before the first write. */
  get revision(): number {
    return this.known;
  }

  /** @throws StoreUnavailable */
  async refresh(): Promise<void> {
    const stored = await this.store.get(this.name);
    if (stored && stored.revision !== this.known)
      this.accept(stored.revision, JSON.parse(stored.content) as T);
  }

  /** @returns whether it was written: not if another process has changed the document since `expected` */
  async replace(value: T, expected: number): Promise<boolean> {
    const revision = expected + 1;
    const written = await this.store.put(this.name, { revision, content: JSON.stringify(value) }, expected);
    if (written) this.accept(revision, value);
    else await this.refresh();
    return written;
  }

  /** Changes what is stored now. @param change null: nothing is to be changed @returns what is stored after that */
  async update(change: (value: T) => T | null): Promise<T> {
    for (let i = 0; i < ATTEMPTS; i++) {
      await this.refresh();
      const next = change(this.value);
      if (next === null || (await this.replace(next, this.known))) return this.value;
    }
    throw new Error(`the document ${this.name} is changed too often by others`);
  }

  private accept(revision: number, value: T): void {
    this.known = revision;
    this.value = value;
    this.changed(value);
  }
}
