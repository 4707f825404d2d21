import { parseAlertRules } from '../../alerts/alert-rules.ts';
import { parseReceivers } from '../../alerts/receiver-list.ts';
import { type Section, setting } from '../setting.ts';
import { choice, duration, factor, text, url, whole } from '../value-types.ts';

const rules = text.transform((given, context) => {
  const { rules, problems } = parseAlertRules(given);
  for (const message of problems) context.addIssue({ code: 'custom', message });
  return rules;
});

const receivers = text.transform((given, context) => {
  const { receivers, problems } = parseReceivers(given);
  for (const message of problems) context.addIssue({ code: 'custom', message });
  return receivers;
});

export const alerts = {
  title: 'Alerts',
  settings: {
    rules: setting('ALERT_RULES', rules, {
      shape: 'rules',
      reload: true,
      long: true,
      help: 'alert rules per sensor as YAML or JSON: min, max, rate, missing and anomaly, see docs/alerts.md (usually given as ALERT_RULES_FILE)',
    }),
    mqtt: setting('ALERT_MQTT', choice('on', 'off'), {
      fallback: 'on',
      help: 'whether changes of alerts are published on alerts/<sensor>/<metric>, at the broker of MQTT_URL or at the built-in broker',
    }),
    webhookUrl: setting('ALERT_WEBHOOK_URL', url('http', 'https'), {
      secret: true,
      help: 'URL that changes of alerts are posted to as JSON (unset: no webhook)',
    }),
    webhookSecret: setting('ALERT_WEBHOOK_SECRET', text.min(1), {
      secret: true,
      help: 'key of the HMAC-SHA256 that signs each request to ALERT_WEBHOOK_URL (usually given as ALERT_WEBHOOK_SECRET_FILE)',
    }),
    receivers: setting('ALERT_RECEIVERS', receivers, {
      shape: 'rules',
      secret: true,
      help: 'receivers of alerts as YAML or JSON, each with name, type and filters, see docs/alerts.md (usually given as ALERT_RECEIVERS_FILE)',
    }),
    settle: setting('ALERT_SETTLE', duration(), {
      fallback: '2s',
      help: 'how long a change of an alert waits before receivers are told of it, so that late readings can take the change back (0: told at once)',
    }),
    timeout: setting('ALERT_TIMEOUT', duration(100), {
      fallback: '10s',
      help: 'how long one attempt to send a change of an alert to a receiver may take',
    }),
    longestPause: setting('ALERT_MAX_PAUSE', duration(100), {
      fallback: '1m',
      help: 'longest pause between two attempts to send a change of an alert; the first pause is 1s, and each pause is twice the one before; a receiver that asks for a longer pause (Retry-After) gets it, up to 1h',
    }),
    maxAttempts: setting('ALERT_MAX_ATTEMPTS', whole(1, 1_000_000), {
      fallback: '5',
      help: 'attempts to send a change of an alert that the receiver refuses (HTTP 4xx) before the change is given up; it is kept then, and can be sent again',
    }),
    maxAge: setting('ALERT_MAX_AGE', duration(1000), {
      fallback: '3d',
      help: 'how old a change of an alert may be when a receiver that could not be reached is told of it (at most RETENTION); an older one is kept, and can be sent again',
    }),
    missingFactor: setting('MISSING_FACTOR', factor, {
      fallback: '5',
      help: 'number of its usual intervals after which a sensor without readings raises the alert `missing` (0: never)',
    }),
    missingMinimum: setting('MISSING_MINIMUM', duration(100), {
      fallback: '5s',
      help: 'shortest time without readings that raises the alert `missing`, also for a sensor with a shorter usual interval',
    }),
    missingPatience: setting('MISSING_PATIENCE', duration(), {
      fallback: '30s',
      help: 'how long a replica must have received readings before it raises the alert `missing`, counted from its start or from the end of an outage of the broker or the store',
    }),
  },
  problems(values) {
    const missing = values.ALERT_WEBHOOK_SECRET !== undefined && values.ALERT_WEBHOOK_URL === undefined;
    return missing ? ['ALERT_WEBHOOK_SECRET: needs ALERT_WEBHOOK_URL'] : [];
  },
} satisfies Section;
