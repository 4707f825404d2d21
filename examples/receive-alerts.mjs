// Receives alerts: ALERT_WEBHOOK_URL=http://localhost:5000/ ALERT_WEBHOOK_SECRET=change-me npx vigia serve
// Usage: node receive-alerts.mjs [PORT [SECRET]]
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const [port = '5000', secret = 'change-me'] = process.argv.slice(2);
const seen = new Set();

createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const signed = `${request.headers['vigia-timestamp']}.${body}`;
  const wanted = Buffer.from(`sha256=${createHmac('sha256', secret).update(signed).digest('hex')}`);
  const given = Buffer.from(request.headers['vigia-signature'] ?? '');
  const known = given.length === wanted.length && timingSafeEqual(given, wanted);
  response.writeHead(known ? 204 : 401).end();
  const key = request.headers['idempotency-key'];
  if (!known || seen.has(key)) return;
  seen.add(key);
  const { state, severity, sensor, metric, rule, text } = JSON.parse(body);
  console.log(`${state} ${severity} ${sensor} ${metric} (${rule}): ${text.en}`);
}).listen(Number(port), () => console.log(`listening on port ${port}`));
