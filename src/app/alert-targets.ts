/** Wires the receivers of alert changes: MQTT (at the broker of MQTT_URL or at the built-in broker) and a webhook. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Broker } from '../../broker/broker.ts';
import { Deliveries } from '../alerts/deliveries.ts';
import { DeliveryMetrics } from '../alerts/delivery-metrics.ts';
import { MqttPublisher } from '../alerts/mqtt-publisher.ts';
import { type AlertPublisher, MqttTarget } from '../alerts/mqtt-target.ts';
import type { Target } from '../alerts/target.ts';
import { Webhook } from '../alerts/webhook.ts';
import type { Alert } from '../domain/alert.ts';
import { type SeriesId, seriesKey } from '../domain/series.ts';
import type { AppContext } from './context.ts';
import { externalBroker } from './external-broker.ts';

/** @param broker the built-in broker of `serve`, once it is open */
export function createDeliveries(context: AppContext, broker: () => Broker | null): Deliveries {
  const { config, current, store, clock, registry, logger, now } = context;
  return new Deliveries(alertTargets(context, broker), {
    store: store.alertStream,
    holder: `${config.clientId}/${randomUUID()}`,
    limits: config.alerts,
    units: () => current().readings.units,
    metrics: new DeliveryMetrics(registry, now),
    logger,
    // An alert change is given up by the age that the store sees.
    now: () => clock.now(),
  });
}

function alertTargets({ config, role, now }: AppContext, broker: () => Broker | null): Target[] {
  const { mqtt, webhookUrl: url, webhookSecret: secret, timeout } = config.alerts;
  const external = () =>
    new MqttPublisher({ ...externalBroker(config), clientId: `${config.clientId}-alerts`, timeout });
  return [
    ...(mqtt === 'on' ? [new MqttTarget(role === 'serve' ? builtInBroker(broker) : external())] : []),
    ...(url === undefined ? [] : [new Webhook({ url, secret, timeout, now })]),
  ];
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

export function logAlerts(series: SeriesId, alerts: readonly Alert[], logger: Logger): void {
  for (const { id, state, value, expected, score, limit, ts } of alerts) {
    const fields = { id, time: new Date(ts).toISOString(), value, expected, score, limit };
    if (state === 'open') logger.warn(fields, `alert on ${seriesKey(series)}`);
    else logger.info(fields, `alert ${state} on ${seriesKey(series)}`);
  }
}
