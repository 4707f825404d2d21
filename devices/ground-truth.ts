/** The file of injected faults: one JSON line each, written before the first affected reading is published. */
import { type FileHandle, open } from 'node:fs/promises';
import { ConfigurationError } from '../src/errors.ts';
import type { FaultRecord } from './faults.ts';

export interface GroundTruth {
  append(record: FaultRecord): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens `file` for appending, or creates it.
 * @throws ConfigurationError (field `truth`) if that is not possible
 */
export async function openGroundTruth(file: string): Promise<GroundTruth> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'a');
  } catch (error) {
    throw new ConfigurationError(`cannot write the ground truth to ${file}: ${(error as Error).message}`, {
      field: 'truth',
      cause: error,
    });
  }
  return {
    append: (record) => handle.appendFile(`${JSON.stringify(record)}\n`),
    close: () => handle.close(),
  };
}
