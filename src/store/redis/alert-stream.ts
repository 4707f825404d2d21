/**
 * The cursor of each target in the stream `vigia:alerts`, and its lease. They lie in the slot of the stream, so that one script
 * reads and moves them. A failover may undo the latest moves: then those changes are sent again.
 */
import type { Alert } from '../../domain/alert.ts';
import type { AlertStreamStore, Backlog, StreamedAlert } from '../alert-store.ts';
import {
  ALERT_REVISIONS,
  ALERT_STREAM,
  ALERT_TARGETS,
  alertDueKey,
  alertKeptKey,
  alertLeaseKey,
  alertToldKey,
} from './keys.ts';
import { checked, list, type Reply, text, textOrNull } from './reply.ts';
import { type Script, script } from './script.ts';
import type { Server } from './server.ts';

const ADD = script('add-alert-target');

const BACKLOG = script('read-alert-backlog');

const CONFIRM = script('confirm-alerts');

const RELEASE = script('release-alert-target');

export class AlertStream implements AlertStreamStore {
  constructor(private readonly server: Server) {}

  async addTarget(target: string): Promise<void> {
    await this.call(ADD, [ALERT_TARGETS, ALERT_STREAM], [target]);
  }

  async backlog(target: string, holder: string, leaseMs: number, limit: number): Promise<Backlog> {
    const keys = [
      ...[ALERT_TARGETS, ALERT_STREAM, alertLeaseKey(target), ALERT_REVISIONS],
      ...[alertToldKey(target), alertDueKey(target), alertKeptKey(target)],
    ];
    const reply = await this.call(BACKLOG, keys, [target, holder, String(leaseMs), String(limit)]);
    const [held, pending, lost, entries, now, due, kept, latest, told] = reply as [
      number,
      number,
      number,
      readonly Reply[],
      Reply,
      number,
      number,
      readonly Reply[],
      readonly Reply[],
    ];
    const first = entries[0] as readonly Reply[] | undefined;
    return {
      entries:
        held === 1
          ? entries.slice(0, limit).map((entry, i) => streamed(entry, text(latest[i]), textOrNull(told[i])))
          : null,
      pending,
      oldest: first && pending > 0 ? timeOf(text(first[0])) : null,
      lost,
      // A user that may not ask for the time of the server has the clock of this process.
      now: Number(text(now)) || Date.now(),
      due,
      kept,
    };
  }

  async confirm(
    target: string,
    holder: string,
    leaseMs: number,
    position: string,
    told: ReadonlyMap<string, string> = new Map(),
  ): Promise<boolean> {
    const keys = [ALERT_TARGETS, alertLeaseKey(target), alertToldKey(target)];
    const args = [target, holder, String(leaseMs), position, ...[...told].flat()];
    return (await this.call(CONFIRM, keys, args)) === 1;
  }

  async told(target: string, ids: readonly string[]): Promise<(string | null)[]> {
    if (ids.length === 0) return [];
    const key = alertToldKey(target);
    const [reply] = await this.server.run([{ key, args: ['HMGET', key, ...ids] }]);
    return list(reply, key).map(textOrNull);
  }

  async release(target: string, holder: string): Promise<void> {
    await this.call(RELEASE, [alertLeaseKey(target)], [holder]);
  }

  private async call(code: Script, keys: readonly string[], args: readonly string[]): Promise<Reply> {
    const all = ['EVALSHA', code.sha, String(keys.length), ...keys, ...args];
    // Not `commit`: if a crash undoes this, a change is sent twice, and receivers recognise the second one.
    const [reply] = await this.server.run([{ key: keys[0]!, args: all, script: code }]);
    return checked(reply, keys[0]!);
  }
}

function streamed(entry: Reply, latest: string, told: string | null): StreamedAlert {
  const [id, fields] = entry as readonly [Reply, readonly Reply[]];
  const named = new Map<string, string>();
  for (let i = 0; i + 1 < fields.length; i += 2) named.set(text(fields[i]), text(fields[i + 1]));
  return {
    position: `${named.get('n') ?? 0} ${text(id)}`,
    at: timeOf(text(id)),
    alert: JSON.parse(named.get('alert')!) as Alert,
    news: named.get('news') !== '0',
    latest,
    told,
  };
}

/** The id of an entry begins with the server's time, ms. */
function timeOf(id: string): number {
  return Number(id.slice(0, id.indexOf('-')));
}
