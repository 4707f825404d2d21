/** `vigia audit`: shows who did what to what, from where. */
import { Command } from 'commander';
import type { StoredAuditEntry } from '../domain/audit.ts';
import { readConfig } from '../settings/config.ts';
import { wholeNumber } from './option-values.ts';
import { askServer, runningServer } from './running-server.ts';

/** Entries in one answer of the server. */
const PAGE = 1000;

interface Options {
  readonly limit: number;
  readonly json?: boolean;
  readonly url?: string;
}

export function auditCommand(): Command {
  return new Command('audit')
    .description('lists the audit log of a running Vigía, the newest entry first; this needs the role admin')
    .option('--limit <n>', 'how many entries are listed at most', wholeNumber, 100)
    .option('--json', 'print one JSON object a line')
    .option('--url <url>', 'URL of the running Vigía (default: HOST and PORT)')
    .action(async ({ limit, json, url }: Options) => {
      const server = runningServer(readConfig(), url);
      let shown = 0;
      for (let before = ''; shown < limit; ) {
        const wanted = Math.min(PAGE, limit - shown);
        const page = (await askServer(server, 'GET', `/api/audit?limit=${wanted}${before}`)) as {
          entries: StoredAuditEntry[];
          next: string | null;
        };
        for (const entry of page.entries) console.log(json ? JSON.stringify(entry) : line(entry));
        shown += page.entries.length;
        if (page.next === null) break;
        before = `&before=${page.next}`;
      }
      if (shown === 0 && !json) console.log('no entries');
    });
}

/** Names come from clients: JSON escapes their control characters. */
function line({
  ts,
  outcome,
  actor,
  role,
  address,
  action,
  target,
  detail,
  count,
}: StoredAuditEntry): string {
  const who = actor === null ? 'unknown' : `${quoted(actor)}${role === null ? '' : ` (${role})`}`;
  const what = [action, quoted(target), detail === null ? '' : quoted(detail)].filter((text) => text !== '');
  const times = count === 1 ? '' : `  ${count}x`;
  return `${new Date(ts).toISOString()}  ${outcome.padEnd(7)}  ${who}  ${address}  ${what.join('  ')}${times}`;
}

/** As it is where it is plain, else as a JSON text. */
function quoted(text: string): string {
  return /^[\w!-~ ¡-ÿ]*$/.test(text)
    ? text
    : JSON.stringify(text).replaceAll(/[\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g, escaped);
}

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
