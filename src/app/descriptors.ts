/** Whether the operating system lets the process open as many connections as the settings allow. */
import { readFileSync } from 'node:fs';

/** Files, listeners and connections of the process itself. */
const OWN = 200;

/** @returns how many files the process may open; null where the system does not tell */
export function openFilesLimit(read = () => readFileSync('/proc/self/limits', 'utf8')): number | null {
  try {
    const soft = /^Max open files\s+(\S+)/m.exec(read())?.[1];
    return soft === undefined || soft === 'unlimited' ? null : Number(soft);
  } catch {
    return null;
  }
}

/** @param maxConnections MQTT_MAX_CONNECTIONS @returns what to change; null where the limit suffices or is not known */
export function descriptorProblem(maxConnections: number, limit = openFilesLimit()): string | null {
  const needed = maxConnections + OWN;
  if (limit === null || limit >= needed) return null;
  return `MQTT_MAX_CONNECTIONS is ${maxConnections}, but this process may open ${limit} files: raise the limit to ${needed} (ulimit -n, LimitNOFILE, --ulimit nofile) or lower MQTT_MAX_CONNECTIONS`;
}
