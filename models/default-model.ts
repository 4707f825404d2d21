import { join } from 'node:path';
import { packageRoot } from './package-root.ts';

/** Where the shipped model is. */
export function defaultModelDirectory(): string {
  return join(packageRoot(import.meta.dirname), 'models', 'artifacts', 'default');
}
