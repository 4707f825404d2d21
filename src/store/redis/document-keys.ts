/** Documents: small texts that all replicas follow, each a hash with `revision` and `content`. */
import type { DocumentStore } from '../store.ts';
import { documentKey } from './keys.ts';
import { checked, list, textOrNull } from './reply.ts';
import { script } from './script.ts';
import type { Server } from './server.ts';

/** Writes any hash with a revision and a content. */
const PUT = script('put-model-table');

export function documentKeys(server: Server): DocumentStore {
  return {
    async get(name) {
      const key = documentKey(name);
      const [reply] = await server.run([{ key, args: ['HMGET', key, 'revision', 'content'] }]);
      const [revision, content] = list(reply, key).map(textOrNull);
      return revision == null || content == null ? null : { revision: Number(revision), content };
    },
    async put(name, { revision, content }, expected) {
      const key = documentKey(name);
      const args = ['EVALSHA', PUT.sha, '1', key, String(expected), String(revision), content];
      const [reply] = await server.commit([{ key, args, script: PUT }]);
      return checked(reply, key) === 1;
    },
  };
}
