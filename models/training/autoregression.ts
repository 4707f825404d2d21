/**
 * The yardstick of every training report: an autoregressive model of order p, x_t = c + sum a_i x_(t-i), by least squares
 * with a trace of ridge so that constant and collinear series stay solvable. If an LSTM is not better than this, it is
 * not worth its microseconds.
 */
export interface Autoregression {
  readonly constant: number;
  /** Of x_(t-1), x_(t-2), … */
  readonly coefficients: readonly number[];
}

const RIDGE = 1e-6;

/** Fitted on the rows [order, values.length); the values should be scaled to about 1. */
export function fitAutoregression(series: readonly Float64Array[], order: number): Autoregression {
  const size = order + 1;
  const normal = Array.from({ length: size }, () => new Float64Array(size + 1));
  const terms = new Float64Array(size);
  for (const values of series) {
    for (let t = order; t < values.length; t++) {
      terms[0] = 1;
      for (let i = 1; i <= order; i++) terms[i] = values[t - i]!;
      for (let i = 0; i < size; i++) {
        const row = normal[i]!;
        for (let j = 0; j < size; j++) row[j]! += terms[i]! * terms[j]!;
        row[size]! += terms[i]! * values[t]!;
      }
    }
  }
  const trace = normal.reduce((sum, row, i) => sum + row[i]!, 0);
  normal.forEach((row, i) => {
    row[i]! += (RIDGE * trace) / size + Number.MIN_VALUE;
  });
  const [constant, ...coefficients] = solve(normal);
  return { constant: constant!, coefficients };
}

/** Forecasts row t of a series from the rows before it. */
export function autoregress(
  { constant, coefficients }: Autoregression,
  values: Float64Array,
  t: number,
): number {
  return coefficients.reduce((sum, coefficient, i) => sum + coefficient * values[t - 1 - i]!, constant);
}

/** Gauss-Jordan with pivoting on an n x (n + 1) system, which it overwrites. A zero pivot leaves its unknown at 0. */
function solve(rows: Float64Array[]): number[] {
  const n = rows.length;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let r = column + 1; r < n; r++)
      if (Math.abs(rows[r]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = r;
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    const head = rows[column]!;
    if (head[column] === 0) continue;
    for (let r = 0; r < n; r++) {
      if (r === column) continue;
      const row = rows[r]!;
      const factor = row[column]! / head[column]!;
      for (let c = column; c <= n; c++) row[c]! -= factor * head[c]!;
    }
  }
  return rows.map((row, i) => (row[i] === 0 ? 0 : row[n]! / row[i]!));
}
