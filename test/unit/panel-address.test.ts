/** What the address of the panel names. */
import { describe, expect, it } from 'vitest';
import { addressOf, readAddress } from '../../src/http/panel/address.js';

describe('the address of the panel', () => {
  it('names a view and what it is set to', () => {
    expect(readAddress('')).toMatchObject({ view: '', keys: [], moment: null });
    const { view, query } = readAddress('#/alerts?state=all&q=a%26b');
    expect([view, query.get('state'), query.get('q')]).toEqual(['alerts', 'all', 'a&b']);
  });

  it('names series, each once, with a moment or a time', () => {
    expect(readAddress('#a/b@1700000000000')).toMatchObject({
      view: 'chart',
      keys: ['a/b'],
      moment: 1_700_000_000_000,
    });
    expect(readAddress('#a/b@soon').moment).toBe(null);
    const { keys, query } = readAddress('#a/b,c%2Cd/e,a/b?from=1&to=2');
    expect(keys).toEqual(['a/b', 'c%2Cd/e']);
    expect([query.get('from'), query.get('to')]).toEqual(['1', '2']);
  });

  it('is read as it was written', () => {
    const address = addressOf('a/b,c/d', { from: 1, to: 2, layout: null, q: '' });
    expect(address).toBe('#a/b,c/d?from=1&to=2');
    expect(readAddress(address).keys).toEqual(['a/b', 'c/d']);
    expect(addressOf('/alerts')).toBe('#/alerts');
  });
});
