/** The configuration file that `vigia discover --write` makes: with it, a bridge reads what was heard as the table says. */
import { stringify } from 'yaml';
import { shown } from '../codecs/codec.ts';
import type { Discovered, Discoveries } from './discovery.ts';
import type { SourceSpec } from './source.ts';

export function discoveredFile({ lines, presets, entities }: Discoveries): string {
  // The first that fits takes a message, so those that take the fewest topics come first.
  const sources = lines.filter(({ source }) => source !== null).sort((a, b) => wildcards(a) - wildcards(b));
  const ofPresets = lines.filter(({ source }) => source === null);
  const units = new Map(
    entities.flatMap(({ field, unit }) => (field !== null && unit !== null ? [[field, unit] as const] : [])),
  );
  return [
    '# Written by vigia discover. docs/devices.md describes every key; vigia decode shows what becomes of a message.',
    '',
    ...(presets.length > 0
      ? [
          ...ofPresets.flatMap((line) => comment(line, `${line.preset}: `)),
          `presets: [${presets.join(', ')}]`,
          '',
        ]
      : []),
    ...(sources.length > 0 ? ['sources:', ...sources.flatMap(sourceLines), ''] : []),
    ...(units.size > 0
      ? [
          '# From the discovery topics of Home Assistant.',
          stringify({ units: Object.fromEntries(units) }).trimEnd(),
          '',
        ]
      : []),
    ...entities.map(({ name, stateTopic, field }) =>
      oneLine(`# ${name}: ${stateTopic}${field === null ? '' : ` ${field}`}`),
    ),
  ]
    .join('\n')
    .replace(/\n+$/, '\n');
}

function wildcards({ pattern }: Discovered): number {
  return pattern.split('/').filter((level) => /[{+#]/.test(level)).length;
}

function sourceLines(line: Discovered): string[] {
  const { preset, ...keys } = line.source as SourceSpec;
  const useful = { ...(preset !== undefined && { preset }), ...keys };
  const text = stringify([useful], { flowCollectionPadding: false }).trimEnd();
  // A topic of which nothing can be read is known, and shown to whoever looks at the file.
  const nothing = !line.becomes.decoded.some((each) => 'reading' in each) && line.becomes.decoded.length > 0;
  const yaml = text.split('\n').map((row) => `${nothing ? '  # ' : '  '}${row}`);
  return [...comment(line, '').map((row) => `  ${row}`), ...yaml];
}

function comment(line: Discovered, before: string): string[] {
  const { topics, messages, example } = line;
  return [
    oneLine(
      `# ${before}${messages} messages on ${topics} topics, such as ${example.topic}: ${becomes(line)}`,
    ),
  ];
}

/** A topic or a payload may hold anything; a comment ends with its line. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it takes away
  return text.replaceAll(/[\u0000-\u001f\u007f\u0085\u2028\u2029]+/g, ' ').slice(0, 300);
}

/** The first reading, or why there is none. */
export function becomes({ becomes: { decoded, ignored, format, timeField } }: Discovered): string {
  const readings = decoded.flatMap((each) => ('reading' in each ? [each] : []));
  const [first] = readings;
  if (first) {
    const { sensor, metric, value } = first.reading;
    const more = readings.length > 1 ? ` and ${readings.length - 1} more` : '';
    const time = timeField === null ? '' : `, time from ${timeField}`;
    return `${sensor}/${metric} = ${value}${first.unit ? ` ${first.unit}` : ''}${more} (${format}${time})`;
  }
  const problem = decoded.flatMap((each) => ('problem' in each ? [each.problem] : []))[0];
  if (problem) return `a dead letter: ${shown(problem.detail, 100)}`;
  return `nothing: ${ignored[0] ? `${ignored[0].path} is ${ignored[0].reason}` : 'it says nothing'}`;
}
