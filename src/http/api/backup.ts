/** A copy of the embedded store, for `vigia backup`: only the process that has the store open can make one. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { HttpOptions } from '../http-options.ts';
import { RequestRefused } from '../middleware/error-answer.ts';
import { route, SENT } from '../route.ts';

type Options = Pick<HttpOptions, 'store'>;

export const backupRoutes = (options: Options) => [downloadBackup(options)];

const downloadBackup = ({ store }: Options) =>
  route({
    method: 'GET',
    path: '/api/backup',
    tag: 'operation',
    summary: 'A consistent copy of the embedded store, a SQLite database',
    access: 'admin',
    otherTypes: ['application/vnd.sqlite3'],
    errors: [404, 503],
    async handler({ request, response }) {
      if (!store.backup) {
        throw new RequestRefused(404, 'not_found', 'the store is Redis: back it up with the means of Redis');
      }
      response.attachment('vigia.db').type('application/vnd.sqlite3');
      if (request.method === 'HEAD') {
        response.end();
        return SENT;
      }
      const { file, remove } = await store.backup();
      try {
        response.set('Content-Length', String((await stat(file)).size));
        await pipeline(createReadStream(file), response);
      } catch (error) {
        // A client that goes away is no failure. A client that stays notices a failure: the answer breaks off.
        if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
      } finally {
        remove();
      }
      return SENT;
    },
  });
