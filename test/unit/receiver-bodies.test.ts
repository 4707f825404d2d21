/**
 * The bodies for chat services and pagers, checked against what each service documents. The schemas are our own extracts of:
 * Slack "incoming webhooks" and Block Kit (docs.slack.dev), Adaptive Cards 1.2 in a Teams message (learn.microsoft.com, adaptivecards.io),
 * Discord "Execute Webhook" and its embed limits (discord.com/developers), ntfy "Publish as JSON" (docs.ntfy.sh/publish),
 * Telegram Bot API "sendMessage" (core.telegram.org/bots/api), PagerDuty Events API v2 (developer.pagerduty.com), and `postableAlerts`
 * of api/v2/openapi.yaml of Prometheus Alertmanager.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { bodyFor, type MessageReceiver } from '../../src/alerts/message-target.ts';
import { type Notification, notification } from '../../src/alerts/notification.ts';
import { EVERYTHING } from '../../src/alerts/receiver.ts';
import type { Alert } from '../../src/domain/alert.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const ISO = { type: 'string', pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$` };
const text = (maxLength: number) => ({ type: 'string', minLength: 1, maxLength });
const strict = (required: string[], properties: object) => ({
  type: 'object',
  required,
  properties,
  additionalProperties: false,
});
const labels = {
  type: 'object',
  propertyNames: { pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$' },
  additionalProperties: { type: 'string' },
};

const SCHEMAS: Record<MessageReceiver['type'], object> = {
  slack: strict(['text'], {
    text: text(4000),
    blocks: {
      type: 'array',
      maxItems: 50,
      items: {
        oneOf: [
          strict(['type', 'text'], {
            type: { const: 'header' },
            text: strict(['type', 'text'], {
              type: { const: 'plain_text' },
              text: text(150),
              emoji: { type: 'boolean' },
            }),
          }),
          strict(['type', 'text'], {
            type: { const: 'section' },
            text: strict(['type', 'text'], { type: { enum: ['mrkdwn', 'plain_text'] }, text: text(3000) }),
          }),
        ],
      },
    },
  }),
  teams: strict(['type', 'attachments'], {
    type: { const: 'message' },
    attachments: {
      type: 'array',
      minItems: 1,
      items: strict(['contentType', 'content'], {
        contentType: { const: 'application/vnd.microsoft.card.adaptive' },
        contentUrl: { type: ['string', 'null'] },
        content: strict(['type', 'version', 'body'], {
          $schema: { const: 'http://adaptivecards.io/schemas/adaptive-card.json' },
          type: { const: 'AdaptiveCard' },
          version: { enum: ['1.0', '1.1', '1.2', '1.3', '1.4', '1.5'] },
          body: {
            type: 'array',
            items: strict(['type', 'text'], {
              type: { const: 'TextBlock' },
              text: text(20_000),
              wrap: { type: 'boolean' },
              size: { enum: ['Default', 'Small', 'Medium', 'Large', 'ExtraLarge'] },
              weight: { enum: ['Lighter', 'Default', 'Bolder'] },
              color: { enum: ['Default', 'Dark', 'Light', 'Accent', 'Good', 'Warning', 'Attention'] },
              spacing: { enum: ['None', 'Small', 'Default', 'Medium', 'Large', 'ExtraLarge', 'Padding'] },
            }),
          },
        }),
      }),
    },
  }),
  discord: strict(['embeds'], {
    content: text(2000),
    allowed_mentions: strict(['parse'], { parse: { type: 'array', maxItems: 0 } }),
    embeds: {
      type: 'array',
      maxItems: 10,
      items: strict(['title'], {
        title: text(256),
        description: text(4096),
        color: { type: 'integer', minimum: 0, maximum: 0xffffff },
        timestamp: ISO,
      }),
    },
  }),
  ntfy: strict(['topic'], {
    topic: { type: 'string', pattern: '^[-_A-Za-z0-9]{1,64}$' },
    message: text(4096),
    title: text(250),
    priority: { type: 'integer', minimum: 1, maximum: 5 },
    tags: { type: 'array', items: { type: 'string' } },
  }),
  telegram: strict(['chat_id', 'text'], {
    chat_id: { type: ['string', 'integer'] },
    text: text(4096),
    link_preview_options: strict([], { is_disabled: { type: 'boolean' } }),
    disable_notification: { type: 'boolean' },
  }),
  pagerduty: strict(['routing_key', 'event_action', 'payload'], {
    routing_key: { type: 'string', minLength: 32, maxLength: 32 },
    event_action: { enum: ['trigger', 'acknowledge', 'resolve'] },
    dedup_key: text(255),
    payload: strict(['summary', 'source', 'severity'], {
      summary: text(1024),
      source: text(1024),
      severity: { enum: ['critical', 'error', 'warning', 'info'] },
      timestamp: ISO,
      component: { type: 'string' },
      group: { type: 'string' },
      class: { type: 'string' },
      custom_details: { type: 'object' },
    }),
  }),
  alertmanager: {
    type: 'array',
    items: strict(['labels'], {
      labels,
      annotations: labels,
      startsAt: ISO,
      endsAt: ISO,
      generatorURL: { type: 'string' },
    }),
  },
};

const COMMON = { name: 'x', filter: EVERYTHING, language: 'en' } as const;
const URL_ = 'https://receiver.test/hook';
const RECEIVERS: MessageReceiver[] = [
  { ...COMMON, type: 'slack', url: URL_ },
  { ...COMMON, type: 'teams', url: URL_ },
  { ...COMMON, type: 'discord', url: URL_ },
  { ...COMMON, type: 'ntfy', url: URL_, topic: 'plant-7', token: 'tk' },
  { ...COMMON, type: 'telegram', url: URL_, token: '1:a', chat: '-100' },
  { ...COMMON, type: 'pagerduty', url: URL_, key: 'k'.repeat(32) },
  { ...COMMON, type: 'alertmanager', url: URL_, username: 'u', password: 'p' },
];

const ALERT: Alert = {
  ...{ id: `b/temperature/anomaly/${NOW}`, sensor: 'b', metric: 'temperature', rule: 'anomaly', ts: NOW },
  ...{ value: 71.3500001, expected: 20, score: 4.5, limit: null, state: 'open', clearedTs: null },
  ...{ acknowledged: false, revision: 1 },
};
const LONG = '<!channel> @everyone [x](y) *_é'.repeat(200);
const told = (over: Partial<Alert>): Notification =>
  notification({ alert: { ...ALERT, ...over }, at: NOW + 9 }, '°C');

const CASES: [string, Partial<Alert>][] = [
  ['an open anomaly', {}],
  ['an acknowledged alert', { acknowledged: true, revision: 2 }],
  ['a cleared alert', { state: 'cleared', clearedTs: NOW + 5000 }],
  ['a retracted alert', { state: 'retracted' }],
  ['a limit', { rule: 'max', limit: 30, score: null, expected: null }],
  ['a missing reading', { rule: 'missing', limit: 5000, score: null, expected: null }],
  ['names as long as names may be', { sensor: LONG, metric: LONG, id: `${LONG}/${LONG}/anomaly/${NOW}` }],
];

const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });

describe.each(RECEIVERS.map((receiver) => [receiver.type, receiver] as const))(
  'the body for %s',
  (type, receiver) => {
    const valid = ajv.compile(SCHEMAS[type]);

    it.each(CASES)('is as documented: %s', (_what, over) => {
      const { body } = bodyFor(receiver, told(over), NOW + 10_000);
      // As it is sent: what JSON cannot say is not there.
      expect([valid(JSON.parse(JSON.stringify(body))), valid.errors]).toEqual([true, null]);
    });

    it('says in words what has happened', () => {
      const said = JSON.stringify(bodyFor(receiver, told({}), NOW).body);
      expect(said).toContain('Alert: b temperature (anomaly)');
      expect(said).toMatch(/value 71.35 °C, expected 20 °C, score 4.5/);
      const spanish = JSON.stringify(bodyFor({ ...receiver, language: 'es' }, told({}), NOW).body);
      expect(spanish).toContain('Alerta: b temperature (anomaly)');
    });
  },
);

it('Slack, Discord and Teams take nothing in a name for markup of their own', () => {
  const body = (i: number) =>
    JSON.stringify(bodyFor(RECEIVERS[i]!, told({ sensor: '<!channel> @everyone [x](y)' }), NOW).body);
  expect(body(0)).toContain('"text":"Alert: &lt;!channel&gt; @everyone');
  expect(body(1)).toContain(String.raw`\\[x\\](y)`);
  expect(body(2)).toContain('"allowed_mentions":{"parse":[]}');
});

it('PagerDuty triggers, acknowledges and resolves under one key', () => {
  const events = CASES.slice(0, 4).map(
    ([, over]) => bodyFor(RECEIVERS[5]!, told(over), NOW).body as { event_action: string; dedup_key: string },
  );
  expect(events.map(({ event_action }) => event_action)).toEqual([
    'trigger',
    'acknowledge',
    'resolve',
    'resolve',
  ]);
  expect(new Set(events.map(({ dedup_key }) => dedup_key)).size).toBe(1);
});

it('Alertmanager sees the same labels for the same alert, and an end after its start', () => {
  const alerts = CASES.slice(0, 4).map(
    ([, over]) =>
      (bodyFor(RECEIVERS[6]!, told(over), NOW + 9000).body as [{ labels: object; endsAt: string }])[0],
  );
  expect(new Set(alerts.map(({ labels }) => JSON.stringify(labels))).size).toBe(1);
  const ends = alerts.map(({ endsAt }) => Date.parse(endsAt) - NOW);
  expect(ends).toEqual([86_409_000, 86_409_000, 5000, 9000]);
  // The clock of the sensor is ahead.
  const [early] = bodyFor(RECEIVERS[6]!, told({ state: 'retracted' }), NOW - 60_000).body as [
    { endsAt: string },
  ];
  expect(Date.parse(early.endsAt)).toBe(NOW + 1);
});

it('secrets stand in headers and addresses where the service wants them', () => {
  const posted = (i: number) => bodyFor(RECEIVERS[i]!, told({}), NOW);
  expect(posted(3).headers).toEqual({ Authorization: 'Bearer tk' });
  expect(posted(4).url).toBe(`${URL_}/bot1:a/sendMessage`);
  expect(posted(6)).toMatchObject({ url: `${URL_}/api/v2/alerts`, headers: { Authorization: 'Basic dTpw' } });
});
