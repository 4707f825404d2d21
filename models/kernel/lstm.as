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
// state, so that one product gives z. Weights are [group][input][gate][4] and biases [group][gate][4], gates i f c o. z is
// [gate][group][4], gates i f o c, so that an activation runs over all its numbers in one pass, its constants in registers
// (and read from memory: V8 would make literals anew at every use).

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
const TERMS = 9; // inputs incl. padding, then units without: what a sum runs over
const LAYER_BYTES: usize = 40;

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
const HARD_SIGMOID_SIXTH: u32 = 5;

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
  const zStride = groups << 6;
  const groupBytes = word(layer, TERMS) << 6;
  const pairs = n & ~1;
  const gate = groups << 4;

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
      const to = z + <usize>w * zStride + (g << 4);
      v128.store(to, i0);
      v128.store(to + gate, f0);
      v128.store(to + 2 * gate, o0);
      v128.store(to + 3 * gate, c0);
      const to1 = to + zStride;
      v128.store(to1, i1);
      v128.store(to1 + gate, f1);
      v128.store(to1 + 2 * gate, o1);
      v128.store(to1 + 3 * gate, c1);
    }
  }
  if (pairs < n) single(rows + <usize>pairs * stride, groups, groupBytes, weights, biases, z + <usize>pairs * zStride);
}

/** The same for one window, reading the weights in one stream: they exceed the first-level cache. */
function single(row: usize, groups: usize, groupBytes: usize, weights: usize, biases: usize, z: usize): void {
  const gate = groups << 4;
  let p = weights;
  for (let g: usize = 0; g < groups; g++) {
    let a = row;
    const end = p + groupBytes;
    const bias = biases + (g << 6);
    let i = v128.load(bias), f = v128.load(bias, 16), c = v128.load(bias, 32), o = v128.load(bias, 48);
    while (p < end) {
      const x = v128.load32_splat(a);
      i = madd(x, v128.load(p), i);
      f = madd(x, v128.load(p, 16), f);
      c = madd(x, v128.load(p, 32), c);
      o = madd(x, v128.load(p, 48), o);
      a += 4;
      p += 64;
    }
    const to = z + (g << 4);
    v128.store(to, i);
    v128.store(to + gate, f);
    v128.store(to + 2 * gate, o);
    v128.store(to + 3 * gate, c);
  }
}

// Vectors of equal numbers.
const ZERO = 0;
const HALF = 1;
const ONE = 2;
const MAGIC = 3; // 1.5 x 2^23: adding it rounds to the nearest integer and leaves that in the low bits
const P1 = 4; // 2^r - 1 for |r| <= 1/2, fitted by us for the least greatest relative error (1.1e-8)
const P2 = 5;
const P3 = 6;
const P4 = 7;
const P5 = 8;
const P6 = 9;
const SIGMOID_RATE = 10; // e^-x = 2^(rate x)
const TANH_RATE = 11; // e^2x = 2^(rate x)
const SIGMOID_END = 12;
const SIGMOID_START = 13;
const TANH_END = 14; // tanh is 1 in single precision long before
const TANH_START = 15;
const SLOPE = 16;
const SLOPE_SIXTH = 17;
const CONSTANTS: usize = memory.data<f32>([
  0, 0, 0, 0,
  0.5, 0.5, 0.5, 0.5,
  1, 1, 1, 1,
  12582912, 12582912, 12582912, 12582912,
  0.6931471824645996, 0.6931471824645996, 0.6931471824645996, 0.6931471824645996,
  0.24022650718688965, 0.24022650718688965, 0.24022650718688965, 0.24022650718688965,
  0.055503565818071365, 0.055503565818071365, 0.055503565818071365, 0.055503565818071365,
  0.009618029929697514, 0.009618029929697514, 0.009618029929697514, 0.009618029929697514,
  0.0013391211396083236, 0.0013391211396083236, 0.0013391211396083236, 0.0013391211396083236,
  0.00015470133803319186, 0.00015470133803319186, 0.00015470133803319186, 0.00015470133803319186,
  -1.4426950408889634, -1.4426950408889634, -1.4426950408889634, -1.4426950408889634,
  2.8853900817779268, 2.8853900817779268, 2.8853900817779268, 2.8853900817779268,
  126, 126, 126, 126,
  -126, -126, -126, -126,
  30, 30, 30, 30,
  -30, -30, -30, -30,
  0.2, 0.2, 0.2, 0.2,
  0.16666666666666666, 0.16666666666666666, 0.16666666666666666, 0.16666666666666666,
], 16);
const EXPONENT_BIAS: usize = memory.data<i32>([127, 127, 127, 127], 16);

// @ts-ignore: decorator
@inline
function constant(index: usize): v128 {
  return v128.load(CONSTANTS + (index << 4));
}

/** Gates, cells and hidden states from z; the hidden states also become the next layer's inputs. */
function advance(layer: usize, next: usize, n: i32, z: usize): void {
  const stride = word(layer, STRIDE);
  const hidden = word(layer, ROWS) + (word(layer, INPUTS) << 2);
  const gate = word(layer, GROUPS) << 4;
  const activation = <u32>word(layer, ACTIVATION);
  const recurrent = <u32>word(layer, RECURRENT);
  let cells = word(layer, CELLS);
  for (let w: usize = 0; w < <usize>n; w++) {
    activate(recurrent, z, z + 3 * gate);
    activate(activation, z + 3 * gate, z + 4 * gate);
    const h = hidden + w * stride;
    for (let u: usize = 0; u < gate; u += 16) {
      const at = z + u;
      const c = f32x4.add(
        f32x4.mul(v128.load(at + gate), v128.load(cells + u)),
        f32x4.mul(v128.load(at), v128.load(at + 3 * gate)),
      );
      v128.store(cells + u, c);
      v128.store(at, c);
    }
    activate(activation, z, z + gate);
    const copy = next ? word(next, ROWS) + w * word(next, STRIDE) : h;
    for (let u: usize = 0; u < gate; u += 16) {
      const out = f32x4.mul(v128.load(z + 2 * gate + u), v128.load(z + u));
      v128.store(h + u, out);
      v128.store(copy + u, out);
    }
    z += 4 * gate;
    cells += gate;
  }
}

/** Applies an activation in place to the vectors [from, to). */
function activate(kind: u32, from: usize, to: usize): void {
  if (kind == SIGMOID) sigmoid(from, to);
  else if (kind == TANH) tanh(from, to);
  else if (kind == RELU) relu(from, to);
  else if (kind == HARD_SIGMOID) hardSigmoid(from, to, constant(SLOPE));
  else if (kind == HARD_SIGMOID_SIXTH) hardSigmoid(from, to, constant(SLOPE_SIXTH));
}

function relu(from: usize, to: usize): void {
  const zero = constant(ZERO);
  for (; from < to; from += 16) v128.store(from, f32x4.pmax(v128.load(from), zero));
}

function hardSigmoid(from: usize, to: usize, slope: v128): void {
  const zero = constant(ZERO), half = constant(HALF), one = constant(ONE);
  for (; from < to; from += 16) {
    const line = f32x4.add(f32x4.mul(v128.load(from), slope), half);
    v128.store(from, f32x4.pmax(f32x4.pmin(line, one), zero));
  }
}

// e^y is 2^k 2^r with k integer and |r| <= 1/2: 2^k is made in the exponent's bits, 2^r - 1 is the polynomial p. Both
// functions below are written in 2^k p, so that nothing is lost to a difference of almost equal numbers near 0.

/** 1 / (1 + e^-x) */
function sigmoid(from: usize, to: usize): void {
  const one = constant(ONE), magic = constant(MAGIC), bias = v128.load(EXPONENT_BIAS);
  const p1 = constant(P1), p2 = constant(P2), p3 = constant(P3), p4 = constant(P4), p5 = constant(P5), p6 = constant(P6);
  const rate = constant(SIGMOID_RATE), end = constant(SIGMOID_END), start = constant(SIGMOID_START);
  for (; from < to; from += 16) {
    const u = f32x4.pmax(f32x4.pmin(f32x4.mul(v128.load(from), rate), end), start);
    const rounded = f32x4.add(u, magic);
    const r = f32x4.sub(u, f32x4.sub(rounded, magic));
    const p = f32x4.mul(madd(madd(madd(madd(madd(p6, r, p5), r, p4), r, p3), r, p2), r, p1), r);
    const power = i32x4.shl(i32x4.add(rounded, bias), 23);
    v128.store(from, f32x4.div(one, f32x4.add(f32x4.mul(p, power), f32x4.add(power, one))));
  }
}

/** (e^2x - 1) / (e^2x + 1) */
function tanh(from: usize, to: usize): void {
  const one = constant(ONE), magic = constant(MAGIC), bias = v128.load(EXPONENT_BIAS);
  const p1 = constant(P1), p2 = constant(P2), p3 = constant(P3), p4 = constant(P4), p5 = constant(P5), p6 = constant(P6);
  const rate = constant(TANH_RATE), end = constant(TANH_END), start = constant(TANH_START);
  for (; from < to; from += 16) {
    const u = f32x4.pmax(f32x4.pmin(f32x4.mul(v128.load(from), rate), end), start);
    const rounded = f32x4.add(u, magic);
    const r = f32x4.sub(u, f32x4.sub(rounded, magic));
    const p = f32x4.mul(madd(madd(madd(madd(madd(p6, r, p5), r, p4), r, p3), r, p2), r, p1), r);
    const power = i32x4.shl(i32x4.add(rounded, bias), 23);
    const e = f32x4.mul(p, power);
    v128.store(from, f32x4.div(f32x4.add(e, f32x4.sub(power, one)), f32x4.add(e, f32x4.add(power, one))));
  }
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
