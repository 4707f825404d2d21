/** What all parts of a pipeline have to know about its end. */
export class Shutdown {
  private readonly abort = new AbortController();
  private ending = false;

  /** Whether the pipeline finishes what it has and takes nothing more. */
  get begun(): boolean {
    return this.ending;
  }

  /** Aborted once the pipeline gives up what it has not stored. */
  get signal(): AbortSignal {
    return this.abort.signal;
  }

  begin(): void {
    this.ending = true;
  }

  /** Ends all waiting for the store. */
  giveUp(): void {
    this.abort.abort();
  }
}
