import { type Section, setting } from '../setting.ts';
import { bytes, choice, duration, text } from '../value-types.ts';

export const models = {
  title: 'Models',
  settings: {
    directory: setting('MODEL_DIR', text.min(1), {
      help: 'directory of the model artifact that scores new series (unset: the artifact that comes with Vigía)',
    }),
    simd: setting('SIMD', choice('simd128', 'relaxed'), {
      fallback: 'simd128',
      help: 'WebAssembly instructions that forecasts use: relaxed is faster and needs Node 22; all replicas must use the same (docs/detection.md)',
    }),
    refreshMs: setting('MODEL_REFRESH', duration(50), {
      fallback: '2s',
      help: 'how often a replica checks whether another replica has promoted a model',
    }),
    maxSize: setting('MAX_MODEL_SIZE', bytes(1024, 2 ** 30), {
      fallback: '32MB',
      help: 'size of the largest model artifact that can be uploaded over HTTP',
    }),
    maxTotal: setting('MAX_MODELS_SIZE', bytes(1024, 2 ** 40), {
      fallback: '256MB',
      help: 'size of all model artifacts in the store together; beyond it none can be uploaded until one is deleted',
    }),
  },
} satisfies Section;
