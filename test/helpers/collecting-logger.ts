import pino, { type Logger } from 'pino';

export interface Line {
  readonly msg: string;
  readonly [name: string]: unknown;
}

/** A logger, and what was logged with it from `level` on. */
export function collectingLogger(level: string): { readonly lines: Line[]; readonly logger: Logger } {
  const lines: Line[] = [];
  return { lines, logger: pino({ level }, { write: (line) => void lines.push(JSON.parse(line)) }) };
}
