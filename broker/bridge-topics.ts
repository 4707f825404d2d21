/**
 * Where only bridges speak: alerts, and the status of the replicas. Whoever else published there could raise alarms, clear
 * them, or make a bridge look gone.
 */
export function isBridgeTopic(topic: string): boolean {
  return topic.startsWith('alerts/') || topic.startsWith('bridge/');
}
