import type { Response } from 'express';
import type { Role } from '../../domain/role.ts';

/** Who has sent a request. */
export interface Caller {
  /** Name of the user or token. */
  readonly name: string;
  readonly role: Role;
  /** How the caller has shown who it is. `none`: nobody needs to. */
  readonly by: 'token' | 'session' | 'none';
}

/** Where neither HTTP_TOKEN nor HTTP_USERS is set, everybody may do everything. */
export const ANYBODY: Caller = { name: 'anybody', role: 'admin', by: 'none' };

export function setCaller(response: Response, caller: Caller): void {
  response.locals.caller = caller;
}

/** The caller, null while it is not known. */
export function callerOf(response: Response): Caller | null {
  return response.locals.caller ?? null;
}
