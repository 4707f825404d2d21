/** Aedes, told who may connect and publish, and what it may keep. */
import { Aedes, type AedesOptions, type AuthenticateError, type Client, type PublishPacket } from 'aedes';
import type { Logger } from 'pino';
import { RefusedByUs } from './aedes-errors.ts';
import type { ClientAccess, ConnectFailure } from './client-access.ts';
import { streamOf } from './client-stream.ts';
import type { BrokerLimits } from './limits.ts';
import type { MessageStore } from './message-store.ts';
import type { PresentClients } from './present-clients.ts';
import type { HookRunner } from './publish-hook.ts';
import type { Refusals } from './refusals.ts';
import { topicProblem } from './topic-check.ts';

export interface AedesParts {
  readonly limits: BrokerLimits;
  readonly clients: ClientAccess;
  readonly store: MessageStore;
  readonly present: PresentClients;
  readonly hook: HookRunner;
  readonly refusals: Pick<Refusals, 'count'>;
  readonly logger: Logger;
}

type Done = (error?: Error | null) => void;

export function openAedes(parts: AedesParts): Promise<Aedes> {
  const { limits, clients, store, logger } = parts;
  return Aedes.createBroker({
    ...aedesOptions(limits),
    ...store.aedesOptions,
    preConnect(client, packet, done) {
      streamOf(client).clientId = packet.clientId;
      packet.clientId = clients.ownId(client, packet.username, packet.clientId);
      done(null, true);
    },
    authenticate: (client, username, password, done) =>
      void letIn(parts, client, username, password).then(
        (code) => (code === ACCEPTED ? done(null, true) : done(refusedConnect(code), null)),
        (error: unknown) => {
          logger.error({ err: error }, 'MQTT broker failure');
          done(refusedConnect(UNAVAILABLE), null);
        },
      ),
    authorizePublish: (client, packet, done) => {
      if (client && packet.topic.startsWith(BRIDGE_STATE)) {
        ignore(parts, client, packet);
        done(null);
        return;
      }
      const problem = publishProblem(parts, client, packet);
      if (problem === null) keepOnce(parts, client, packet, done);
      else done(new RefusedByUs(problem));
    },
  });
}

/** @returns the CONNACK return code */
async function letIn(
  { clients, present, store }: AedesParts,
  client: Client,
  username: string | undefined,
  password: Buffer | undefined,
): Promise<number> {
  const failure = await clients.authenticate(client, username, password);
  if (failure !== null) return CODES[failure];
  if (!(await present.enter(client))) return UNAVAILABLE;
  store.admit(client);
  return ACCEPTED;
}

/** Why the client may not publish this, counted; null if it may. */
function publishProblem(
  { limits, refusals, clients }: AedesParts,
  client: Client | null,
  { topic }: PublishPacket,
): string | null {
  const problem = topicProblem(topic, limits);
  if (problem !== null) {
    refusals.count('topic', { ...(client && clients.identity(client)), detail: problem });
    return problem;
  }
  return client && !clients.mayPublish(client, topic) ? 'publish denied by MQTT_ACL' : null;
}

/** Mosquitto's bridges say there whether they are connected, as a will too. Refused, they would never get further. */
const BRIDGE_STATE = '$SYS/broker/connection/';

/** Lets Aedes acknowledge the message, and pass it on where nobody listens. */
function ignore({ refusals, clients }: AedesParts, client: Client, packet: PublishPacket): void {
  refusals.count('reserved-topic', { ...clients.identity(client), topic: packet.topic });
  packet.topic = '$ignored';
  packet.payload = Buffer.alloc(0);
  packet.retain = false;
}

/** Gives the message to the hook, one of QoS 2 once however often it comes before its PUBREL. */
function keepOnce(
  { hook, store, clients, limits: { maxInflightQos2 } }: AedesParts,
  client: Client | null,
  packet: PublishPacket,
  done: Done,
): void {
  const id = packet.qos === 2 ? packet.messageId : undefined;
  const publisher = {
    clientId: client ? streamOf(client).clientId : '',
    username: (client && clients.identity(client).user) ?? undefined,
  };
  const keep = (kept: Done) => hook.run(publisher, packet, kept);
  if (id === undefined || !client) {
    keep(done);
    return;
  }
  const received = store.receivedFrom(client);
  if (received.has(id) || received.size < maxInflightQos2) received.once(id, keep, done);
  else done(new Error(`maxInflightInbound: ${received.size} messages await their PUBREL`));
}

function aedesOptions(limits: BrokerLimits): AedesOptions {
  return {
    concurrency: limits.concurrency,
    connectTimeout: limits.connectTimeoutMs,
    drainTimeout: limits.drainTimeoutMs,
    // Ours are longer than the client's own, which are checked before.
    maxClientsIdLength: Number.POSITIVE_INFINITY,
    maxTopicLevels: limits.maxTopicLevels,
    maxInflightInbound: limits.maxInflightQos2,
  };
}

function refusedConnect(code: number): AuthenticateError {
  return Object.assign(new RefusedByUs('connect refused'), {
    returnCode: code as AuthenticateError['returnCode'],
  });
}

/** CONNACK return codes of MQTT 3.1.1; Aedes has them in a const enum, which does not exist at run time. */
const ACCEPTED = 0;
const UNAVAILABLE = 3;
const BAD_CREDENTIALS = 4;
const NOT_AUTHORIZED = 5;

const CODES: Readonly<Record<ConnectFailure, number>> = {
  'bad-credentials': BAD_CREDENTIALS,
  certificate: NOT_AUTHORIZED,
  'no-proof': NOT_AUTHORIZED,
  'login-busy': UNAVAILABLE,
  'login-ban': UNAVAILABLE,
  gone: UNAVAILABLE,
};
