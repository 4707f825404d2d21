import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type Child, freePort, startChild } from './child.ts';
import { findProgram } from './program.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { waitFor } from './wait-for.ts';

export const MOSQUITTO = findProgram('mosquitto');

export interface Mosquitto {
  readonly url: string;
  readonly port: number;
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** On the same port, with what it had persisted. */
  start(): Promise<void>;
}

/** A real Mosquitto on a free port, with the settings that lose nothing; gone when the current test ends. */
export async function startMosquitto(lines: readonly string[] = []): Promise<Mosquitto> {
  const directory = temporaryDirectory();
  const port = await freePort();
  const file = join(directory, 'mosquitto.conf');
  const settings = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence true',
    `persistence_location ${directory}/`,
    'autosave_interval 1',
    'max_inflight_messages 2000',
    'max_queued_messages 1000000',
    'set_tcp_nodelay true',
    'user root',
    ...lines,
  ];
  writeFileSync(file, `${settings.join('\n')}\n`);
  let child: Child;
  const start = async () => {
    child = startChild(MOSQUITTO!, ['-c', file]);
    await waitFor('Mosquitto', () => answers(port));
  };
  await start();
  return { url: `mqtt://127.0.0.1:${port}`, port, start, stop: (signal = 'SIGTERM') => child.kill(signal) };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
