import { type Section, setting } from '../setting.ts';
import { choice, list, port, portOrOff, text } from '../value-types.ts';

export const broker = {
  title: 'Built-in broker',
  settings: {
    port: setting('MQTT_PORT', portOrOff, {
      fallback: '1883',
      help: 'MQTT port of the built-in broker without TLS (0: any free port; off: none, where there is another listener)',
    }),
    webSocketPort: setting('MQTT_WS_PORT', port, {
      help: 'WebSocket port of the built-in broker (0: any free port; unset: no WebSocket)',
    }),
    webSocketOrigins: setting('MQTT_WS_ORIGINS', list, {
      shape: 'list',
      help: 'web pages that may open a WebSocket at the built-in broker, for example https://panel.example (*: all pages; unset: pages from the host that they connect to, where that is an address, a name without a dot or the name of the machine)',
    }),
    webSocketTlsPort: setting('MQTT_WSS_PORT', port, {
      help: 'port for WebSocket over TLS of the built-in broker, with the certificate of MQTT_TLS_CERT (0: any free port; unset: none)',
    }),
    tlsPort: setting('MQTT_TLS_PORT', port, {
      help: 'TLS port of the built-in broker (0: any free port; unset: no TLS)',
    }),
    tlsCert: setting('MQTT_TLS_CERT', text, {
      reload: true,
      help: 'certificate chain of the built-in broker as PEM (usually given as MQTT_TLS_CERT_FILE)',
    }),
    tlsKey: setting('MQTT_TLS_KEY', text, {
      reload: true,
      secret: true,
      help: 'private key of the built-in broker as PEM (usually given as MQTT_TLS_KEY_FILE)',
    }),
    tlsClientCa: setting('MQTT_TLS_CLIENT_CA', text, {
      reload: true,
      help: 'certificate as PEM of the authority that signs client certificates; when it is set, the built-in broker asks for a client certificate',
    }),
    tlsCnAsUser: setting('MQTT_TLS_CN_AS_USER', choice('no', 'yes'), {
      fallback: 'no',
      help: 'whether the built-in broker takes the common name of a client certificate as user name, without a password',
    }),
    tlsUserField: setting('MQTT_TLS_USER_FIELD', choice('cn', 'san-dns', 'san-email', 'san-uri'), {
      fallback: 'cn',
      help: 'which field of a client certificate has the user name with MQTT_TLS_CN_AS_USER=yes: its common name, or its one alternative name of that type',
    }),
    tlsCrl: setting('MQTT_TLS_CRL', text, {
      reload: true,
      help: 'list of revoked client certificates as PEM, one for each authority of MQTT_TLS_CLIENT_CA (usually given as MQTT_TLS_CRL_FILE)',
    }),
    users: setting('MQTT_USERS', text, {
      reload: true,
      secret: true,
      help: 'users of the built-in broker, in the format of mosquitto_passwd and `vigia passwd` (usually given as MQTT_USERS_FILE)',
    }),
    acl: setting('MQTT_ACL', text, {
      reload: true,
      help: 'who may publish and subscribe to which topics at the built-in broker, in the format of the acl_file of Mosquitto (usually given as MQTT_ACL_FILE)',
    }),
  },
  problems(values) {
    const problems: string[] = [];
    for (const name of ['MQTT_TLS_CRL', 'MQTT_TLS_CN_AS_USER'])
      if (values[name] !== undefined && values[name] !== 'no' && values.MQTT_TLS_CLIENT_CA === undefined)
        problems.push(`${name}: needs MQTT_TLS_CLIENT_CA`);
    const secure = ['MQTT_TLS_PORT', 'MQTT_WSS_PORT'].find((name) => values[name] !== undefined);
    for (const name of ['MQTT_TLS_CERT', 'MQTT_TLS_KEY'])
      if (secure && values[name] === undefined) problems.push(`${name}: is needed with ${secure}`);
    if (values.MQTT_PORT === null && values.MQTT_TLS_PORT === undefined && values.MQTT_URL === undefined)
      problems.push('MQTT_PORT: off needs MQTT_TLS_PORT');
    return problems;
  },
} satisfies Section;
