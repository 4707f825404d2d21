/** Which presets would make readings of a message. */
import { type DecodeLimits, Decoder, type MessageContext } from './decoder.ts';
import { PRESETS } from './presets/presets.ts';
import { compileSources, readPresets } from './read-sources.ts';

/** Names that stand for a publisher who is not known yet. */
const SOMEBODY: MessageContext = { clientId: '<client id>', username: '<user>' };

/** @returns their names, the one with the most readings first */
export function fittingPresets(
  topic: string,
  bytes: Uint8Array,
  limits: DecodeLimits,
  context: MessageContext = {},
): string[] {
  const fitting: { name: string; readings: number; levels: number }[] = [];
  for (const name of Object.keys(PRESETS)) {
    const decoder = presetDecoder(name, limits);
    if (!decoder.takes(topic)) continue;
    const explanations = decoder.explain(topic, bytes, { ...SOMEBODY, ...context });
    const readings = explanations
      .flatMap(({ decoded }) => decoded)
      .filter((each) => 'reading' in each).length;
    const fixed = decoder.sources.filter(({ topic: template }) => template.match(topic));
    // A topic with more fixed levels says more of what it is.
    const levels = Math.max(...fixed.map(({ topic: template }) => template.fixedLevels));
    if (readings > 0) fitting.push({ name, readings, levels });
  }
  return fitting.sort((a, b) => b.levels - a.levels || b.readings - a.readings).map(({ name }) => name);
}

function presetDecoder(name: string, limits: DecodeLimits): Decoder {
  return new Decoder(compileSources(readPresets(name).specs), limits);
}
