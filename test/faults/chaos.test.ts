/** One short run of the chaos test (`npm run test:chaos`). */
import '../chaos/bridges.chaos.ts';
