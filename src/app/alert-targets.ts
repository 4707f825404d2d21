/** Wires the receivers of alert changes: MQTT (at the broker of MQTT_URL or at the built-in broker), a webhook, and ALERT_RECEIVERS. */
import { randomUUID } from 'node:crypto';
import type { Broker } from '../../broker/broker.ts';
import { Email } from '../alerts/email.ts';
import { MessageTarget, type PostLimits } from '../alerts/message-target.ts';
import { MqttPublisher } from '../alerts/mqtt-publisher.ts';
import { type AlertPublisher, MqttTarget } from '../alerts/mqtt-target.ts';
import type { Mutes } from '../alerts/mutes.ts';
import { NotifierMetrics } from '../alerts/notifier-metrics.ts';
import { type Addressee, Notifiers } from '../alerts/notifiers.ts';
import { EVERYTHING, type Receiver } from '../alerts/receiver.ts';
import type { Target } from '../alerts/target.ts';
import { Webhook } from '../alerts/webhook.ts';
import type { Alert } from '../domain/alert.ts';
import type { SeriesLabels } from '../labels/series-labels.ts';
import type { AppContext } from './context.ts';
import { externalBroker } from './external-broker.ts';

/** @param broker the built-in broker of `serve`, once it is open */
export function createNotifiers(
  context: AppContext,
  broker: () => Broker | null,
  mutes: Mutes,
  labels: SeriesLabels,
  isQuiet: (alert: Alert) => boolean,
): Notifiers {
  const { config, store, clock, registry, logger, now } = context;
  return new Notifiers(addressees(context, broker), {
    store,
    holder: `${config.clientId}/${randomUUID()}`,
    limits: config.alerts,
    isMuted: isQuiet,
    mayUnmute: () => mutes.list().length > 0,
    unitOf: (series) => labels.unitOf(series),
    metrics: new NotifierMetrics(registry, now),
    logger,
    // An alert change is given up by the age that the store sees.
    now: () => clock.now(),
  });
}

function addressees({ config, role, now }: AppContext, broker: () => Broker | null): Addressee[] {
  const { mqtt, webhookUrl: url, webhookSecret: secret, timeout, receivers = [] } = config.alerts;
  const external = () =>
    new MqttPublisher({ ...externalBroker(config), clientId: `${config.clientId}-alerts`, timeout });
  const filter = EVERYTHING;
  const all: Addressee[] = [];
  if (mqtt === 'on') {
    const target = new MqttTarget(role === 'serve' ? builtInBroker(broker) : external());
    all.push({ target, type: 'mqtt', filter });
  }
  if (url !== undefined) {
    all.push({ target: new Webhook({ url, secret, timeout, now }), type: 'webhook', filter });
  }
  for (const receiver of receivers) {
    const { type, filter } = receiver;
    all.push({ target: targetOf(receiver, { timeout, now }), type, filter });
  }
  return all;
}

function targetOf(receiver: Receiver, limits: PostLimits): Target {
  if (receiver.type === 'webhook') return new Webhook({ ...receiver, ...limits });
  if (receiver.type === 'email') return new Email(receiver, limits.timeout);
  return new MessageTarget(receiver, limits);
}

function builtInBroker(broker: () => Broker | null): AlertPublisher {
  return {
    async publish(topic, payload) {
      const open = broker();
      if (!open) throw new Error('the built-in broker is not open yet');
      await open.publish(topic, payload, { qos: 1 });
    },
    async close() {},
  };
}
