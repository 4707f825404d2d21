/**
 * Gathers the windows of many series so that each model is called with full batches, and gives the event loop a turn
 * between sub-batches.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Model } from '../../models/model.ts';

/** Windows per call of the kernel: holds the event loop for about a millisecond. */
const SUB_BATCH = 64;

class Requests {
  windows: Float64Array;
  forecasts = new Float64Array(0);
  n = 0;

  constructor(readonly model: Model) {
    this.windows = new Float64Array(model.window * SUB_BATCH);
  }
}

/** One requested forecast: its row among its model's windows. */
export class Forecast {
  constructor(
    private readonly requests: Requests,
    private readonly row: number,
  ) {}

  /** The forecast in series units; valid after `compute`. */
  get expected(): number {
    return this.requests.forecasts[this.row]!;
  }

  /** The static rule's boundary for this window. */
  get threshold(): number {
    return this.requests.model.threshold(this.requests.windows, this.row);
  }
}

export class ForecastBatch {
  private readonly byModel = new Map<string, Requests>();

  /**
   * Asks for the forecast of the value after `history[end - 1]`.
   * @param history values of one series, oldest first
   * @param end at least `model.window`
   */
  add(model: Model, history: Float64Array, end: number): Forecast {
    let requests = this.byModel.get(model.id);
    if (!requests) {
      requests = new Requests(model);
      this.byModel.set(model.id, requests);
    }
    const at = requests.n * model.window;
    if (at === requests.windows.length) {
      const grown = new Float64Array(requests.windows.length * 2);
      grown.set(requests.windows);
      requests.windows = grown;
    }
    for (let i = 0; i < model.window; i++) requests.windows[at + i] = history[end - model.window + i]!;
    return new Forecast(requests, requests.n++);
  }

  /** Computes everything asked for. A forecast does not depend on its neighbours (models/model.ts). */
  async compute(): Promise<void> {
    let first = true;
    for (const requests of this.byModel.values()) {
      const { model, n } = requests;
      requests.forecasts = new Float64Array(n);
      for (let row = 0; row < n; row += SUB_BATCH) {
        if (!first) await turn();
        first = false;
        const rows = Math.min(SUB_BATCH, n - row);
        model.forecast(
          requests.windows.subarray(row * model.window, (row + rows) * model.window),
          rows,
          requests.forecasts.subarray(row, row + rows),
        );
      }
    }
  }
}
