/** How to get into an external broker, as MQTT.js takes it. What is not set is absent, so that the defaults of MQTT.js hold. */
export interface BrokerAccess {
  readonly username?: string;
  readonly password?: string;
  /** PEM texts for TLS; `cert` and `key` make a client certificate. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}
