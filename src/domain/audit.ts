/** One act of a person or a program: who did what to what, from where, and with which outcome. */
export interface AuditEntry {
  /** ms UTC */
  readonly ts: number;
  /** Name of the user or token; null: unknown. */
  readonly actor: string | null;
  readonly role: string | null;
  /** IP address of the client. */
  readonly address: string;
  /** Method and path of the route, such as `DELETE /api/series/{sensor}/{metric}`. */
  readonly action: string;
  /** What the act is about: the parameters of the path, and the query. */
  readonly target: string;
  /** `refused`: the caller may not do this. `failed`: the caller may, but the act did not succeed. */
  readonly outcome: 'done' | 'refused' | 'failed';
  /** HTTP status of the answer. */
  readonly status: number;
  readonly detail: string | null;
  readonly requestId: string;
  /** How many equal acts this entry stands for: repeated refusals are recorded once a minute. */
  readonly count: number;
}

/** An entry as the store gives it, with its place in the log. */
export interface StoredAuditEntry extends AuditEntry {
  /** Greater than the positions of all entries before, as the store compares them. */
  readonly position: string;
}
