/**
 * Gathers the windows of many series so that each model is called with full batches, and gives the event loop a turn
 * between sub-batches.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Model } from '../../models/model.ts';

/**
 * Multiplications between two turns of the event loop. The kernel does 10 to 20 in a nanosecond (2 x 256 units and LSTM-50 on one
 * core of a Zen 4), so this is half a millisecond there, and 2 ms on a machine of a quarter of its speed. One window is the
 * least: of 2 x 256 units and window 10 it has 8 million.
 */
const BETWEEN_TURNS = 8e6;
/** Nothing is gained above 16 windows per call of the kernel, and a turn costs little above this many. */
const MOST_WINDOWS = 128;

/** Windows of a model that are computed in one go. */
export function subBatch(model: Pick<Model, 'cost'>): number {
  return Math.min(MOST_WINDOWS, Math.max(1, Math.floor(BETWEEN_TURNS / model.cost)));
}

/** Room for so many windows of a model at first. */
const FIRST_WINDOWS = 64;

class Requests {
  windows: Float64Array;
  forecasts = new Float64Array(0);
  n = 0;

  constructor(readonly model: Model) {
    this.windows = new Float64Array(model.window * FIRST_WINDOWS);
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

  /**
   * Computes everything asked for. A forecast does not depend on the others of the call (models/model.ts).
   * @param pause gives the event loop a turn; waited for between any two sub-batches
   */
  async compute(pause: () => Promise<unknown> = turn): Promise<void> {
    let first = true;
    for (const requests of this.byModel.values()) {
      const { model, n } = requests;
      const most = subBatch(model);
      requests.forecasts = new Float64Array(n);
      for (let row = 0; row < n; row += most) {
        if (!first) await pause();
        first = false;
        const rows = Math.min(most, n - row);
        model.forecast(
          requests.windows.subarray(row * model.window, (row + rows) * model.window),
          rows,
          requests.forecasts.subarray(row, row + rows),
        );
      }
    }
  }
}
