/**
 * Topic templates: `sensors/{sensor}/{metric}` says both what to subscribe to and where the names stand. Other levels
 * may be text, `+`, or a final `#`.
 */
import { InvalidInput } from '../errors.ts';

export interface TopicNames {
  readonly sensor: string;
  /** null where the template has no {metric}: then each numeric field of a JSON object is a metric. */
  readonly metric: string | null;
}

/** More levels than any sensible topic has; MQTT itself allows 65,535. */
const MAX_LEVELS = 64;

export class TopicTemplate {
  /** The MQTT filter that covers every topic of this template. */
  readonly filter: string;
  private readonly levels: readonly string[];

  constructor(template: string) {
    this.levels = template.split('/');
    this.filter = template.replaceAll(/\{(sensor|metric)\}/g, '+');
  }

  /** The names in `topic`, null if it is not of this template. */
  match(topic: string): TopicNames | null {
    const given = topic.split('/', MAX_LEVELS + 1);
    if (given.length > MAX_LEVELS) return null;
    let sensor = '';
    let metric: string | null = null;
    for (const [i, level] of this.levels.entries()) {
      if (level === '#') return { sensor, metric };
      const text = given[i];
      if (text === undefined) return null;
      if (level === '{sensor}') sensor = text;
      else if (level === '{metric}') metric = text;
      else if (level !== '+' && level !== text) return null;
    }
    return given.length === this.levels.length ? { sensor, metric } : null;
  }
}

/** The names by the first template that fits. @throws InvalidInput (field topic) when none does */
export function namesIn(templates: readonly TopicTemplate[], topic: string): TopicNames {
  for (const template of templates) {
    const names = template.match(topic);
    if (names) return names;
  }
  throw new InvalidInput('topic', `topic '${topic.slice(0, 200)}' does not fit MQTT_TOPICS`);
}
