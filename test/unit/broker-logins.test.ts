/** Passwords are checked in a fair and bounded order, and failures bar those who failed and nobody else. */
import { describe, expect, it } from 'vitest';
import { Access } from '../../broker/access.ts';
import { FailedLogins } from '../../broker/failed-logins.ts';
import { FairQueue } from '../../broker/fair-queue.ts';
import { Logins } from '../../broker/logins.ts';
import { passwordLine } from '../../broker/password-file.ts';

describe('the queue', () => {
  it('takes addresses in turn, and names of an address in turn', async () => {
    const queue = new FairQueue({ concurrency: 1, maxPerAddress: 100, maxPerName: 100 });
    const order: string[] = [];
    let release = () => {};
    const first = new Promise<void>((resolve) => {
      release = resolve;
    });
    queue.add({ address: 'x', name: 'x', run: () => first });
    const add = (address: string, name: string) =>
      queue.add({
        address,
        name,
        run: async () => void order.push(address + name),
      });
    for (let i = 0; i < 3; i++) add('1', 'a');
    add('1', 'b');
    add('2', 'a');
    release();
    await expect.poll(() => order.length).toBe(5);
    expect(order.slice(0, 3).sort()).toEqual(['1a', '1b', '2a']);
    expect(queue.waiting).toBe(0);
  });

  it('takes no more than its bounds, and starts what is done at once without a place', async () => {
    const queue = new FairQueue({ concurrency: 1, maxPerAddress: 3, maxPerName: 2 });
    let done = 0;
    const run = () => {
      done++;
      return null;
    };
    const forever = new Promise<void>(() => {});
    expect(queue.add({ address: 'x', name: 'x', run })).toBe(true);
    expect(done).toBe(1);
    queue.add({ address: 'x', name: 'x', run: () => forever });
    const add = (name: string) => queue.add({ address: '1', name, run: () => null });
    expect([add('a'), add('a'), add('a'), add('b'), add('b')]).toEqual([true, true, false, true, false]);
  });
});

describe('failed logins', () => {
  it('ban for twice as long each time, up to the longest, and are forgotten', () => {
    let now = 0;
    const failed = new FailedLogins({ maxLoginFailures: 3, maxLoginBanMs: 8000 }, () => now);
    const bans = Array.from({ length: 8 }, () => {
      failed.count('k');
      const start = now;
      while (failed.banned('k')) now += 500;
      return now - start;
    });
    expect(bans).toEqual([0, 0, 1000, 2000, 4000, 8000, 8000, 8000]);
    expect(failed.banned('other')).toBe(false);
    now += 600_000;
    failed.count('k');
    expect(failed.banned('k')).toBe(false);
  });
});

describe('a login', () => {
  const limits = { maxLoginFailures: 3, maxLoginBanMs: 60_000, maxPendingLogins: 1000 };
  const access = async () => new Access({ users: await passwordLine('boiler', 'right') });
  const login = (user: string, password: string, clientId = 'c', address = '10.0.0.1') => ({
    user,
    password: Buffer.from(password),
    clientId,
    address,
    abandoned: () => false,
  });

  it('costs one hash when it is right, and none when it comes back', async () => {
    const [logins, rules] = [new Logins(limits), await access()];
    for (let i = 0; i < 5; i++) expect(await logins.check(rules, login('boiler', 'right'))).toBeNull();
    expect(logins.hashes).toBe(1);
  });

  it('costs no hash with a name that does not exist, with the same wrong password, or when the client has gone', async () => {
    const [logins, rules] = [new Logins(limits), await access()];
    const check = (user: string, password: string, clientId: string) =>
      logins.check(rules, login(user, password, clientId));
    const failures = await Promise.all([
      ...Array.from({ length: 20 }, (_, i) => check(`user-${i}`, 'x', 'c')),
      check('boiler', 'wrong', '1'),
    ]);
    expect(new Set(failures)).toEqual(new Set(['bad-credentials']));
    await check('boiler', 'wrong', '2');
    const gone = { ...login('boiler', 'other'), abandoned: () => true };
    expect(await logins.check(rules, gone)).toBe('gone');
    expect(logins.hashes).toBe(1);
  });

  it('takes as long for a name that exists as for one that does not', async () => {
    const [logins, rules] = [new Logins({ ...limits, maxLoginFailures: 0 }), await access()];
    const fastest = async (user: string) => {
      let least = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 5; i++) {
        const start = performance.now();
        await logins.check(rules, login(user, `wrong-${i}`));
        least = Math.min(least, performance.now() - start);
      }
      return least;
    };
    const [known, unknown] = [await fastest('boiler'), await fastest('stranger')];
    // Neither is answered before the step of 200 ms, which is longer than a hash takes. A timer may be a little early, and on a
    // busy machine any answer is late.
    expect(known).toBeGreaterThanOrEqual(190);
    expect(unknown).toBeGreaterThanOrEqual(190);
  });

  it('is barred by failures of the same address, name and client id, and by no other', async () => {
    const [logins, rules] = [new Logins(limits), await access()];
    expect(await logins.check(rules, login('boiler', 'right', 'known'))).toBeNull();
    for (let i = 0; i < 3; i++) await logins.check(rules, login('boiler', `wrong-${i}`, 'guesser'));
    expect(await logins.check(rules, login('boiler', 'wrong', 'guesser'))).toBe('login-ban');
    // The right password goes before the ban, once it is known; others are not touched.
    expect(await logins.check(rules, login('boiler', 'right', 'guesser'))).toBeNull();
    const fresh = new Access({ users: await passwordLine('pump', 'right') });
    for (let i = 0; i < 3; i++) await logins.check(fresh, login('pump', `wrong-${i}`, 'guesser'));
    expect(await logins.check(fresh, login('pump', 'right', 'pump-1'))).toBeNull();
  });

  it('with a password that was changed is checked again', async () => {
    const logins = new Logins(limits);
    expect(await logins.check(await access(), login('boiler', 'right'))).toBeNull();
    const changed = new Access({ users: await passwordLine('boiler', 'new') });
    expect(await logins.check(changed, login('boiler', 'right'))).toBe('bad-credentials');
    expect(await logins.check(changed, login('boiler', 'new'))).toBeNull();
    const other = new Access({ credentials: { username: 'own', password: 'one' } });
    expect(await logins.check(other, login('own', 'one'))).toBeNull();
    const next = new Access({ credentials: { username: 'own', password: 'two' } });
    expect(await logins.check(next, login('own', 'one'))).toBe('bad-credentials');
  });
});
