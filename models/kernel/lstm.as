// The arithmetic of a forecast, in AssemblyScript (https://www.assemblyscript.org): LSTM layers over a window, then
// dense layers on the last hidden state. `npm run build:kernel` compiles it into binary.ts; a test holds the two together.
//
// Promises
// - What a window gets does not depend on the windows beside it, bit for bit: every sum runs over the inputs in one
//   order, whichever loop (two windows at a time, or one) computes it.
// - No fused multiply-add and no reciprocal estimates unless compiled with relaxed SIMD: equal bits on every machine.
// - Nothing is allocated. The host lays out the memory (layout.ts) and tells the addresses through tables of u32.
//
// Equations: Hochreiter & Schmidhuber (1997) with forget gates (Gers et al. 2000), as Keras has them, gate order i f c o:
//   z = b + x Wx + h Wh;  c = rec(zf) c + rec(zi) act(zc);  h = rec(zo) act(c)
//
// Layout. Units come in groups of 4, the lanes of a vector. A row is one window's input of a layer followed by its hidden
// state, so that one product gives z. Weights are [group][input][gate][4], biases and z [group][gate][4].

// Words of a layer's table.
const ROWS = 0; // f32 [n][stride]: input, hidden state
const STRIDE = 1; // bytes between rows
const INPUTS = 2; // inputs incl. padding; the hidden state begins behind them
const GROUPS = 3; // units / 4, rounded up
const WEIGHTS = 4;
const BIASES = 5;
const CELLS = 6; // f32 [n][groups * 4]
const ACTIVATION = 7; // 0 linear, 1 relu, 2 tanh, 3 sigmoid
const RECURRENT = 8; // 3 sigmoid, 4 hard sigmoid 0.2 x + 0.5, 5 hard sigmoid x / 6 + 0.5
const LAYER_BYTES: usize = 36;

// Words of a dense layer's table.
const FAN_IN = 0;
const FAN_OUT = 1;
const DENSE_WEIGHTS = 2; // f32 [out][in]
const DENSE_BIASES = 3;
const DENSE_ACTIVATION = 4;
const DENSE_BYTES: usize = 20;

const RELU: u32 = 1;
const TANH: u32 = 2;
const SIGMOID: u32 = 3;
const HARD_SIGMOID: u32 = 4;

// @ts-ignore: decorator
@inline
function word(table: usize, index: i32): usize {
  return load<u32>(table + (<usize>index << 2));
}

// @ts-ignore: decorator
@inline
function madd(a: v128, b: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, sum);
  return f32x4.add(sum, f32x4.mul(a, b));
}

/**
 * Runs the LSTM layers over `n` windows.
 * @param layers address of `count` layer tables
 * @param inputs f32 [n][window]: the scaled values, one feature
 * @param z scratch for f32 [n][groups * 16] of the widest layer
 */
export function recur(layers: usize, count: i32, inputs: usize, window: i32, n: i32, z: usize): void {
  for (let l = 0; l < count; l++) {
    const layer = layers + <usize>l * LAYER_BYTES;
    memory.fill(word(layer, ROWS), 0, word(layer, STRIDE) * <usize>n);
    memory.fill(word(layer, CELLS), 0, (word(layer, GROUPS) << 4) * <usize>n);
  }
  const first = word(layers, ROWS);
  const firstStride = word(layers, STRIDE);
  for (let t = 0; t < window; t++) {
    for (let w = 0; w < n; w++) {
      store<f32>(first + <usize>w * firstStride, load<f32>(inputs + (<usize>(w * window + t) << 2)));
    }
    for (let l = 0; l < count; l++) {
      const layer = layers + <usize>l * LAYER_BYTES;
      products(layer, n, z);
      advance(layer, l + 1 < count ? layer + LAYER_BYTES : 0, n, z);
    }
  }
}

/** z = b + [x h] W of one layer, for n windows. */
function products(layer: usize, n: i32, z: usize): void {
  const rows = word(layer, ROWS);
  const stride = word(layer, STRIDE);
  const groups = word(layer, GROUPS);
  const weights = word(layer, WEIGHTS);
  const biases = word(layer, BIASES);
  const inputs = word(layer, INPUTS) + (groups << 2);
  const zStride = groups << 6;
  const groupBytes = inputs << 6;
  const pairs = n & ~1;

  for (let g: usize = 0; g < groups; g++) {
    const from = weights + g * groupBytes;
    const bias = biases + (g << 6);
    const b0 = v128.load(bias);
    const b1 = v128.load(bias, 16);
    const b2 = v128.load(bias, 32);
    const b3 = v128.load(bias, 48);
    for (let w = 0; w < pairs; w += 2) {
      let a = rows + <usize>w * stride;
      let p = from;
      const end = from + groupBytes;
      let i0 = b0, f0 = b1, c0 = b2, o0 = b3;
      let i1 = b0, f1 = b1, c1 = b2, o1 = b3;
      while (p < end) {
        const x0 = v128.load32_splat(a);
        const x1 = v128.load32_splat(a + stride);
        const wi = v128.load(p);
        i0 = madd(x0, wi, i0);
        i1 = madd(x1, wi, i1);
        const wf = v128.load(p, 16);
        f0 = madd(x0, wf, f0);
        f1 = madd(x1, wf, f1);
        const wc = v128.load(p, 32);
        c0 = madd(x0, wc, c0);
        c1 = madd(x1, wc, c1);
        const wo = v128.load(p, 48);
        o0 = madd(x0, wo, o0);
        o1 = madd(x1, wo, o1);
        a += 4;
        p += 64;
      }
      const to = z + <usize>w * zStride + (g << 6);
      v128.store(to, i0);
      v128.store(to, f0, 16);
      v128.store(to, c0, 32);
      v128.store(to, o0, 48);
      const to1 = to + zStride;
      v128.store(to1, i1);
      v128.store(to1, f1, 16);
      v128.store(to1, c1, 32);
      v128.store(to1, o1, 48);
    }
  }
  if (pairs < n) single(rows + <usize>pairs * stride, groups, groupBytes, weights, biases, z + <usize>pairs * zStride);
}

/** The same for one window: two groups at a time, so that eight sums are under way and none waits for its predecessor. */
function single(row: usize, groups: usize, groupBytes: usize, weights: usize, biases: usize, z: usize): void {
  let g: usize = 0;
  for (; g + 1 < groups; g += 2) {
    let a = row;
    let p = weights + g * groupBytes;
    const end = p + groupBytes;
    const bias = biases + (g << 6);
    let i0 = v128.load(bias), f0 = v128.load(bias, 16), c0 = v128.load(bias, 32), o0 = v128.load(bias, 48);
    let i1 = v128.load(bias, 64), f1 = v128.load(bias, 80), c1 = v128.load(bias, 96), o1 = v128.load(bias, 112);
    while (p < end) {
      const x = v128.load32_splat(a);
      const q = p + groupBytes;
      i0 = madd(x, v128.load(p), i0);
      f0 = madd(x, v128.load(p, 16), f0);
      c0 = madd(x, v128.load(p, 32), c0);
      o0 = madd(x, v128.load(p, 48), o0);
      i1 = madd(x, v128.load(q), i1);
      f1 = madd(x, v128.load(q, 16), f1);
      c1 = madd(x, v128.load(q, 32), c1);
      o1 = madd(x, v128.load(q, 48), o1);
      a += 4;
      p += 64;
    }
    const to = z + (g << 6);
    v128.store(to, i0);
    v128.store(to, f0, 16);
    v128.store(to, c0, 32);
    v128.store(to, o0, 48);
    v128.store(to, i1, 64);
    v128.store(to, f1, 80);
    v128.store(to, c1, 96);
    v128.store(to, o1, 112);
  }
  if (g < groups) {
    let a = row;
    let p = weights + g * groupBytes;
    const end = p + groupBytes;
    const bias = biases + (g << 6);
    let i0 = v128.load(bias), f0 = v128.load(bias, 16), c0 = v128.load(bias, 32), o0 = v128.load(bias, 48);
    while (p < end) {
      const x = v128.load32_splat(a);
      i0 = madd(x, v128.load(p), i0);
      f0 = madd(x, v128.load(p, 16), f0);
      c0 = madd(x, v128.load(p, 32), c0);
      o0 = madd(x, v128.load(p, 48), o0);
      a += 4;
      p += 64;
    }
    const to = z + (g << 6);
    v128.store(to, i0);
    v128.store(to, f0, 16);
    v128.store(to, c0, 32);
    v128.store(to, o0, 48);
  }
}

/** Gates, cells and hidden states from z; the hidden states also become the next layer's inputs. */
function advance(layer: usize, next: usize, n: i32, z: usize): void {
  const stride = word(layer, STRIDE);
  const hidden = word(layer, ROWS) + (word(layer, INPUTS) << 2);
  const groups = word(layer, GROUPS);
  const activation = <u32>word(layer, ACTIVATION);
  const recurrent = <u32>word(layer, RECURRENT);
  const bytes = groups << 4;
  let cells = word(layer, CELLS);
  for (let w: usize = 0; w < <usize>n; w++) {
    const h = hidden + w * stride;
    const copy = next ? word(next, ROWS) + w * word(next, STRIDE) : 0;
    for (let u: usize = 0; u < bytes; u += 16) {
      const i = activate(recurrent, v128.load(z));
      const f = activate(recurrent, v128.load(z, 16));
      const g = activate(activation, v128.load(z, 32));
      const o = activate(recurrent, v128.load(z, 48));
      const c = f32x4.add(f32x4.mul(f, v128.load(cells)), f32x4.mul(i, g));
      v128.store(cells, c);
      const out = f32x4.mul(o, activate(activation, c));
      v128.store(h + u, out);
      if (copy) v128.store(copy + u, out);
      z += 64;
      cells += 16;
    }
  }
}

// @ts-ignore: decorator
@inline
function activate(kind: u32, x: v128): v128 {
  if (kind == SIGMOID) return sigmoid(x);
  if (kind == TANH) return tanh(x);
  if (kind == RELU) return f32x4.pmax(x, f32x4.splat(0));
  if (kind >= HARD_SIGMOID) {
    const slope = f32x4.splat(kind == HARD_SIGMOID ? 0.2 : 1.0 / 6.0);
    const line = f32x4.add(f32x4.mul(x, slope), f32x4.splat(0.5));
    return f32x4.pmax(f32x4.pmin(line, f32x4.splat(1)), f32x4.splat(0));
  }
  return x;
}

// @ts-ignore: decorator
@inline
function sigmoid(x: v128): v128 {
  const y = f32x4.pmax(f32x4.pmin(f32x4.neg(x), f32x4.splat(87)), f32x4.splat(-87));
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, f32x4.add(expm1(y), one)));
}

/** (e^2x - 1) / (e^2x + 1), exact also near 0 because the numerator is never computed as a difference. */
// @ts-ignore: decorator
@inline
function tanh(x: v128): v128 {
  const y = f32x4.pmax(f32x4.pmin(f32x4.add(x, x), f32x4.splat(20)), f32x4.splat(-20));
  const e = expm1(y);
  return f32x4.div(e, f32x4.add(e, f32x4.splat(2)));
}

/**
 * e^y - 1 for |y| <= 87: y = k ln 2 + r with |r| <= ln 2 / 2, ln 2 in two parts (Cody & Waite) so that r keeps its bits,
 * and a polynomial for e^r - 1, fitted by us for the least greatest relative error (1.4e-8). Adding 1.5 x 2^23 rounds to
 * the nearest integer and leaves it in the low bits, where the shift finds it.
 */
// @ts-ignore: decorator
@inline
function expm1(y: v128): v128 {
  const magic = f32x4.splat(12582912);
  const rounded = f32x4.add(f32x4.mul(y, f32x4.splat(1.4426950408889634)), magic);
  const k = f32x4.sub(rounded, magic);
  let r = f32x4.sub(y, f32x4.mul(k, f32x4.splat(0.693359375)));
  r = f32x4.add(r, f32x4.mul(k, f32x4.splat(2.1219444005469057e-4)));
  let q = madd(f32x4.splat(0.0013946669641882181), r, f32x4.splat(0.008366710506379604));
  q = madd(q, r, f32x4.splat(0.04166628047823906));
  q = madd(q, r, f32x4.splat(0.16666541993618011));
  q = madd(q, r, f32x4.splat(0.5));
  const p = madd(f32x4.mul(r, r), q, r);
  const power = i32x4.shl(i32x4.add(rounded, i32x4.splat(127)), 23);
  return f32x4.add(f32x4.mul(power, p), f32x4.sub(power, f32x4.splat(1)));
}

/**
 * The dense layers on the last hidden state, one window after the other, summed in double precision.
 * @param layer table of the last LSTM layer
 * @param dense address of `count` dense tables
 * @param scratch two f64 buffers of `width` numbers each
 * @param outputs f64 [n]: the first unit of the last dense layer
 */
export function head(layer: usize, dense: usize, count: i32, scratch: usize, width: i32, outputs: usize, n: i32): void {
  const stride = word(layer, STRIDE);
  const hidden = word(layer, ROWS) + (word(layer, INPUTS) << 2);
  const half = <usize>width << 3;
  const units = word(dense, FAN_IN);
  for (let w: usize = 0; w < <usize>n; w++) {
    let from = scratch;
    let to = scratch + half;
    for (let u: usize = 0; u < units; u++) {
      store<f64>(from + (u << 3), <f64>load<f32>(hidden + w * stride + (u << 2)));
    }
    for (let d = 0; d < count; d++) {
      const table = dense + <usize>d * DENSE_BYTES;
      const fanIn = word(table, FAN_IN);
      const fanOut = word(table, FAN_OUT);
      const biases = word(table, DENSE_BIASES);
      let weight = word(table, DENSE_WEIGHTS);
      for (let o: usize = 0; o < fanOut; o++) {
        let sum = <f64>load<f32>(biases + (o << 2));
        for (let i: usize = 0; i < fanIn; i++) {
          sum += load<f64>(from + (i << 3)) * <f64>load<f32>(weight);
          weight += 4;
        }
        if (<u32>word(table, DENSE_ACTIVATION) == RELU && sum < 0) sum = 0;
        store<f64>(to + (o << 3), sum);
      }
      const swap = from;
      from = to;
      to = swap;
    }
    store<f64>(outputs + (w << 3), load<f64>(from));
  }
}
