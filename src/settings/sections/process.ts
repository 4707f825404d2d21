import { type Section, setting } from '../setting.ts';
import { choice, duration, whole } from '../value-types.ts';

export const process = {
  title: 'Process',
  settings: {
    logLevel: setting('LOG_LEVEL', choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'), {
      fallback: 'info',
      reload: true,
      help: 'least important messages that are logged: trace, debug, info, warn, error, fatal or silent',
    }),
    logInterval: setting('LOG_INTERVAL', duration(), {
      fallback: '1s',
      help: 'time in which lines of the log with the same message and reason are written as one, with their number; 0 writes every line, and so does LOG_LEVEL=debug',
    }),
    heapGrowth: setting('HEAP_GROWTH', whole(10, 1000), {
      fallback: '50',
      help: 'percent by which the JavaScript heap may grow beyond the memory in use before the garbage is collected: a smaller number takes less memory and more CPU time',
    }),
    nice: setting('BRIDGE_NICE', whole(0, 19), {
      fallback: '10',
      help: 'Unix nice value of `vigia bridge`: with a higher value the broker and Redis go first where they share the processor cores',
    }),
  },
} satisfies Section;
