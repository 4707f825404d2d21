// The image's HEALTHCHECK: /healthz answers, or, where nothing serves HTTP (`vigia broker`), the broker takes connections.
// The image has no curl. `vigia devices` listens nowhere: switch the check off there.
import { connect } from 'node:net';

const { PORT = '80', MQTT_PORT = '1883', MQTT_TLS_PORT } = process.env;
const mqttPort = MQTT_PORT === 'off' ? MQTT_TLS_PORT : MQTT_PORT;
const socketTimeout = 10_000;

try {
  const { ok } = await fetch(`http://127.0.0.1:${PORT}/healthz`, {
    signal: AbortSignal.timeout(socketTimeout),
  });
  process.exit(ok ? 0 : 1);
} catch (error) {
  if (error.cause?.code !== 'ECONNREFUSED') process.exit(1);
}
connect({ host: '127.0.0.1', port: Number(mqttPort), timeout: socketTimeout })
  .on('connect', () => process.exit(0))
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1));
