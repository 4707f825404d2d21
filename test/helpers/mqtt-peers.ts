/**
 * The far end of a broker under test: MQTT.js clients that fail instead of reconnecting, and bare sockets that speak MQTT
 * packet by packet, for what no well-behaved client does.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { generate, type Packet, parser } from 'mqtt-packet';
import { onTestFinished } from 'vitest';
import { waitFor } from './wait-for.ts';

/**
 * A connected client that is ended with the test. Rejects if the broker refuses it.
 * @param prepare called before it connects: what a session holds may come with the CONNACK
 */
export async function mqttClient(
  url: string,
  options: IClientOptions = {},
  prepare: (client: MqttClient) => void = () => undefined,
): Promise<MqttClient> {
  const client = mqtt.connect(url, { reconnectPeriod: 0, ...options, manualConnect: true });
  onTestFinished(() => void client.end(true));
  prepare(client);
  client.connect();
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.on('error', reject);
    client.once('close', () => reject(new Error('closed before it was connected')));
  });
  return client;
}

export interface RawClient {
  readonly socket: Socket;
  /** Everything the broker has sent. */
  readonly received: Packet[];
  readonly closed: () => boolean;
  send(packet: Packet): void;
  /** Waits for a packet of this kind. */
  packet(cmd: Packet['cmd'], deadlineMs?: number): Promise<Packet>;
}

/** A socket with nothing sent on it yet; destroyed with the test. */
export async function rawClient(port: number): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1' });
  const received: Packet[] = [];
  let closed = false;
  const decoder = parser();
  decoder.on('packet', (packet) => received.push(packet));
  socket.on('data', (chunk) => decoder.parse(chunk));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    closed = true;
  });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return {
    socket,
    received,
    closed: () => closed,
    send: (packet) => void socket.write(generate(packet)),
    packet: (cmd, deadlineMs) =>
      waitFor(`a ${cmd} packet`, () => received.find((packet) => packet.cmd === cmd), deadlineMs),
  };
}

/** A bare socket with an accepted CONNECT. */
export async function rawSession(port: number, connectFields: object = {}): Promise<RawClient> {
  const client = await rawClient(port);
  client.send({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    clientId: `raw-${Math.random()}`,
    keepalive: 0,
    ...connectFields,
  });
  await client.packet('connack');
  return client;
}
