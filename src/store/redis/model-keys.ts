/** Artifacts by id, and the table that says which is in force where. */
import { EMPTY_TABLE } from '../../domain/model-table.ts';
import type { ModelStore } from '../store.ts';
import { MODEL_TABLE_KEY, MODELS_KEY } from './keys.ts';
import { checked, list, text, textOrNull } from './reply.ts';
import { script } from './script.ts';
import type { Server } from './server.ts';

const PUT_TABLE = script('put-model-table');

export function modelKeys(server: Server): ModelStore {
  return {
    async put(id, artifact) {
      const args = ['HSETNX', MODELS_KEY, id, Buffer.from(artifact)];
      const [reply] = await server.commit([{ key: MODELS_KEY, args }]);
      checked(reply, MODELS_KEY);
    },
    async get(id) {
      const [reply] = await server.run([{ key: MODELS_KEY, args: ['HGET', MODELS_KEY, id] }]);
      return checked(reply, MODELS_KEY) as Buffer | null;
    },
    async ids() {
      const [reply] = await server.run([{ key: MODELS_KEY, args: ['HKEYS', MODELS_KEY] }]);
      return list(reply, MODELS_KEY).map(text).sort();
    },
    async bytes() {
      let bytes = 0;
      for (const id of await this.ids()) bytes += (await this.get(id))?.length ?? 0;
      return bytes;
    },
    async remove(id) {
      const [reply] = await server.commit([{ key: MODELS_KEY, args: ['HDEL', MODELS_KEY, id] }]);
      return checked(reply, MODELS_KEY) === 1;
    },
    async table() {
      const args = ['HGET', MODEL_TABLE_KEY, 'content'];
      const [reply] = await server.run([{ key: MODEL_TABLE_KEY, args }]);
      const content = textOrNull(checked(reply, MODEL_TABLE_KEY));
      return content === null ? EMPTY_TABLE : JSON.parse(content);
    },
    async putTable(table, expected) {
      const args = ['EVALSHA', PUT_TABLE.sha, '1', MODEL_TABLE_KEY];
      args.push(String(expected), String(table.revision), JSON.stringify(table));
      const [reply] = await server.commit([{ key: MODEL_TABLE_KEY, args, script: PUT_TABLE }]);
      return checked(reply, MODEL_TABLE_KEY) === 1;
    },
  };
}
