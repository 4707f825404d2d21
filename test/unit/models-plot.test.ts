import { describe, expect, it } from 'vitest';
import { loadArtifact } from '../../models/artifact.ts';
import { defaultModelDirectory } from '../../models/default-model.ts';
import { plotForecasts } from '../../models/training/plot.ts';

const artifact = await loadArtifact(defaultModelDirectory());

function points(svg: string, line: number): number[][] {
  const lines = [...svg.matchAll(/<polyline points="([^"]*)"/g)];
  return lines[line]![1]!.split(' ').map((point) => point.split(',').map(Number));
}

describe('the plot', () => {
  it('draws the last values, their forecasts and a ring around an anomaly', () => {
    const values = Float64Array.from({ length: 300 }, (_, i) => 20 + Math.sin(i / 5));
    values[250] = 60;
    const svg = plotForecasts(artifact, values, { rows: 100, timestamps: values.map((_, i) => i * 60_000) });
    expect(svg.startsWith('<svg ')).toBe(true);
    expect(svg.endsWith('</svg>\n')).toBe(true);
    expect(points(svg, 0)).toHaveLength(100);
    expect(points(svg, 1)).toHaveLength(100);
    const top = Math.min(...points(svg, 0).map(([, y]) => y!));
    expect(points(svg, 0)[50]![1]).toBe(top);
    expect(svg).toContain(`<circle cx="${points(svg, 0)[50]![0]!.toFixed(1)}" cy="${top.toFixed(1)}"`);
    expect(svg).toContain('1970-01-01 03:20');
    expect(svg).toContain('1970-01-01 04:59');
  });

  it('has an answer for few, constant and enormous values', () => {
    expect(plotForecasts(artifact, new Float64Array(10))).toContain('too few values');
    for (const values of [
      new Float64Array(11).fill(7),
      Float64Array.from({ length: 60 }, (_, i) => (i % 2 ? 1.7e308 : -1.7e308)),
    ])
      expect(plotForecasts(artifact, values)).not.toMatch(/NaN|Infinity/);
  });
});
