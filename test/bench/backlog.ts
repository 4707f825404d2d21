/** A load generator: fills a broker's queue for an absent persistent subscriber, as fast as the broker acknowledges. */
import { connect } from 'node:net';
import mqttPacket from 'mqtt-packet';

export interface BacklogOptions {
  readonly port: number;
  readonly series: number;
  readonly perSeries: number;
  /** ms UTC of the first reading. */
  readonly start: number;
}

/** Connections that publish at the same time, each with its own series, so that every series stays in order. */
const CONNECTIONS = 4;
const WINDOW = 500;

/** Publishes `perSeries` readings of `series` sensors, time by time, QoS 1. Resolves when all are acknowledged. */
export async function publishBacklog(options: BacklogOptions): Promise<void> {
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, part) => publishPart(options, part)));
}

function publishPart({ port, series, perSeries, start }: BacklogOptions, part: number): Promise<void> {
  const mine = Array.from({ length: series }, (_, s) => s).filter((s) => s % CONNECTIONS === part);
  const total = mine.length * perSeries;
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const parser = mqttPacket.parser();
    let sent = 0;
    let acknowledged = 0;
    const send = (count: number) => {
      const packets: Buffer[] = [];
      for (; count > 0 && sent < total; count--, sent++) {
        const sensor = mine[sent % mine.length]!;
        const i = Math.floor(sent / mine.length);
        packets.push(
          mqttPacket.generate({
            cmd: 'publish',
            topic: `sensors/bench-${sensor}/temperature`,
            payload: `{"value":${(71 + 3 * Math.sin(i / 50 + sensor) + ((sensor * 31 + i * 17) % 100) / 100).toFixed(2)},"ts":${start + i * 1000}}`,
            qos: 1,
            messageId: (sent % 65_535) + 1,
            dup: false,
            retain: false,
          }),
        );
      }
      if (packets.length > 0) socket.write(Buffer.concat(packets));
    };
    parser.on('packet', ({ cmd }) => {
      if (cmd === 'connack') send(WINDOW);
      if (cmd !== 'puback') return;
      acknowledged++;
      if (acknowledged === total) {
        socket.end();
        resolve();
      } else if (acknowledged % 50 === 0) send(WINDOW - (sent - acknowledged));
    });
    socket.on('data', (chunk) => parser.parse(chunk));
    socket.on('error', reject);
    socket.write(
      mqttPacket.generate({
        cmd: 'connect',
        clientId: `backlog-${part}`,
        protocolVersion: 4,
        clean: true,
        keepalive: 60,
        protocolId: 'MQTT',
      }),
    );
  });
}
