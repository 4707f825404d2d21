/** Damages the file of an embedded store that is closed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = 4096;

/** Overwrites the header of a page: of those that contain `bytes` the middle one. */
export function damagePage(directory: string, bytes: Buffer): void {
  const file = join(directory, 'vigia.db');
  const content = readFileSync(file);
  const all = Array.from({ length: content.length / PAGE }, (_, i) => i);
  const pages = all.filter((i) => content.subarray(i * PAGE, (i + 1) * PAGE).includes(bytes));
  const at = pages[pages.length >> 1]! * PAGE;
  content.fill(0xff, at, at + 64);
  writeFileSync(file, content);
}

/** A value as it is in the file. */
export function storedValue(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
}
