import { type Section, setting } from '../setting.ts';
import { bytes, duration, whole } from '../value-types.ts';

export const live = {
  title: 'Live stream',
  settings: {
    intervalMs: setting('LIVE_INTERVAL', duration(10), {
      fallback: '200ms',
      help: 'shortest time between two writes to a client of /api/stream',
    }),
    rate: setting('LIVE_RATE', whole(1, 1_000_000), {
      fallback: '2000',
      help: 'readings per second that /api/stream sends to one client; above this rate the client gets only the newest reading of each series',
    }),
    addressClients: setting('LIVE_ADDRESS_CLIENTS', whole(1, 1_000_000), {
      fallback: '100',
      help: 'clients of one address that may be connected to /api/stream at the same time',
    }),
    clients: setting('LIVE_CLIENTS', whole(1, 1_000_000), {
      fallback: '500',
      help: 'clients that may be connected to /api/stream at the same time',
    }),
    clientBuffer: setting('LIVE_CLIENT_BUFFER', bytes(1024, 2 ** 30), {
      fallback: '512kB',
      help: 'bytes that may wait for one client of /api/stream before its connection is closed',
    }),
    heartbeatMs: setting('LIVE_HEARTBEAT', duration(100), {
      fallback: '15s',
      help: 'how often /api/stream sends a comment, so that both sides notice a dead connection',
    }),
  },
} satisfies Section;
