/** Opens a listening socket, and says which setting is to blame if that fails. */
import type { AddressInfo, Server } from 'node:net';
import { ConfigurationError } from '../src/errors.ts';

export interface Endpoint {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Name of the setting the port came from, for error messages, e.g. `MQTT_PORT`. */
  readonly setting: string;
}

/**
 * Resolves with the port that is now open.
 * @throws ConfigurationError (field: the endpoint's setting) if it cannot be opened
 */
export async function listen(server: Server, { host, port, setting }: Endpoint): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  }).catch((error: NodeJS.ErrnoException) => {
    const reason = reasons[error.code ?? ''] ?? error.message;
    throw new ConfigurationError(`${setting}: cannot listen on ${host} port ${port}: ${reason}`, {
      field: setting,
      cause: error,
    });
  });
  return (server.address() as AddressInfo).port;
}

const reasons: Record<string, string> = {
  EADDRINUSE: 'the port is already in use',
  EACCES: 'no permission for this port (below 1024 only a privileged user may)',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'no such host name',
};
