/** What is published and not read: presets and sources that would read it, for the panel. */

import { redact } from '../domain/url.ts';
import type { Discovered as Answer } from '../http/http-options.ts';
import { becomes, discoveredFile } from '../sources/discovered-file.ts';
import { type Discoveries, Discovery } from '../sources/discovery.ts';
import type { AppContext } from './context.ts';
import type { Intake } from './intake.ts';
import { listen } from './listen.ts';

/** Of the topics that no source takes, as the built-in broker has seen them; null where there is none. */
export function discoverUntaken({ config }: AppContext, { broker, decoder }: Intake): Answer | null {
  if (!broker) return null;
  const discovery = new Discovery(config.readings);
  for (const { topic, bytes, messages } of decoder.unmatched.samples()) discovery.add(topic, bytes, messages);
  return answer(discovery.conclude());
}

/** Of everything that is published on the external broker within so many ms. @throws ConfigurationError */
export async function discoverBroker({ config }: AppContext, patience: number): Promise<Answer> {
  return answer(await listen(config, ['#'], patience, { shownUrl: redact(config.mqtt.url ?? '') }));
}

function answer(found: Discoveries): Answer {
  return {
    presets: [...found.presets],
    found: found.lines.map((line) => ({
      pattern: line.pattern,
      topics: line.topics,
      messages: line.messages,
      preset: line.preset,
      example: line.example.topic,
      becomes: becomes(line),
      reads: line.becomes.decoded.some((each) => 'reading' in each),
    })),
    file: found.lines.length === 0 ? '' : discoveredFile(found),
    topicsLeftOut: found.left,
  };
}
