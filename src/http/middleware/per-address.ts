import { ipKeyGenerator } from 'express-rate-limit';

/** What each client address holds open at the same time. A client is an IPv4 address or an IPv6 /56. */
export class PerAddress {
  private readonly held = new Map<string, number>();

  /** @param max for one address */
  constructor(private readonly max: number) {}

  /**
   * @param closed tells when it is over
   * @returns false when the address holds `max` already; nothing is counted then
   */
  hold(address: string, closed: { once(event: 'close', listener: () => void): unknown }): boolean {
    const key = ipKeyGenerator(address);
    const held = this.held.get(key) ?? 0;
    if (held >= this.max) return false;
    this.held.set(key, held + 1);
    closed.once('close', () => {
      const left = this.held.get(key)! - 1;
      if (left === 0) this.held.delete(key);
      else this.held.set(key, left);
    });
    return true;
  }
}
