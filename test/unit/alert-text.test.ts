import { describe, expect, it } from 'vitest';
import type { AlertChange } from '../../src/domain/alert.ts';
import { alertReason } from '../../src/domain/alert-text.ts';
import { REASONS } from '../../src/domain/verdict.ts';

const ALERT: AlertChange = {
  ...{ rule: 'anomaly', ts: 1000, value: 71.35, expected: 70.123456789, score: 1.23456 },
  ...{ limit: null, state: 'open', clearedTs: null },
};
const compared = { observed: 30.123456789, usual: 8, low: 69.123456789, high: 71.1 };

describe('the text of an alert', () => {
  it.each(REASONS)('says in both languages why a reading was an anomaly: %s', (reason) => {
    const shown = alertReason({ ...ALERT, explanation: { ...compared, reason } }, '°C');
    expect(shown.reason).toBe(reason);
    expect(shown.expectedRange).toEqual({ low: compared.low, high: compared.high });
    expect(shown.text.en).toMatch(/^71\.35 °C.*; expected 69\.1235 to 71\.1 °C; score 1\.23$/);
    expect(shown.text.es).toMatch(/^71\.35 °C.*; se esperaba de 69\.1235 a 71\.1 °C; puntuación 1\.23$/);
  });

  it('is another sentence for each reason', () => {
    for (const language of ['en', 'es'] as const) {
      const sentences = REASONS.map(
        (reason) => alertReason({ ...ALERT, explanation: { ...compared, reason } }, null).text[language],
      );
      expect(new Set(sentences).size).toBe(REASONS.length);
    }
  });

  it.each([
    [100.0004, 100, '100.0004 is above the limit of 100'],
    [12345.678, 12345.67, '12345.678 is above the limit of 12345.67'],
    [1234567889.25, 1234567889, '1234567889.25 is above the limit of 1234567889'],
    [0.1 + 0.2, 0.25, '0.3 is above the limit of 0.25'],
  ])('tells %s from its limit', (value, limit, en) => {
    expect(alertReason({ ...ALERT, rule: 'max', value, limit, score: null }, null).text.en).toBe(en);
  });

  it('names what was compared', () => {
    const text = (reason: 'jump' | 'stuck' | 'drift') =>
      alertReason({ ...ALERT, explanation: { ...compared, reason } }, '°C').text.en;
    expect(text('jump')).toContain('30.1 °C away from the forecast, usually at most 8 °C');
    expect(text('stuck')).toContain('71.35 °C for 30 readings without change, usually at most 8 readings');
    expect(text('drift')).toContain('(3.8 × usual)');
  });

  it.each([
    ['min', 5, '4 °C is below the limit of 5 °C', '4 °C está por debajo del límite de 5 °C'],
    ['max', 3, '4 °C is above the limit of 3 °C', '4 °C está por encima del límite de 3 °C'],
    [
      'rate',
      2,
      '4 °C: changed faster than the limit of 2 °C',
      '4 °C: ha cambiado más deprisa que el límite de 2 °C',
    ],
    ['missing', 125_000, 'no reading for 2 min 5 s', 'sin lecturas durante 2 min 5 s'],
  ])('names the limit of %s', (rule, limit, en, es) => {
    const { text, reason, expectedRange } = alertReason(
      { ...ALERT, rule, limit, value: 4, score: null },
      '°C',
    );
    expect([text, reason, expectedRange]).toEqual([{ en, es }, null, null]);
  });

  it('does without an explanation, a unit, a forecast and a band', () => {
    expect(alertReason(ALERT, null).text.en).toBe('value 71.35, expected 70.1235, score 1.23');
    expect(alertReason({ ...ALERT, expected: null, score: null }, '').text.es).toBe('valor 71.35');
    const explanation = { ...compared, reason: 'jump', low: null, high: null } as const;
    expect(alertReason({ ...ALERT, explanation }, null).text.en).not.toContain('null');
    expect(
      alertReason({ ...ALERT, explanation: { ...explanation, reason: 'burst', usual: 0 } }, null).text.en,
    ).not.toMatch(/Infinity|NaN/);
  });

  it('shows a value as it came', () => {
    const value = 1_234_567_890.5;
    expect(alertReason({ ...ALERT, value }, null).text.en).toContain('1234567890.5');
    expect(alertReason({ ...ALERT, value: 0.1 + 0.2 }, null).text.en).toContain('value 0.3,');
  });

  it('has a duration once the alert is cleared', () => {
    expect(alertReason(ALERT, null).durationMs).toBeNull();
    expect(alertReason({ ...ALERT, state: 'cleared', clearedTs: 61_000 }, null).durationMs).toBe(60_000);
  });
});
