/**
 * A query for one row that is used again and again. libsql does not reset a statement whose `get` has failed, so that it
 * fails for ever with the first error. A query that failed is prepared anew.
 */
import type Libsql from 'libsql';
import type { Database, Row } from './database.ts';

export class Query {
  private statement: Libsql.Statement | null = null;

  constructor(
    private readonly database: Database,
    private readonly sql: string,
  ) {
    this.statement = this.prepare();
  }

  /** @returns the first row, undefined where there is none */
  first(...parameters: unknown[]): Row | undefined {
    try {
      this.statement ??= this.prepare();
      return this.statement.get(...parameters) as Row | undefined;
    } catch (error) {
      this.statement = null;
      throw error;
    }
  }

  private prepare(): Libsql.Statement {
    return this.database.prepare(this.sql).raw();
  }
}
