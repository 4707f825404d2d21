/**
 * Who may publish and subscribe where, in the format of Mosquitto's `acl_file`:
 *
 *     topic read news/#                    clients without a user name
 *     user boiler
 *     topic write sensors/boiler/+         that user; without a word: readwrite; `deny` goes before everything
 *     pattern readwrite own/%u/%c/#        every client; %u is its user name, %c its client id
 *
 * Everything else is forbidden. Other than in Mosquitto,
 *
 * - a subscription is refused unless all of what it asks for may be read: there are no subscriptions that silently leave
 *   messages out;
 * - to join `$share/vigia/…` is a right of its own, besides that to read: `topic read $share/vigia/#`;
 * - `alerts/…` and `bridge/…` may be published where a rule names them by their first level, and not by `topic write #`.
 */
import { ConfigurationError } from '../src/errors.ts';
import { isBridgeTopic } from './bridge-topics.ts';
import { coversFilter, filterProblem, matchesFilter, overlapsFilter, parseShared } from './topic-filter.ts';

export interface Identity {
  /** null for a client that gave none. */
  readonly user: string | null;
  readonly clientId: string;
}

interface Rule {
  readonly access: 'read' | 'write' | 'readwrite' | 'deny';
  readonly filter: string;
}

const LINE = /^(topic|pattern)\s+(?:(read|write|readwrite|deny)\s+)?(\S.*)$/;

export class AccessList {
  /** Of clients without a user name under null. */
  private readonly byUser = new Map<string | null, Rule[]>();
  private readonly patterns: Rule[] = [];

  /**
   * @param setting for the error, e.g. `MQTT_ACL`
   * @throws ConfigurationError (field: the setting) that names every line at fault
   */
  constructor(text: string, setting: string) {
    const problems: string[] = [];
    let rules = this.rulesOf(null);
    for (const [i, raw] of text.split(/\r?\n/).entries()) {
      const line = raw.trim();
      if (line === '' || line.startsWith('#')) continue;
      const user = /^user\s+(\S.*)$/.exec(line)?.[1];
      if (user !== undefined) {
        rules = this.rulesOf(user);
        continue;
      }
      const [, kind, access = 'readwrite', filter] = LINE.exec(line) ?? [];
      const problem =
        filter === undefined
          ? `must be 'user NAME', 'topic [read|write|readwrite|deny] TOPIC' or 'pattern …'`
          : filterProblem(filter);
      if (problem) problems.push(`line ${i + 1} ${problem}`);
      else
        (kind === 'topic' ? rules : this.patterns).push({
          access: access as Rule['access'],
          filter: filter!,
        });
    }
    if (problems.length === 0) return;
    throw new ConfigurationError(`${setting}: ${problems.join('; ')}`, { field: setting });
  }

  /** Whether a rule is for this user, or for users at all. */
  namesUsers(): boolean {
    return (
      [...this.byUser].some(([user, rules]) => user !== null && rules.length > 0) ||
      this.patterns.some(({ filter }) => filter.includes('%u'))
    );
  }

  /** Whether there are rules for the user of this name. */
  names(user: string): boolean {
    return this.byUser.has(user);
  }

  mayPublish(who: Identity, topic: string): boolean {
    const own = isBridgeTopic(topic) ? `${topic.slice(0, topic.indexOf('/'))}/` : '';
    return this.may(
      who,
      'write',
      (filter) => matchesFilter(filter, topic) && (filter === topic || filter.startsWith(own)),
      (filter) => matchesFilter(filter, topic),
    );
  }

  /** @param filter as subscribed, `$share/…` too */
  maySubscribe(who: Identity, filter: string): boolean {
    const wanted = parseShared(filter)?.filter;
    if (wanted === undefined) return this.mayRead(who, filter);
    return this.mayRead(who, filter) && this.mayRead(who, wanted);
  }

  private mayRead(who: Identity, wanted: string): boolean {
    return this.may(
      who,
      'read',
      (allowed) => coversFilter(allowed, wanted),
      (denied) => overlapsFilter(denied, wanted),
    );
  }

  private may(
    who: Identity,
    access: 'read' | 'write',
    allows: (filter: string) => boolean,
    denies: (filter: string) => boolean,
  ): boolean {
    let allowed = false;
    for (const { access: given, filter } of this.rulesFor(who)) {
      if (given === 'deny') {
        if (denies(filter)) return false;
      } else if (!allowed && (given === 'readwrite' || given === access)) allowed = allows(filter);
    }
    return allowed;
  }

  private *rulesFor({ user, clientId }: Identity): Generator<Rule> {
    yield* this.byUser.get(user) ?? [];
    for (const { access, filter } of this.patterns) {
      const own = substituted(filter, user, clientId);
      if (own !== null) yield { access, filter: own };
    }
  }

  private rulesOf(user: string | null): Rule[] {
    const rules = this.byUser.get(user) ?? [];
    this.byUser.set(user, rules);
    return rules;
  }
}

/** null where a name is missing, or would widen the pattern: a client called `#` must not get everything. */
function substituted(filter: string, user: string | null, clientId: string): string | null {
  let usable = true;
  const text = filter.replaceAll(/%[uc]/g, (which) => {
    const name = which === '%u' ? user : clientId;
    if (name === null || name === '' || /[+#/]/.test(name)) usable = false;
    return name ?? '';
  });
  return usable ? text : null;
}
