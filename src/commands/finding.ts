/** One line of `vigia doctor`. */
export interface Finding {
  readonly check:
    | 'settings'
    | 'access'
    | 'store'
    | 'clock'
    | 'broker'
    | 'model'
    | 'http'
    | 'data'
    | 'size'
    | 'sample';
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
}
