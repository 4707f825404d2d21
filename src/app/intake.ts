/** Opens where readings come from: the built-in broker (`serve`), or a subscription at an external broker (`bridge`). */
import { hostname } from 'node:os';
import { type Broker, startBroker } from '../../broker/broker.ts';
import { brokerMetrics } from '../../broker/metrics.ts';
import { packageVersion } from '../../models/package-root.ts';
import { brokerHook } from '../intake/broker-hook.ts';
import { MessageIntake } from '../intake/message-intake.ts';
import { MqttSubscriber, type SubscriberOptions } from '../intake/mqtt-subscriber.ts';
import { SparkplugBirths, type SparkplugOptions } from '../intake/sparkplug-births.ts';
import { UnmatchedLog } from '../intake/unmatched-log.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Decoder } from '../sources/decoder.ts';
import { subscriptionFilters } from '../sources/filters.ts';
import { SourceMetrics } from '../sources/source-metrics.ts';
import { brokerOptions, deniedCounter } from './broker-options.ts';
import type { AppContext } from './context.ts';
import { createDecoder } from './decoder.ts';
import { externalBroker } from './external-broker.ts';

/** How long a birth is taken from memory before the store is asked whether another replica has had a newer one, ms. */
const FRESH_BIRTH_MS = 1000;

export interface Intake {
  /** Takes in messages, wherever they come from. */
  readonly messages: MessageIntake;
  readonly births: SparkplugBirths;
  /** With what each source has seen. */
  readonly decoder: Decoder;
  /** Set for `serve`. */
  readonly broker: Broker | null;
  /** Set for `bridge`. */
  readonly subscriber: MqttSubscriber | null;
}

/** The caller closes the broker; the subscriber is added to the lifecycle. */
export async function openIntake(context: AppContext, pipeline: Pipeline): Promise<Intake> {
  const { role, config, logger, registry, lifecycle } = context;
  let publish: SparkplugOptions['publish'] = async () => {};
  const births = createBirths(context, (topic, payload) => publish!(topic, payload));
  const decoder = createDecoder(config, births.names);
  new SourceMetrics(registry, decoder);
  const messages = new MessageIntake(decoder, pipeline, births, config.readings.maxPayload);
  if (role === 'serve') {
    const broker = await startBroker({
      ...brokerOptions(config, logger),
      onPublish: brokerHook(messages, decoder, new UnmatchedLog(decoder.unmatched, logger)),
      onDenied: deniedCounter(registry),
    });
    brokerMetrics(registry, broker);
    publish = (topic, payload) => broker.publish(topic, Buffer.from(payload));
    lifecycle.add('births', () => births.close());
    return { messages, births, decoder, broker, subscriber: null };
  }
  const subscriber = new MqttSubscriber(
    subscriberOptions(
      context,
      messages,
      subscriptionFilters(decoder.sources.map(({ topic }) => topic.filter)),
    ),
  );
  publish = (topic, payload) => subscriber.publish(topic, payload);
  lifecycle.add('subscriber', () => subscriber.close());
  lifecycle.add('births', () => births.close());
  subscriber.start();
  return { messages, births, decoder, broker: null, subscriber };
}

/** Names of Sparkplug B. With a shared subscription each replica sees some of the messages of an edge node. */
function createBirths(
  { role, config, store, logger, now }: AppContext,
  publish: NonNullable<SparkplugOptions['publish']>,
): SparkplugBirths {
  const { mqtt } = config;
  return new SparkplugBirths({
    births: store.births,
    freshMs: store.kind === 'embedded' ? Number.POSITIVE_INFINITY : FRESH_BIRTH_MS,
    patienceMs: mqtt.sparkplugPatience,
    seesAll: role === 'serve' || mqtt.group === '',
    ...(mqtt.sparkplugRebirth === 'on' && { publish }),
    logger,
    now,
  });
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
