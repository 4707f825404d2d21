import { expect, it } from 'vitest';
import { mqttClients } from '../../src/app/listener-log.ts';
import { readConfig } from '../../src/settings/config.ts';

const TLS = { MQTT_TLS_PORT: '8883', MQTT_TLS_CERT: 'c', MQTT_TLS_KEY: 'k', MQTT_TLS_CLIENT_CA: 'ca' };
const PASSWORD = { MQTT_USERNAME: 'u', MQTT_PASSWORD: 'p' };

it.each([
  [{}, 'anybody', 'anybody'],
  [PASSWORD, 'by user name and password', 'by user name and password'],
  [TLS, 'anybody', 'by client certificate; its name means nothing'],
  [
    { ...TLS, ...PASSWORD },
    'by user name and password',
    'by a client certificate and user name and password',
  ],
  [
    { ...TLS, MQTT_TLS_CN_AS_USER: 'yes' },
    'anybody without a user name; no user name gets in',
    'by client certificate, which has the user name',
  ],
])('with %o a plain listener takes %s, one with TLS %s', (env, plain, tls) => {
  const config = readConfig({}, env as NodeJS.ProcessEnv);
  expect(mqttClients(config, false)).toBe(plain);
  expect(mqttClients(config, true)).toBe(tls);
});
