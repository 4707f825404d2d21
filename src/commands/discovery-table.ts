/** What `vigia discover` has found, as a table for a terminal. */
import { becomes } from '../sources/discovered-file.ts';
import type { Discovered, Discoveries } from '../sources/discovery.ts';

export function discoveryTable({ lines, presets, entities, left }: Discoveries): string[] {
  if (lines.length === 0) return ['nothing was published'];
  const rows = [
    ['topics', 'messages', 'read by', 'an example would become'],
    ...lines.map((line) => [line.pattern, String(line.messages), readBy(line), becomes(line)]),
  ];
  const widths = [0, 1, 2].map((column) => Math.min(60, Math.max(...rows.map((row) => row[column]!.length))));
  return [
    ...rows.map((row) =>
      row
        .map((cell, i) => (i < 3 ? cell.padEnd(widths[i]!) : cell))
        .join('  ')
        .trimEnd(),
    ),
    ...(presets.length > 0 ? ['', `MQTT_PRESETS=${presets.join(',')}`] : []),
    ...(entities.length > 0 ? ['', `Home Assistant knows ${entities.length} entities here`] : []),
    ...(left > 0
      ? ['', `${left} messages on further topics were not looked at: there are too many topics`]
      : []),
  ];
}

function readBy({ preset, source }: Discovered): string {
  if (preset !== null) return source ? `preset ${preset}, other topic` : `preset ${preset}`;
  return 'a source';
}
