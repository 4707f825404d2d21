/**
 * In which format the replicas on one store write states. A new store has the newest format from its first replica on. A store
 * that has series of release 0.1 keeps that release's format, so that bridges of both releases may run together and a roll-back
 * works, until somebody ends it (STATE_FORMAT=3).
 */
import { FORMER_FORMAT } from '../detect/former-state.ts';
import { STATE_FORMAT } from '../detect/state-format.ts';
import type { Store } from '../store/store.ts';

export class StateFormats {
  private format: number = FORMER_FORMAT;

  /** @param wanted `3`: no replica of release 0.1 will run on this store again */
  constructor(
    private readonly store: Pick<Store, 'formats' | 'series'>,
    private readonly wanted: 'auto' | '3',
  ) {}

  /** Whether release 0.1 has to be able to read what is written. */
  get readableByFormer(): boolean {
    return this.format < STATE_FORMAT;
  }

  /** Decides where nobody has yet. @throws StoreUnavailable */
  async start(): Promise<void> {
    const { formats, series } = this.store;
    if (this.wanted === '3') await formats.setState(STATE_FORMAT);
    const known = await formats.state();
    if (known !== null) this.format = known;
    else this.format = await formats.proposeState((await series.count()) > 0 ? FORMER_FORMAT : STATE_FORMAT);
  }

  /** Learns what others have decided since. @throws StoreUnavailable */
  async refresh(): Promise<void> {
    this.format = (await this.store.formats.state()) ?? this.format;
  }
}
