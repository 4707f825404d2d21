// Publishes a temperature a second. Usage: node publish.mjs [URL [SENSOR [READINGS]]]; needs the package mqtt.
import mqtt from 'mqtt';

const [url = 'mqtt://localhost:1883', sensor = 'node-example', readings = 'Infinity'] = process.argv.slice(2);
const client = await mqtt.connectAsync(url);
for (let i = 0; i < Number(readings); i++) {
  const value = Math.round(100 * (21 + Math.sin(i / 30))) / 100;
  // QoS 1: the promise is kept when the reading is stored. With the time, a repeated message is one reading.
  await client.publishAsync(`sensors/${sensor}/temperature`, JSON.stringify({ value, ts: Date.now() }), {
    qos: 1,
  });
  await new Promise((resolve) => setTimeout(resolve, 1000));
}
await client.endAsync();
