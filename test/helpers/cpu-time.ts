/**
 * The CPU time that this process spends in a call, ms. A busy machine makes the wall clock run on, but hardly this one: a test may
 * bound it to show that work does not grow without limit.
 */
export async function cpuTime(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
