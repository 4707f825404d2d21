/** Processor time in place of the clock's: what other programs take of the machine does not count. */

/** Seconds of processor time of this process since `from`. */
export function cpuSeconds(from: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e6;
}

/** Nanoseconds of processor time per unit of work, the best of `rounds`. */
export async function bestNanoseconds(rounds: number, work: () => number | Promise<number>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const from = process.cpuUsage();
    const units = await work();
    best = Math.min(best, (cpuSeconds(from) * 1e9) / units);
  }
  return best;
}
