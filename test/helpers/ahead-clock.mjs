/**
 * Loaded by `node --import` before a program: its clock is CLOCK_AHEAD_MS ahead, or as many ms as the file CLOCK_FILE says. The
 * file may change while the program runs. The clock of `performance.now()` stays what it is, as when a machine's clock is set.
 */
import { readFileSync } from 'node:fs';

const LOOK_MS = 20;
const file = process.env.CLOCK_FILE;
let ahead = Number(process.env.CLOCK_AHEAD_MS ?? 0);
let looked = Number.NEGATIVE_INFINITY;
const now = Date.now;
Date.now = () => {
  if (file !== undefined && performance.now() - looked > LOOK_MS) {
    looked = performance.now();
    ahead = Number(readFileSync(file, 'utf8'));
  }
  return now() + ahead;
};
globalThis.Date = class extends Date {
  constructor(...args) {
    if (args.length === 0) super(Date.now());
    else super(...args);
  }
};
