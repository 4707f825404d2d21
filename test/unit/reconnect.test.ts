import { describe, expect, it } from 'vitest';
import { Reconnect } from '../../src/intake/reconnect.ts';

function policy() {
  let now = 0;
  const reconnect = new Reconnect({ first: 25, firstFor: 10_000, max: 1000 }, () => now);
  return {
    reconnect,
    wait: (ms: number) => {
      now += ms;
    },
    /** A try that fails. @returns the pause */
    fails(code?: string | number) {
      reconnect.failed(code);
      return reconnect.closed();
    },
    /** A connection that lasts so long. @returns the pause */
    lasts(ms: number) {
      reconnect.connected();
      now += ms;
      return reconnect.closed();
    },
  };
}

describe('Reconnect', () => {
  it('tries at once after a loss, then closely while nobody is there, then with growing pauses', () => {
    const { lasts, fails, wait } = policy();
    expect(lasts(60_000)).toBe(1);
    const tries = [];
    for (let since = 0; since < 15_000; ) {
      const pause = fails('ECONNREFUSED');
      tries.push(pause);
      since += pause;
      wait(pause);
    }
    expect(tries.filter((pause) => pause === 25)).toHaveLength(400);
    expect(tries.slice(400, 404)).toEqual([250, 500, 1000, 1000]);
    expect(lasts(60_000)).toBe(1);
    expect(fails('ECONNREFUSED')).toBe(25);
  });

  it.each([5, 'ECONNRESET', 'CERT_HAS_EXPIRED', undefined])(
    'does not try closely after %s, which costs the other side something',
    (code) => {
      const { lasts, fails } = policy();
      lasts(60_000);
      expect([fails(code), fails(code), fails(code), fails(code)]).toEqual([250, 500, 1000, 1000]);
    },
  );

  it('backs off from a broker that closes every connection at once', () => {
    const { reconnect, lasts } = policy();
    expect([lasts(100), lasts(100)]).toEqual([1, 1]);
    expect(reconnect.rejected).toBe(false);
    expect([lasts(100), lasts(100), lasts(100), lasts(100), lasts(100), lasts(100)]).toEqual([
      2000, 4000, 8000, 16_000, 30_000, 30_000,
    ]);
    expect(reconnect.rejected).toBe(true);
    expect(lasts(6000)).toBe(1);
    expect(reconnect.rejected).toBe(false);
  });

  it('does not take a broker that restarts again and again for one that does', () => {
    const { lasts, fails } = policy();
    for (let restart = 0; restart < 10; restart++) {
      expect(lasts(100)).toBe(1);
      expect(fails('ECONNREFUSED')).toBe(25);
    }
  });

  it('leaves the session to another client for longer each time it is taken over', () => {
    const { reconnect, lasts } = policy();
    const takenOver = (ms: number) => {
      reconnect.connected();
      reconnect.displaced();
      return lasts(ms);
    };
    const pauses = Array.from({ length: 7 }, () => takenOver(100));
    expect(pauses).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
    expect(takenOver(600_000)).toBe(10_000);
    expect(lasts(60_000)).toBe(1);
  });
});
