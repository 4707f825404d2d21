/** The log is bounded: one line in each interval of the same message and reason, and no line is lost uncounted. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { VigiaError } from '../../src/errors.ts';
import { createLogger } from '../../src/logger.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function start(level = 'info', interval = 1000) {
  const lines: { msg: string; repeated?: number; [field: string]: unknown }[] = [];
  const logger = createLogger(level, interval, { write: (line: string) => lines.push(JSON.parse(line)) });
  return { logger, lines };
}

describe('the log', () => {
  it('has one line a second of what happens a thousand times a second, and counts the others', () => {
    const { logger, lines } = start();
    for (let i = 0; i < 3000; i++) {
      logger.error({ series: `s/${i}`, err: new VigiaError('store_key', `s/${i}`) }, 'cannot be written');
      vi.advanceTimersByTime(1);
    }
    vi.advanceTimersByTime(3000);
    expect(lines.map(({ series, repeated = 1 }) => [series, repeated])).toEqual([
      ['s/0', 1],
      ['s/999', 999],
      ['s/1999', 1000],
      ['s/2999', 1000],
    ]);
  });

  it('tells messages, reasons, codes of errors and levels apart', () => {
    const { logger, lines } = start();
    for (let i = 0; i < 3; i++) {
      logger.warn({ reason: 'a' }, 'refused');
      logger.warn({ reason: 'b' }, 'refused');
      logger.info({ reason: 'b' }, 'refused');
      logger.error({ err: new VigiaError('one', '') }, 'failed');
      logger.error({ err: new VigiaError('two', '') }, 'failed');
      logger.error('failed');
    }
    expect(lines).toHaveLength(6);
  });

  it('counts lines that differ only in what is filled in together, and those of loggers made from it', () => {
    const { logger, lines } = start();
    for (let i = 0; i < 100; i++) logger.child({ i }).warn({}, 'trouble with %s', `s${i}`);
    vi.advanceTimersByTime(1000);
    expect(lines.map(({ msg, repeated = 1, i }) => [msg, repeated, i])).toEqual([
      ['trouble with s0', 1, 0],
      ['trouble with s99', 99, 99],
    ]);
  });

  it('writes every act of the audit log, every line for who asks for debug, and every line without an interval', () => {
    const each = (logger: { info(fields: object, text: string): void }) => {
      for (let i = 0; i < 10; i++) logger.info({ i }, 'said');
    };
    const debug = start('debug');
    each(debug.logger);
    const endless = start('info', 0);
    each(endless.logger);
    const audit = start();
    for (let i = 0; i < 10; i++) audit.logger.info({ audit: { i } }, 'audit: done');
    for (const { lines } of [debug, endless, audit]) expect(lines).toHaveLength(10);
  });

  it('repeats a message without fields as it was', () => {
    const { logger, lines } = start();
    for (let i = 0; i < 3; i++) logger.info('said %d', i);
    vi.advanceTimersByTime(1000);
    expect(lines.map(({ msg, repeated }) => [msg, repeated])).toEqual([
      ['said 0', undefined],
      ['said 2', 2],
    ]);
  });
});
