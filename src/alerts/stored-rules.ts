/** Alert rules that operators keep in the store, so that all replicas follow them; they go before those of ALERT_RULES. */
import type { AlertRule } from '../domain/alert-rule.ts';
import { InvalidInput } from '../errors.ts';
import type { DocumentStore } from '../store/store.ts';
import { readAlertRules, writtenRule } from './alert-rules.ts';
import { StoredDocument } from './stored-document.ts';

export interface StoredRulesOptions {
  readonly documents: DocumentStore;
  /** Those of ALERT_RULES. */
  readonly configured: readonly AlertRule[];
  /** Takes over all rules, for each series from its next reading on. */
  readonly apply: (rules: readonly AlertRule[]) => void;
  /** Whether replicas of release 0.1 may run on the store: they do not know these rules. */
  readonly readableByFormer: () => boolean;
}

export class StoredRules {
  private readonly document: StoredDocument<readonly unknown[]>;
  private ofSettings: readonly AlertRule[];

  constructor(private readonly options: StoredRulesOptions) {
    this.ofSettings = options.configured;
    this.document = new StoredDocument<readonly unknown[]>(options.documents, 'alert-rules', [], () =>
      this.apply(),
    );
  }

  /** As they were given. */
  get stored(): readonly unknown[] {
    return this.document.current;
  }

  /** Counts the changes of `stored`. */
  get revision(): number {
    return this.document.revision;
  }

  /** Those of ALERT_RULES, as they could be written. */
  get configured(): readonly object[] {
    return this.ofSettings.map(writtenRule);
  }

  /** @throws StoreUnavailable */
  refresh(): Promise<void> {
    return this.document.refresh();
  }

  /** New rules of ALERT_RULES. */
  configure(rules: readonly AlertRule[]): void {
    this.ofSettings = rules;
    this.apply();
  }

  /**
   * @param expected the revision that was read
   * @returns whether they were written: not if somebody else has changed them since
   * @throws InvalidInput that names entry and field, StoreUnavailable
   */
  async replace(rules: readonly unknown[], expected: number): Promise<boolean> {
    const { problems } = readAlertRules(rules);
    if (problems.length > 0) throw new InvalidInput('rules', `rules: ${problems.join('; ')}`);
    if (this.options.readableByFormer()) {
      const why = 'replicas of release 0.1 may run on this store, and they do not know these rules';
      throw new InvalidInput('rules', `rules: ${why}; set STATE_FORMAT=3 when none will come back`);
    }
    return this.document.replace(rules, expected);
  }

  private apply(): void {
    // A later release may know fields that this one does not: what is understood holds.
    this.options.apply([...this.ofSettings, ...readAlertRules(this.document.current).rules]);
  }
}
