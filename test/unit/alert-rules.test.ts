/** ALERT_RULES: what is read, what is refused and how, and which entries a series goes by. */
import { describe, expect, it } from 'vitest';
import { parseAlertRules } from '../../src/alerts/alert-rules.ts';
import { DEFAULT_RULES } from '../../src/domain/alert-rule.ts';
import { RuleBook } from '../../src/planning/rule-book.ts';
import { readConfig } from '../../src/settings/config.ts';

describe('ALERT_RULES', () => {
  it('is a list in YAML or JSON', () => {
    const want = [
      {
        sensor: 'freezer-*',
        metric: 'temperature',
        max: -10,
        min: -30,
        rate: { change: 5, per: 60_000 },
        hysteresis: 0.5,
        missing: { after: 300_000 },
        anomaly: false,
      },
      { sensor: '*', metric: '*', missing: { factor: 3 }, max: null, anomaly: true },
    ];
    const yaml = `
# the freezers
- sensor: 'freezer-*'
  metric: temperature
  max: -10
  min: -30
  rate: 5/1m
  hysteresis: 0.5
  missing: 5m
  anomaly: off
- {missing: 3x, max: off, anomaly: on}
`;
    expect(parseAlertRules(yaml)).toEqual({ rules: want, problems: [] });
    const json = `[{"sensor":"freezer-*","metric":"temperature","max":-10,"min":-30,"rate":"5 / 1m","hysteresis":0.5,
      "missing":"5m","anomaly":false},{"missing":"3x","max":"off","anomaly":true}]`;
    expect(parseAlertRules(json)).toEqual({ rules: want, problems: [] });
    for (const nothing of ['', '[]', '# none']) {
      expect(parseAlertRules(nothing)).toEqual({ rules: [], problems: [] });
    }
    expect(parseAlertRules('- {rate: off, missing: off}').rules).toEqual([
      { sensor: '*', metric: '*', rate: null, missing: null },
    ]);
  });

  it('reports every problem at once, each with its entry, line and field', () => {
    const { problems } = parseAlertRules(`
- {sensor: '', max: hot}
- {sensor: a, min: 5, max: 5}
- {sensor: a, maximum: 5}
- {rate: 5, hysteresis: -1, anomaly: maybe}
- {rate: -5/1m, missing: 0.5x}
- just text
- {rate: 5/soon, missing: 300}
- {max: .inf, constructor: 1}
`);
    expect(problems.map((problem) => problem.replace(/: (must|is|has).*/, ''))).toEqual([
      'entry 1 (line 2), sensor',
      'entry 1 (line 2), max',
      'entry 2 (line 3), min',
      'entry 3 (line 4), maximum',
      'entry 3 (line 4)',
      'entry 4 (line 5), rate',
      'entry 4 (line 5), hysteresis',
      'entry 4 (line 5), anomaly',
      'entry 5 (line 6), rate',
      'entry 5 (line 6), missing',
      'entry 6 (line 7)',
      'entry 7 (line 8), rate',
      'entry 7 (line 8), missing',
      'entry 8 (line 9), max',
      'entry 8 (line 9), constructor',
    ]);
    expect(problems[1]).toBe(
      'entry 1 (line 2), max: must be a number in the unit of the metric, or off (is "hot")',
    );
  });

  it('refuses what is no list, and no YAML', () => {
    expect(parseAlertRules('max: 5').problems).toEqual(['must be a list of entries, in YAML or JSON']);
    expect(parseAlertRules('- {max: 5').problems[0]).toMatch(/^line 1: is not YAML: /);
    expect(parseAlertRules('- {max: 5, max: 6}').problems[0]).toMatch(/unique/);
    expect(parseAlertRules('- *nothing').problems[0]).toMatch(/is not YAML/);
  });

  it('stands among the problems of the configuration', () => {
    const env = { ALERT_RULES: '- {max: hot}\n- {min: cold}', PORT: 'x' };
    expect(() => readConfig({}, env)).toThrow(
      /PORT: .*\n {2}ALERT_RULES: entry 1 \(line 1\), max: .*\n {2}ALERT_RULES: entry 2 \(line 2\), min: /,
    );
    expect(readConfig({}, { ALERT_RULES: '- {max: 5}' }).alerts.rules).toEqual([
      { sensor: '*', metric: '*', max: 5 },
    ]);
  });
});

describe('the rules of a series', () => {
  const { rules } = parseAlertRules(`
- {metric: temperature, max: 40, hysteresis: 0.5}
- {sensor: 'freezer-*', metric: temperature, max: -10, min: -30}
- {sensor: freezer-7, max: off, anomaly: off}
- {sensor: 'a.b(c)?', metric: '*', min: 1}
`);
  const book = new RuleBook(rules, DEFAULT_RULES, { minimum: 5000, maxClockSkew: 0 }, 2);
  const of = (sensor: string, metric = 'temperature') => book.of({ sensor, metric });

  it('are those of all entries that match, the later before the earlier', () => {
    expect(of('oven')).toEqual({ ...DEFAULT_RULES, max: 40, hysteresis: 0.5 });
    expect(of('freezer-1')).toEqual({ ...DEFAULT_RULES, max: -10, min: -30, hysteresis: 0.5 });
    expect(of('freezer-7')).toEqual({
      ...DEFAULT_RULES,
      max: null,
      min: -30,
      hysteresis: 0.5,
      anomaly: false,
    });
    expect(of('freezer-7', 'humidity')).toEqual({ ...DEFAULT_RULES, anomaly: false });
    expect(of('oven')).toEqual({ ...DEFAULT_RULES, max: 40, hysteresis: 0.5 });
  });

  it('are matched by whole names, case and all', () => {
    for (const other of ['my-freezer-1', 'freezer', 'Freezer-1']) expect(of(other).max, other).toBe(40);
    expect(of('freezer-').max).toBe(-10);
    expect(of('freezer-a\nb').max).toBe(-10);
    expect(of('a.b(c)é', 'x').min).toBe(1);
    for (const other of ['axb(c)d', 'a.b(c)', 'a.b(c)de']) expect(of(other, 'x').min, other).toBeNull();
  });
});
