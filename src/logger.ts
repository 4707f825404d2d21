/**
 * Logs go to standard error: as JSON lines, or as readable lines on a terminal. Only the parts of an error that SHOWN names
 * are logged, because libraries add to an error what they were working on, such as the password of a refused AUTH.
 */
import pino, { type Logger } from 'pino';
import pretty from 'pino-pretty';

const SHOWN = ['type', 'message', 'stack', 'code', 'errno', 'syscall', 'address', 'port', 'field', 'status'];

function shownError(error: Error): object {
  const { aggregateErrors, ...serialized } = pino.stdSerializers.err(error);
  const parts: [string, unknown][] = Object.entries(serialized).filter(([name]) => SHOWN.includes(name));
  if (aggregateErrors) parts.push(['errors', aggregateErrors.map((each: Error) => each.message)]);
  return Object.fromEntries(parts);
}

export function createLogger(level: string): Logger {
  if (!process.stderr.isTTY)
    return pino({ level, serializers: { err: shownError } }, pino.destination({ dest: 2, sync: true }));
  return pino(
    { level, serializers: { err: shownError } },
    pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' }),
  );
}
