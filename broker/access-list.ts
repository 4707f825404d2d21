/**
 * Who may publish and subscribe where, in the format of Mosquitto's `acl_file`:
 *
 *     topic read news/#                    clients without a user name
 *     user boiler
 *     topic write sensors/boiler/+         that user; without a word: readwrite; `deny` goes before everything
 *     pattern readwrite own/%u/%c/#        every client; %u is its user name, %c its client id
 *
 * Everything else is forbidden. Other than in Mosquitto, a subscription is refused unless all of what it asks for may be
 * read: there are no subscriptions that silently leave messages out.
 */
import { ConfigurationError } from '../src/errors.ts';
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

  mayPublish(who: Identity, topic: string): boolean {
    return this.may(who, 'write', (filter) => matchesFilter(filter, topic), null);
  }

  /** @param filter as subscribed, `$share/…` too */
  maySubscribe(who: Identity, filter: string): boolean {
    const wanted = parseShared(filter)?.filter ?? filter;
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
    denies: ((filter: string) => boolean) | null,
  ): boolean {
    let allowed = false;
    for (const { access: given, filter } of this.rulesFor(who)) {
      if (given === 'deny') {
        if ((denies ?? allows)(filter)) return false;
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
