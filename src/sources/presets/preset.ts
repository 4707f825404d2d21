/** A preset: the sources that an ecosystem needs, so that a user names it and writes nothing else. */
import type { SourceSpec } from '../source.ts';

export interface Preset {
  /** The ecosystem, as people call it. */
  readonly title: string;
  /** What a user should know: where names come from, which setting of the device helps. */
  readonly note?: string;
  /** Asked in this order. With a topic of its own, a source takes the entry whose topic is most like it. */
  readonly sources: readonly SourceSpec[];
}
