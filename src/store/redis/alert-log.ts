/**
 * Alerts across series. On a Cluster, a commit can write atomically only the keys of its series. So a commit puts its alert
 * changes into the outbox of the series. The replica then relays them: it appends them to the stream `vigia:alerts`, enters them
 * in the index, and only then removes them from the outbox. Appending is idempotent by id and revision. If a replica dies in
 * between, the broker sends the unacknowledged readings again, and the next commit of the series relays the rest.
 */
import { type Acknowledgement, type Alert, toldBy } from '../../domain/alert.ts';
import { type SeriesId, seriesKey } from '../../domain/series.ts';
import { type AlertQuery, type AlertStore, endOf, keptKey } from '../alert-store.ts';
import { decodeAlert, encodeAcknowledgement, parseAlertId } from './alert-entry.ts';
import type { Call } from './connection.ts';
import {
  ALERT_INDEX,
  ALERT_REVISIONS,
  ALERT_STREAM,
  ALERT_TARGETS,
  alertDueKey,
  alertToldKey,
  fieldKey,
} from './keys.ts';
import { checked, list, type Reply, text, textOrNull, unusableKey } from './reply.ts';
import { script } from './script.ts';
import type { Server } from './server.ts';

const APPEND = script('append-alerts');

const ACKNOWLEDGE = script('acknowledge-alert');

/** Alerts per append, and index entries read at once. */
const PAGE = 500;
/** The field of a target in ALERT_TARGETS begins with this. */
const CURSOR = 'cursor ';

/** The alert changes in the outbox of one series: field and entry in turn. */
export interface Outbox {
  readonly series: SeriesId;
  readonly entries: readonly Reply[];
}

export class AlertLog implements AlertStore {
  constructor(
    private readonly server: Server,
    private readonly retention: number,
  ) {}

  /** Resolves when every pending change is in the stream. @throws VigiaError `store_key`, StoreUnavailable */
  async relay(outboxes: readonly Outbox[]): Promise<void> {
    const waiting = outboxes.flatMap(({ series, entries }) => {
      const changes: { alert: Alert; outbox: string; field: string }[] = [];
      const outbox = fieldKey(seriesKey(series), 'outbox');
      for (let i = 0; i + 1 < entries.length; i += 2) {
        const field = text(entries[i]);
        changes.push({ alert: decodeAlert(series, field, text(entries[i + 1])), outbox, field });
      }
      return changes;
    });
    waiting.sort((a, b) => a.alert.revision - b.alert.revision || a.alert.ts - b.alert.ts);
    for (let i = 0; i < waiting.length; i += PAGE) {
      const part = waiting.slice(i, i + PAGE);
      await this.append(part.map(({ alert }) => alert));
      const fields = new Map<string, string[]>();
      for (const { outbox, field } of part) fields.set(outbox, [...(fields.get(outbox) ?? []), field]);
      const cleared = [...fields].map(([key, names]) => ({ key, args: ['HDEL', key, ...names] }));
      const replies = await this.server.run(cleared);
      replies.forEach((reply, j) => {
        checked(reply, cleared[j]!.key);
      });
    }
  }

  private async append(alerts: readonly Alert[]): Promise<void> {
    const keys = [ALERT_STREAM, ALERT_INDEX, ALERT_REVISIONS, ALERT_TARGETS];
    const args = ['EVALSHA', APPEND.sha, String(keys.length), ...keys];
    for (const alert of alerts) {
      const { id, ts, revision } = alert;
      args.push(id, String(ts), String(revision), toldBy(alert), JSON.stringify(alert));
    }
    const [reply] = await this.server.commit([{ key: ALERT_STREAM, args, script: APPEND }]);
    const answer = checked(reply, ALERT_STREAM);
    if (Array.isArray(answer)) throw unusableKey(text(answer[1]), `is a ${text(answer[2])}`);
  }

  async list(query: AlertQuery): Promise<Alert[]> {
    const wanted = (alert: Alert) =>
      (query.state === undefined ? alert.state !== 'retracted' : alert.state === query.state) &&
      alert.rule === (query.rule ?? alert.rule) &&
      alert.ts >= (query.from ?? 0) &&
      alert.ts <= (query.to ?? Number.POSITIVE_INFINITY);
    const { sensor, metric, rule } = query;
    const [first, last] = [String(query.to ?? '+inf'), String(query.from ?? 0)];
    if (sensor !== undefined && metric !== undefined) {
      const found = (await this.ofSeries({ sensor, metric })).filter(wanted);
      return found.sort(newestFirst).slice(0, query.limit);
    }
    const found = new Map<string, Alert>();
    for (let offset = 0; found.size < query.limit; offset += PAGE) {
      const ids = await this.indexed('ZREVRANGEBYSCORE', first, last, offset);
      const places = ids.flatMap((id) => {
        const place = parseAlertId(id);
        if (!place || (sensor !== undefined && place.series.sensor !== sensor)) return [];
        if (rule !== undefined && place.rule !== rule) return [];
        return metric !== undefined && place.series.metric !== metric ? [] : [place];
      });
      const entries = await this.server.run(
        places.map(({ key, field }) => hget(fieldKey(key, 'alerts'), field)),
      );
      places.forEach(({ series, key, field }, i) => {
        const entry = textOrNull(checked(entries[i], fieldKey(key, 'alerts')));
        const alert = entry === null ? null : decodeAlert(series, field, entry);
        if (alert && wanted(alert)) found.set(alert.id, alert);
      });
      if (ids.length < PAGE) break;
    }
    return [...found.values()].sort(newestFirst).slice(0, query.limit);
  }

  async since(series: SeriesId, ts: number): Promise<Alert[]> {
    const found = (await this.ofSeries(series)).filter(
      (alert) =>
        alert.state !== 'retracted' && (alert.ts > ts || alert.clearedTs === null || alert.clearedTs > ts),
    );
    return found.sort((a, b) => a.ts - b.ts);
  }

  async acknowledge(id: string, who?: Acknowledgement): Promise<Alert | null> {
    const place = parseAlertId(id);
    if (!place) return null;
    const { series, key, field } = place;
    const keys = [fieldKey(key, 'alerts'), fieldKey(key, 'outbox'), fieldKey(key, 'state')];
    const args = ['EVALSHA', ACKNOWLEDGE.sha, '3', ...keys, field, who ? encodeAcknowledgement(who) : ''];
    const [reply] = await this.server.commit([{ key: keys[0]!, args, script: ACKNOWLEDGE }]);
    const answer = checked(reply, keys[0]!) as readonly Reply[] | null;
    if (answer === null) return null;
    await this.relay([{ series, entries: answer[1] as readonly Reply[] }]);
    return decodeAlert(series, field, text(answer[0]));
  }

  /** The series is to be removed: makes the end of its open alerts due at every target that was told of them. */
  async announceEnd(series: SeriesId, now: number): Promise<void> {
    const open = (await this.ofSeries(series)).filter(({ state }) => state === 'open');
    if (open.length === 0) return;
    for (const target of await this.targets()) {
      const [told, due] = [alertToldKey(target), alertDueKey(target)];
      const [reply] = await this.server.run([
        { key: told, args: ['HMGET', told, ...open.map(({ id }) => id)] },
      ]);
      const heard = list(reply, told).map(textOrNull);
      const ends = open.filter((_, i) => heard[i]?.startsWith('open')).map((alert) => endOf(alert, now));
      if (ends.length === 0) continue;
      const pairs = ends.flatMap((end) => [keptKey(end), JSON.stringify(end)]);
      const [added] = await this.server.commit([{ key: due, args: ['HSET', due, ...pairs] }]);
      checked(added, due);
    }
  }

  /** Takes the alerts of a series out of index, revisions and stream. @param key the series' key, see `seriesKey` */
  async forget(key: string): Promise<void> {
    const own = `${key}/`;
    const told = (await this.targets()).map((target) => [alertToldKey(target), 'HSCAN', 'HDEL'] as const);
    // Names are encoded: nothing in them is special to MATCH.
    for (const [at, scan, remove] of [
      [ALERT_INDEX, 'ZSCAN', 'ZREM'],
      [ALERT_REVISIONS, 'HSCAN', 'HDEL'],
      ...told,
    ] as const) {
      let cursor = '0';
      do {
        const args = [scan, at, cursor, 'MATCH', `${own}*`, 'COUNT', String(PAGE)];
        const [reply] = await this.server.run([{ key: at, args }]);
        const [next, pairs] = checked(reply, at) as readonly [Reply, readonly Reply[]];
        cursor = text(next);
        const ids = pairs.filter((_, i) => i % 2 === 0).map(text);
        if (ids.length > 0) await this.server.commit([{ key: at, args: [remove, at, ...ids] }]);
      } while (cursor !== '0');
    }
    for (let from = '-'; ; ) {
      const args = ['XRANGE', ALERT_STREAM, from, '+', 'COUNT', String(PAGE)];
      const [reply] = await this.server.run([{ key: ALERT_STREAM, args }]);
      const entries = list(reply, ALERT_STREAM) as readonly (readonly [Reply, readonly Reply[]])[];
      const ids = entries
        .filter(([, fields]) =>
          text(fields[fields.findIndex((field) => text(field) === 'id') + 1]).startsWith(own),
        )
        .map(([id]) => text(id));
      if (ids.length > 0) {
        await this.server.commit([{ key: ALERT_STREAM, args: ['XDEL', ALERT_STREAM, ...ids] }]);
      }
      if (entries.length < PAGE) return;
      from = `(${text(entries.at(-1)![0])}`;
    }
  }

  /**
   * Drops the alerts older than RETENTION, but none that is open or that a late reading may still change, and what is
   * as old in the stream.
   */
  async trim(now: number): Promise<void> {
    const before = now - this.retention;
    for (let offset = 0; ; ) {
      const ids = await this.indexed('ZRANGEBYSCORE', '-inf', `(${before}`, offset);
      const places = ids.map((id) => ({ id, place: parseAlertId(id) }));
      const dropped: string[] = [];
      const calls: Call[] = [];
      const read = places.flatMap(({ place }) =>
        place
          ? [hget(fieldKey(place.key, 'alerts'), place.field), hget(fieldKey(place.key, 'state'), 'h')]
          : [],
      );
      const replies = await this.server.run(read);
      let next = 0;
      for (const { id, place } of places) {
        const entry = place && textOrNull(replies[next++]);
        const horizon = place && textOrNull(replies[next++]);
        if (entry && place) {
          const { state, ts } = decodeAlert(place.series, place.field, entry);
          if (state === 'open' || ts > Number(horizon ?? -1)) continue;
          const key = fieldKey(place.key, 'alerts');
          calls.push({ key, args: ['HDEL', key, place.field] });
        }
        dropped.push(id);
      }
      if (dropped.length > 0) {
        await this.server.run(calls);
        const hashes = [ALERT_REVISIONS, ...(await this.targets()).map(alertToldKey)];
        await this.server.run([
          { key: ALERT_INDEX, args: ['ZREM', ALERT_INDEX, ...dropped] },
          ...hashes.map((key) => ({ key, args: ['HDEL', key, ...dropped] })),
        ]);
      }
      if (ids.length < PAGE) break;
      offset += ids.length - dropped.length;
    }
    await this.server.run([
      { key: ALERT_STREAM, args: ['XTRIM', ALERT_STREAM, 'MINID', String(Math.max(0, before))] },
    ]);
  }

  private async targets(): Promise<string[]> {
    const [reply] = await this.server.run([{ key: ALERT_TARGETS, args: ['HKEYS', ALERT_TARGETS] }]);
    return list(reply, ALERT_TARGETS)
      .map(text)
      .filter((field) => field.startsWith(CURSOR))
      .map((field) => field.slice(CURSOR.length));
  }

  private async ofSeries(series: SeriesId): Promise<Alert[]> {
    const key = fieldKey(seriesKey(series), 'alerts');
    const [reply] = await this.server.run([{ key, args: ['HGETALL', key] }]);
    const hash = list(reply, key);
    return hash.flatMap((field, i) =>
      i % 2 === 0 ? [decodeAlert(series, text(field), text(hash[i + 1]))] : [],
    );
  }

  private async indexed(command: string, first: string, last: string, offset: number): Promise<string[]> {
    const args = [command, ALERT_INDEX, first, last, 'LIMIT', String(offset), String(PAGE)];
    const [ids] = await this.server.run([{ key: ALERT_INDEX, args }]);
    return list(ids, ALERT_INDEX).map(text);
  }
}

function hget(key: string, field: string): Call {
  return { key, args: ['HGET', key, field] };
}

function newestFirst(a: Alert, b: Alert): number {
  return b.ts - a.ts || (a.id < b.id ? -1 : 1);
}
