/** Opens where readings come from: the built-in broker (`serve`), or a subscription at an external broker (`bridge`). */
import { hostname } from 'node:os';
import { type Broker, startBroker } from '../../broker/broker.ts';
import { brokerMetrics } from '../../broker/metrics.ts';
import { packageVersion } from '../../models/package-root.ts';
import { brokerHook } from '../intake/broker-hook.ts';
import { MessageIntake } from '../intake/message-intake.ts';
import { MqttSubscriber, type SubscriberOptions } from '../intake/mqtt-subscriber.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { subscriptionFilters } from '../sources/filters.ts';
import { SourceMetrics } from '../sources/source-metrics.ts';
import { brokerOptions, deniedCounter } from './broker-options.ts';
import type { AppContext } from './context.ts';
import { createDecoder } from './decoder.ts';
import { externalBroker } from './external-broker.ts';

export interface Intake {
  /** Takes in messages, wherever they come from. */
  readonly messages: MessageIntake;
  /** Set for `serve`. */
  readonly broker: Broker | null;
  /** Set for `bridge`. */
  readonly subscriber: MqttSubscriber | null;
}

/** The caller closes the broker; the subscriber is added to the lifecycle. */
export async function openIntake(context: AppContext, pipeline: Pipeline): Promise<Intake> {
  const { role, config, logger, registry, lifecycle } = context;
  const decoder = createDecoder(config);
  new SourceMetrics(registry, decoder);
  const messages = new MessageIntake(decoder, pipeline);
  if (role === 'serve') {
    const broker = await startBroker({
      ...brokerOptions(config, logger),
      onPublish: brokerHook(messages, decoder),
      onDenied: deniedCounter(registry),
    });
    brokerMetrics(registry, broker);
    return { messages, broker, subscriber: null };
  }
  const subscriber = new MqttSubscriber(
    subscriberOptions(
      context,
      messages,
      subscriptionFilters(decoder.sources.map(({ topic }) => topic.filter)),
    ),
  );
  lifecycle.add('subscriber', () => subscriber.close());
  subscriber.start();
  return { messages, broker: null, subscriber };
}

function subscriberOptions(
  { config, logger, now }: AppContext,
  messages: MessageIntake,
  filters: readonly string[],
): SubscriberOptions {
  const { mqtt } = config;
  return {
    ...externalBroker(config),
    clientId: config.clientId,
    group: mqtt.group,
    filters,
    receiveMaximum: mqtt.receiveMaximum,
    sessionExpiry: mqtt.sessionExpiry,
    limits: { maxMessages: config.pipeline.maxInFlight, maxBytes: config.pipeline.maxInFlightBytes },
    reconnect: { first: mqtt.reconnectFirst, firstFor: mqtt.reconnectFirstFor, max: mqtt.reconnectMax },
    logger,
    receive: (message) => messages.receive(message),
    status: { hostname: hostname(), version: packageVersion(), since: now() },
  };
}
