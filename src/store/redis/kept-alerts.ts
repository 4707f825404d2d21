/** Alert changes that targets have refused, and those that are due: two hashes a target, in the slot of the stream. */
import { type KeptAlert, type KeptAlertStore, keptKey } from '../alert-store.ts';
import { alertDueKey, alertKeptKey, alertToldKey } from './keys.ts';
import { checked, list, type Reply, text } from './reply.ts';
import type { Server } from './server.ts';

/** See `KeptAlertStore`. */
const MOST = 1000;

export class KeptAlerts implements KeptAlertStore {
  constructor(private readonly server: Server) {}

  async keep(target: string, change: KeptAlert): Promise<number> {
    const [key, due] = [alertKeptKey(target), alertDueKey(target)];
    await this.command(key, ['HSET', key, keptKey(change), JSON.stringify(change)]);
    await this.command(due, ['HDEL', due, keptKey(change)]);
    if ((await this.count(target)) <= MOST) return 0;
    const dropped = (await this.all(key)).slice(MOST).map(keptKey);
    return Number(await this.command(key, ['HDEL', key, ...dropped]));
  }

  list(target: string): Promise<KeptAlert[]> {
    return this.all(alertKeptKey(target));
  }

  async count(target: string): Promise<number> {
    const key = alertKeptKey(target);
    return Number(await this.command(key, ['HLEN', key]));
  }

  async sendAgain(target: string, keys: readonly string[] | null): Promise<number> {
    const due = alertDueKey(target);
    const chosen = (await this.list(target)).filter(
      (change) => keys === null || keys.includes(keptKey(change)),
    );
    if (chosen.length === 0) return 0;
    const pairs = chosen.flatMap((change) => [keptKey(change), JSON.stringify(change)]);
    await this.command(due, ['HSET', due, ...pairs]);
    return chosen.length;
  }

  async due(target: string, limit: number): Promise<KeptAlert[]> {
    return (await this.all(alertDueKey(target))).reverse().slice(0, limit);
  }

  async remove(
    target: string,
    keys: readonly string[],
    told: ReadonlyMap<string, string> = new Map(),
  ): Promise<number> {
    if (keys.length === 0) return 0;
    const [kept, due, toldKey] = [alertKeptKey(target), alertDueKey(target), alertToldKey(target)];
    if (told.size > 0) await this.command(toldKey, ['HSET', toldKey, ...[...told].flat()]);
    const removed = Number(await this.command(kept, ['HDEL', kept, ...keys]));
    return Math.max(removed, Number(await this.command(due, ['HDEL', due, ...keys])));
  }

  /** Newest first. */
  private async all(key: string): Promise<KeptAlert[]> {
    const [reply] = await this.server.run([{ key, args: ['HGETALL', key] }]);
    return list(reply, key)
      .filter((_, i) => i % 2 === 1)
      .map((value) => JSON.parse(text(value)) as KeptAlert)
      .sort((a, b) => b.at - a.at || b.alert.revision - a.alert.revision);
  }

  private async command(key: string, args: readonly string[]): Promise<Reply> {
    const [reply] = await this.server.commit([{ key, args }]);
    return checked(reply, key);
  }
}
