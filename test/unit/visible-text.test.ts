import { describe, expect, it } from 'vitest';
import { visibleText } from '../../src/commands/visible-text.ts';
import { nameProblem } from '../../src/domain/name.ts';

describe('what the commands print', () => {
  it('has no characters that move the cursor, turn the text or hide', () => {
    expect(visibleText('a\u001b[2Jb\u009b31m\r\u0007')).toBe('a\\u001b[2Jb\\u009b31m\\u000d\\u0007');
    expect(visibleText('x\u202egnp.exe\u200b\ufeff\u2066')).toBe('x\\u202egnp.exe\\u200b\\ufeff\\u2066');
    expect(visibleText('\ud800')).toBe('\\ud800');
  });

  it('is otherwise what it was, and JSON stays JSON', () => {
    for (const text of ['línea\tuno\nzwei €', '温度 🌡️', '{"a":1}']) expect(visibleText(text)).toBe(text);
    const value = { sensor: 'a\u202eb\u009b' };
    expect(JSON.parse(visibleText(JSON.stringify(value)))).toEqual(value);
  });
});

describe('names of sensors and metrics', () => {
  it.each(['a\u0085b', 'a\u009b31m', 'a\u202eb', 'a\u200bb', '\ufeffa', 'a\u2066b', 'a\u00adb'])(
    'do not have what nobody sees: %j',
    (name) => {
      expect(nameProblem(name, 200)).toMatch(/invisible|control/);
    },
  );

  it.each(['nevera niño', '温度', '👩‍🔬', 'می‌خواهم'])('may be in any script: %s', (name) => {
    expect(nameProblem(name, 200)).toBeNull();
  });
});
