import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';

const NAME = 'vigia_http_refused_total';
const MINUTE_MS = 60_000;
/** Codes of errors that refuse a request for who sends it, or for how much is sent. */
const REFUSALS = new Set([
  'unauthorized',
  'forbidden',
  'cross_site',
  'unknown_host',
  'rate_limited',
  'too_many_clients',
  'too_many_reads',
]);

/** Counts refused requests and connections by reason. The audit log has the requests; refused connections get one line a minute. */
export class Refusals {
  private readonly counter: Counter;
  private loggedAt = Number.NEGATIVE_INFINITY;

  constructor(
    registry: Registry,
    private readonly logger: Logger,
  ) {
    const known = registry.getSingleMetric(NAME) as Counter | undefined;
    this.counter =
      known ??
      new Counter({
        name: NAME,
        help: 'Requests and connections that were refused for who sends them, or for how many there are.',
        labelNames: ['reason'],
        registers: [registry],
      });
  }

  /** @param code of an error; other codes are not counted */
  request(code: string): void {
    if (REFUSALS.has(code)) this.counter.inc({ reason: code });
  }

  connection(address: string): void {
    this.counter.inc({ reason: 'too_many_connections' });
    const now = performance.now();
    if (now - this.loggedAt < MINUTE_MS) return;
    this.loggedAt = now;
    this.logger.warn({ address }, 'connections of one address are refused (HTTP_ADDRESS_CONNECTIONS)');
  }
}
