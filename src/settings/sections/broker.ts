import { type Section, setting } from '../setting.ts';
import { choice, list, port, text } from '../value-types.ts';

export const broker = {
  title: 'Built-in broker',
  settings: {
    port: setting('MQTT_PORT', port, {
      fallback: '1883',
      help: 'MQTT port of the built-in broker (0: any free port)',
    }),
    webSocketPort: setting('MQTT_WS_PORT', port, {
      help: 'WebSocket port of the built-in broker (0: any free port; unset: no WebSocket)',
    }),
    webSocketOrigins: setting('MQTT_WS_ORIGINS', list, {
      shape: 'list',
      help: 'web pages that may open a WebSocket at the built-in broker, for example https://panel.example (unset: all pages)',
    }),
    tlsPort: setting('MQTT_TLS_PORT', port, {
      help: 'TLS port of the built-in broker (0: any free port; unset: no TLS)',
    }),
    tlsCert: setting('MQTT_TLS_CERT', text, {
      help: 'certificate chain of the built-in broker as PEM (usually given as MQTT_TLS_CERT_FILE)',
    }),
    tlsKey: setting('MQTT_TLS_KEY', text, {
      secret: true,
      help: 'private key of the built-in broker as PEM (usually given as MQTT_TLS_KEY_FILE)',
    }),
    tlsClientCa: setting('MQTT_TLS_CLIENT_CA', text, {
      help: 'certificate as PEM of the authority that signs client certificates; when it is set, the built-in broker asks for a client certificate',
    }),
    tlsCnAsUser: setting('MQTT_TLS_CN_AS_USER', choice('no', 'yes'), {
      fallback: 'no',
      help: 'whether the built-in broker takes the common name of a client certificate as user name, without a password',
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
    if (values.MQTT_TLS_CN_AS_USER === 'yes' && values.MQTT_TLS_CLIENT_CA === undefined) {
      problems.push('MQTT_TLS_CN_AS_USER: needs MQTT_TLS_CLIENT_CA');
    }
    if (values.MQTT_TLS_PORT !== undefined) {
      for (const name of ['MQTT_TLS_CERT', 'MQTT_TLS_KEY']) {
        if (values[name] === undefined) problems.push(`${name}: is needed with MQTT_TLS_PORT`);
      }
    }
    return problems;
  },
} satisfies Section;
