/** A shadow model beside the active models, as counted by this process; `vigia model show` adds up all replicas and series. */
import { Counter, type Registry } from 'prom-client';
import type { ComparisonGain } from '../detect/shadow.ts';

export class ShadowMetrics {
  private readonly readings;
  private readonly errors;
  private readonly alerts;

  constructor(registry: Registry) {
    const registers = [registry];
    this.readings = new Counter({
      name: 'vigia_shadow_readings_total',
      help: 'Readings that the shadow model and the active one have both forecast.',
      labelNames: ['model'],
      registers,
    });
    this.errors = new Counter({
      name: 'vigia_shadow_absolute_error_total',
      help: 'Sum of |actual - forecast| over those readings, in the units of the series, of the shadow and of the active model.',
      labelNames: ['model', 'of'],
      registers,
    });
    this.alerts = new Counter({
      name: 'vigia_shadow_alerts_total',
      help: 'Alerts that the shadow model would have raised (they are not sent), and those that the active one has.',
      labelNames: ['model', 'of'],
      registers,
    });
  }

  add(model: string, gain: ComparisonGain): void {
    // What a late reading takes back cannot be taken from a counter.
    this.readings.inc({ model }, Math.max(0, gain.readings));
    for (const [of, error, alerts] of [
      ['active', gain.activeError, gain.activeAlerts],
      ['shadow', gain.shadowError, gain.shadowAlerts],
    ] as const) {
      this.errors.inc({ model, of }, Math.max(0, error));
      this.alerts.inc({ model, of }, Math.max(0, alerts));
    }
  }
}
