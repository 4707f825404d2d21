/**
 * Logs go to standard error: as JSON lines, or as readable lines on a terminal. Only the parts of an error that SHOWN names
 * are logged, because libraries add to an error what they were working on, such as the password of a refused AUTH.
 *
 * What happens a thousand times a second fills no disk: lines with the same message and reason are one line in each interval.
 */
import pino, { type Logger } from 'pino';
import pretty from 'pino-pretty';
import { spokenDuration } from './domain/duration.ts';

const SHOWN = ['type', 'message', 'stack', 'code', 'errno', 'syscall', 'address', 'port', 'field', 'status'];
const INFO = 30;
const FATAL = 60;

type LogMethod = (this: Logger, ...args: unknown[]) => void;

interface Repeated {
  /** Lines since the last that was written. */
  count: number;
  /** Writes the newest of them. */
  write: (count: number) => void;
}

function shownError(error: Error): object {
  const { aggregateErrors, ...serialized } = pino.stdSerializers.err(error);
  const parts: [string, unknown][] = Object.entries(serialized).filter(([name]) => SHOWN.includes(name));
  if (aggregateErrors) parts.push(['errors', aggregateErrors.map((each: Error) => each.message)]);
  return Object.fromEntries(parts);
}

/** Fields that say how long, in ms: people read them with a unit. */
const DURATIONS = ['delayMs', 'retryMs', 'nextTryMs', 'maxAgeMs', 'durationMs'];

/**
 * @param interval of the same message and reason one line is written in this time, ms; 0: every line is written
 * @param destination instead of standard error
 */
export function createLogger(level: string, interval: number, destination?: pino.DestinationStream): Logger {
  const options = {
    level,
    serializers: { err: shownError },
    ...(interval > 0 && { hooks: { logMethod: bounded(interval) } }),
  };
  if (destination) return pino(options, destination);
  if (!process.stderr.isTTY) return pino(options, pino.destination({ dest: 2, sync: true }));
  return pino(
    options,
    pretty({
      ...{ destination: 2, sync: true, singleLine: true, translateTime: 'SYS:HH:MM:ss' },
      // What `alert` says is in the message.
      ignore: 'pid,hostname,alert',
      customPrettifiers: Object.fromEntries(
        DURATIONS.map((name) => [name, (ms: unknown) => spokenDuration(Number(ms))]),
      ),
    }),
  );
}

/**
 * Writes the first line at once, and of further ones the newest at the end of the interval, with their number in `repeated`.
 * A message is told from others before its %s are filled in. Who asks for `debug` gets every line, and so does the audit log,
 * which counts by itself.
 */
function bounded(interval: number) {
  const open = new Map<string, Repeated>();
  const close = (key: string): void => {
    const { count, write } = open.get(key)!;
    open.delete(key);
    if (count === 0) return;
    begin(key);
    write(count);
  };
  const begin = (key: string): void => {
    open.set(key, { count: 0, write: () => {} });
    setTimeout(close, interval, key).unref();
  };
  return function logMethod(this: Logger, args: unknown[], method: LogMethod, level: number): void {
    const [fields, message] = typeof args[0] === 'string' ? [{}, args[0]] : [args[0] as object, args[1]];
    const every = level < INFO || level >= FATAL || 'audit' in fields || this.isLevelEnabled('debug');
    const key = every ? '' : `${level} ${message} ${reasonOf(fields)}`;
    const repeated = open.get(key);
    if (repeated) {
      repeated.count++;
      repeated.write = (count) => {
        if (count === 1) method.apply(this, args);
        else method.call(this, { ...fields, repeated: count }, ...args.slice(fields === args[0] ? 1 : 0));
      };
      return;
    }
    if (!every) begin(key);
    method.apply(this, args);
  };
}

function reasonOf(fields: { reason?: unknown; err?: { code?: unknown } }): string {
  return `${fields.reason ?? ''} ${fields.err?.code ?? ''}`;
}
