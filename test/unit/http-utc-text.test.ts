import { expect, it } from 'vitest';
import { utcText } from '../../src/http/legacy/utc-text.ts';

it('prints times in UTC to the second, across days and in any order', () => {
  const text = utcText();
  expect(text(Date.UTC(2025, 10, 28, 22, 9, 15))).toBe('2025-11-28 22:09:15');
  expect(text(Date.UTC(2025, 10, 28, 23, 59, 59, 999))).toBe('2025-11-28 23:59:59');
  expect(text(Date.UTC(2025, 10, 29))).toBe('2025-11-29 00:00:00');
  expect(text(Date.UTC(2024, 1, 29, 12, 0, 1))).toBe('2024-02-29 12:00:01');
  expect(text(0)).toBe('1970-01-01 00:00:00');
  expect(text(-1)).toBe('1969-12-31 23:59:59');
});
