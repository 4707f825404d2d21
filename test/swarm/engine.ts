/**
 * A Docker Engine in a Swarm of its own: the one that DOCKER_HOST or the default socket names, if it is in no Swarm yet, else
 * one started here for the test (as root, where dockerd is installed), on its own socket and data root.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '../helpers/wait-for.ts';

export interface Engine {
  readonly version: string;
  /** Runs `docker …`. @returns what it writes to standard output @throws with what it wrote to standard error */
  docker(args: readonly string[], options?: { readonly input?: string }): string;
  /** For child processes that call docker themselves. */
  readonly env: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

/** Debian's client of the same version goes before others: a newer client asks an older engine for more than it has. */
const CLIENT = existsSync('/usr/bin/docker') ? '/usr/bin' : null;
const DOCKERD = '/usr/sbin/dockerd';

/** @returns null where there is no engine to use */
export async function startEngine(): Promise<Engine | null> {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: CLIENT ? `${CLIENT}:${process.env.PATH}` : process.env.PATH,
  };
  const there = swarmState(env);
  let end = async () => {};
  if (there === null) {
    if (process.getuid?.() !== 0 || !existsSync(DOCKERD)) return null;
    const daemon = await startDaemon();
    env.DOCKER_HOST = daemon.host;
    end = daemon.end;
  } else if (there !== 'inactive') {
    throw new Error('this Docker Engine is in a Swarm already, which the test will not touch');
  }
  const docker: Engine['docker'] = (args, { input = '' } = {}) => {
    try {
      return execFileSync('docker', args, {
        env,
        input,
        encoding: 'utf8',
        maxBuffer: 2 ** 28,
        stdio: ['pipe', 'pipe', 'pipe'],
      }).trim();
    } catch (error) {
      throw new Error(`docker ${args.join(' ')}: ${(error as { stderr: string }).stderr}`);
    }
  };
  try {
    docker(['swarm', 'init', '--advertise-addr', '127.0.0.1']);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    version: docker(['version', '--format', '{{.Server.Version}}']),
    docker,
    env,
    stop: async () => {
      docker(['swarm', 'leave', '--force']);
      await end();
    },
  };
}

/** @returns null when no engine answers */
function swarmState(env: NodeJS.ProcessEnv): string | null {
  try {
    return execFileSync('docker', ['info', '--format', '{{.Swarm.LocalNodeState}}'], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}

/** Keeps its images where VIGIA_TEST_DOCKER names a directory, so that a second run is faster. */
async function startDaemon(): Promise<{ readonly host: string; end(): Promise<void> }> {
  const kept = process.env.VIGIA_TEST_DOCKER;
  const directory = kept ?? mkdtempSync(join(tmpdir(), 'vigia-docker-'));
  mkdirSync(directory, { recursive: true });
  const at = (name: string) => join(directory, name);
  const log = openSync(at('dockerd.log'), 'w');
  const host = `unix://${at('docker.sock')}`;
  const args = ['--host', host, '--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('pid')];
  // What an interrupted run left in a kept directory.
  rmSync(at('data/swarm'), { recursive: true, force: true });
  const daemon = spawn(DOCKERD, args, { stdio: ['ignore', log, log] });
  const exited = new Promise((resolve) => daemon.once('exit', resolve));
  await waitFor(
    'dockerd',
    () => {
      if (daemon.exitCode !== null) throw new Error(readFileSync(at('dockerd.log'), 'utf8').slice(-2000));
      return swarmState({ ...process.env, DOCKER_HOST: host }) !== null;
    },
    60_000,
  );
  return {
    host,
    end: async () => {
      daemon.kill('SIGTERM');
      await exited;
      if (!kept) rmSync(directory, { recursive: true, force: true });
    },
  };
}
