/** Finds the presets that would make readings of a message. */
import { type DecodeLimits, Decoder, type MessageContext } from './decoder.ts';
import { PRESETS } from './presets/presets.ts';
import { compileSources, readPresets } from './read-sources.ts';

/** Names that stand for a publisher who is not known yet. */
const SOMEBODY: MessageContext = { clientId: '<client id>', username: '<user>' };

export class PresetFinder {
  /** By name. */
  readonly decoders: ReadonlyMap<string, Decoder>;

  constructor(limits: DecodeLimits) {
    const decoder = (name: string) => new Decoder(compileSources(readPresets(name).specs), limits);
    this.decoders = new Map(Object.keys(PRESETS).map((name) => [name, decoder(name)]));
  }

  /**
   * @param silent take presets that know the topic and find nothing wrong, though the message has no reading for them
   * @returns names of presets, the one whose topic says most of the message first
   */
  fitting(topic: string, bytes: Uint8Array, context: MessageContext = {}, silent = false): string[] {
    const fitting: { name: string; readings: number; levels: number }[] = [];
    for (const [name, decoder] of this.decoders) {
      if (!decoder.takes(topic)) continue;
      const explanations = decoder.explain(topic, bytes, { ...SOMEBODY, ...context });
      const decoded = explanations.flatMap((each) => each.decoded);
      const readings = decoded.filter((each) => 'reading' in each).length;
      const matching = decoder.sources.filter(({ topic: template }) => template.match(topic));
      // A topic with more fixed levels says more of what it is.
      const levels = Math.max(...matching.map(({ topic: template }) => template.fixedLevels));
      if (readings > 0 || (silent && decoded.length === 0)) fitting.push({ name, readings, levels });
    }
    return fitting.sort((a, b) => b.levels - a.levels || b.readings - a.readings).map(({ name }) => name);
  }
}
