/**
 * Whether Vigía itself publishes there: alerts, and the status of replicas. A reading must not come from there, or with
 * a wide MQTT_TOPICS each alert would make new readings.
 */
export function isOwnTopic(topic: string): boolean {
  return /^(alerts\/[^/]+\/[^/]+|bridge\/[^/]+)$/.test(topic);
}
