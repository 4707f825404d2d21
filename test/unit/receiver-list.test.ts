/** ALERT_RECEIVERS: what an entry may say, and how a mistake is named. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { passes } from '../../src/alerts/filter.ts';
import { parseReceivers } from '../../src/alerts/receiver-list.ts';
import type { Alert } from '../../src/domain/alert.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';

const ALERT: Alert = {
  ...{ id: 'f-1/temperature/max/1', sensor: 'f-1', metric: 'temperature', rule: 'max', ts: 1, value: 2 },
  ...{
    expected: null,
    score: null,
    limit: 1,
    state: 'open',
    clearedTs: null,
    acknowledged: false,
    revision: 1,
  },
};

describe('a list of receivers', () => {
  it('is read with its filters, its defaults and the files that it names', () => {
    const file = join(temporaryDirectory(), 'key');
    writeFileSync(file, `${'k'.repeat(32)}\n`);
    const { receivers, problems } = parseReceivers(`
- {name: on-call, type: pagerduty, key_file: ${file}, sensor: 'f-*', rule: [max, min], severity: critical}
- {name: phone, type: ntfy, topic: 7, language: es}
`);
    expect(problems).toEqual([]);
    expect(receivers).toEqual([
      {
        name: 'on-call',
        type: 'pagerduty',
        key: 'k'.repeat(32),
        url: 'https://events.pagerduty.com/v2/enqueue',
        language: 'en',
        filter: { sensors: ['f-*'], metrics: ['*'], rules: ['max', 'min'], severities: ['critical'] },
      },
      {
        name: 'phone',
        type: 'ntfy',
        topic: '7',
        url: 'https://ntfy.sh',
        language: 'es',
        filter: { sensors: ['*'], metrics: ['*'], rules: ['*'], severities: ['warning', 'critical'] },
      },
    ]);
  });

  it('names the entry, the line and the field of every mistake, and repeats no secret', () => {
    const { problems } = parseReceivers(`
- {name: webhook, type: slack, url: 'http://x/'}
- {name: a, type: slack, url: 'ftp://not-to-be-shown/'}
- {name: a, type: telegram, chat: 1, token: t, key: 3}
- {name: B!, type: email, url: 'smtp://x', from: a@b, to: c@d, severity: mild}
- {name: c, type: pager}
- {name: d, type: discord, url: 'http://x/', url_file: /no/such/file}
- {name: e, type: ntfy, topic_file: /no/such/file}
- 7
`);
    expect(problems).toEqual([
      "entry 1 (line 2), name: is the receiver of ALERT_WEBHOOK ('webhook')",
      'entry 2 (line 3), url: must be a URL that begins with http:// or https://',
      expect.stringMatching(/^entry 3 \(line 4\), key: is no field of type telegram: name, type, /),
      "entry 3 (line 4), name: is the name of an earlier entry ('a')",
      'entry 4 (line 5), name: must be small letters, digits, - and _, at most 63 of them (is "B!")',
      'entry 4 (line 5), severity: must be one of warning, critical, or a list of them (is "mild")',
      expect.stringContaining('entry 5 (line 6), type: must be one of webhook, alertmanager, slack'),
      'entry 6 (line 7), url: give either url or url_file, not both',
      "entry 7 (line 8), topic_file: cannot read '/no/such/file' (ENOENT)",
      expect.stringContaining('entry 8 (line 9): must be fields such as name, type'),
    ]);
  });
});

it.each([
  [{}, true],
  [{ sensors: ['g-*', 'f-?'] }, true],
  [{ sensors: ['g-*'] }, false],
  [{ metrics: ['humidity'] }, false],
  [{ rules: ['min', 'missing'] }, false],
  [{ severities: ['critical'] as const }, false],
  [{ severities: ['warning'] as const }, true],
])('a filter %j lets the alert pass: %s', (over, expected) => {
  const everything = {
    sensors: ['*'],
    metrics: ['*'],
    rules: ['*'],
    severities: ['warning', 'critical'] as const,
  };
  expect(passes({ ...everything, ...over }, ALERT)).toBe(expected);
});

it('a high score makes an anomaly critical', () => {
  const critical = { sensors: ['*'], metrics: ['*'], rules: ['*'], severities: ['critical'] as const };
  const anomaly = { ...ALERT, rule: 'anomaly' };
  expect([2.9, 3].map((score) => passes(critical, { ...anomaly, score }))).toEqual([false, true]);
});
