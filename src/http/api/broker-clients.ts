/** Who is at the built-in broker. */
import { z } from 'zod';
import type { HttpOptions } from '../http-options.ts';
import { route } from '../route.ts';
import { listLimit } from './fields.ts';

const DEFAULT_CLIENTS = 1000;

const clientAnswer = z.object({
  clientId: z.string(),
  user: z.string().nullable(),
  address: z.string().nullable().meta({ description: 'IP address; null of an absent client of a user' }),
  connected: z.boolean(),
  since: z.int().meta({ description: 'connected or absent since, ms UTC' }),
  seen: z.int().meta({ description: 'when the broker last got something from it, ms UTC' }),
  session: z.boolean().meta({ description: 'whether the broker keeps its subscriptions while it is absent' }),
  subscriptions: z.int(),
  queued: z.int().meta({ description: 'messages that wait or are not acknowledged' }),
});

type Options = Pick<HttpOptions, 'brokerClients'>;

export const brokerClientRoutes = (options: Options) => [listClients(options)];

const listClients = ({ brokerClients }: Options) =>
  route({
    method: 'GET',
    path: '/api/broker/clients',
    tag: 'operation',
    summary: 'The clients of the built-in broker: connected ones first, then sessions of absent ones',
    access: 'operator',
    query: z.object({ limit: listLimit }),
    answer: z.object({
      builtIn: z.boolean().meta({ description: 'false: the bridge is a client of another broker' }),
      count: z.int().meta({ description: 'of all clients' }),
      clients: z.array(clientAnswer),
    }),
    errors: [400],
    handler({ query: { limit = DEFAULT_CLIENTS } }) {
      const clients = brokerClients();
      return {
        builtIn: clients !== null,
        count: clients?.length ?? 0,
        clients: clients?.slice(0, limit) ?? [],
      };
    },
  });
