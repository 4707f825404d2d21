/** Commands that need the store of a running Vigía ask Vigía over HTTP, because only one process may write to the store. */

import { VigiaError } from '../errors.ts';
import type { Config } from '../settings/config.ts';
import { urlHost } from './terminal.ts';

export interface RunningServer {
  /** URL of a running `vigia serve` or `vigia bridge`. */
  readonly url: string;
  readonly token?: string | undefined;
}

/** The server answered with an error. */
export class ServerRefused extends VigiaError {
  constructor(
    readonly status: number,
    message: string,
    field: string | undefined,
  ) {
    super('server_refused', message, field === undefined ? {} : { field });
  }
}

/** The server at `url`, or without it the server that the settings describe. */
export function runningServer(config: Config, url: string | undefined): RunningServer {
  return { url: url ?? `http://${urlHost(config.http.host)}:${config.http.port}`, token: config.http.token };
}

/**
 * @returns the parsed JSON answer
 * @throws VigiaError `server_unavailable` when no server answers, ServerRefused with the message and the field of
 *   the server's answer
 */
export async function askServer(
  server: RunningServer,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: string | Uint8Array<ArrayBuffer>,
): Promise<unknown> {
  return (await requestServer(server, method, path, body)).json();
}

/** The answer, whose body the caller reads. @throws as `askServer` */
export async function requestServer(
  { url, token }: RunningServer,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: string | Uint8Array<ArrayBuffer>,
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(new URL(path, url), {
      method,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      ...(body !== undefined && { body }),
    });
  } catch (error) {
    throw new VigiaError(
      'server_unavailable',
      `no Vigía answers at ${url}: start \`vigia serve\` or give --url`,
      {
        field: 'url',
        cause: error,
      },
    );
  }
  if (response.ok) return response;
  const text = await response.text();
  let why = text;
  let field: string | undefined;
  try {
    const { error } = JSON.parse(text) as { error: { message: string; field?: string } };
    why = error.message;
    field = error.field;
  } catch {
    // The answer does not come from Vigía itself. Its text is the best reason there is.
  }
  throw new ServerRefused(response.status, `${url} answered ${response.status}: ${why}`, field);
}
