/** Start, stop and refuse: what a user meets before the first reading. */

import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { artifactBytes } from '../../models/artifact.ts';
import { usableSimd } from '../../models/kernel/kernel.ts';
import { SETTINGS } from '../../src/settings/sections.ts';
import { overflowingArtifact } from '../helpers/small-model.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { getJson, metric, ROOT, runVigia, serve } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

describe('vigia --help', () => {
  it('lists the commands and every setting', async () => {
    const { code, output } = await runVigia(['--help']);
    expect(code).toBe(0);
    for (const command of ['serve', 'bridge', 'broker', 'devices', 'train', 'score'])
      expect(output).toContain(`  ${command}`);
    for (const setting of Object.keys(SETTINGS)) expect(output).toContain(`  ${setting} `);
  });

  it('is offered for wrong usage', async () => {
    for (const args of [
      ['nonsense'],
      ['serve', '--nonsense'],
      ['devices', '--count', 'x'],
      ['devices', '--faults', 'fire'],
    ]) {
      const { code, output } = await runVigia(args);
      expect(code).toBe(2);
      expect(output).toMatch(/error: .*(nonsense|count|faults)/);
    }
  });
});

describe('vigia serve', () => {
  it('says what to open and what is in use, shows simulated sensors and alerts, and stops on Ctrl-C', async () => {
    const server = await serve(['--data', temporaryDirectory(), '--devices', '5']);
    for (const line of [
      /open +http/,
      /readings +http.*sensor-01/,
      /store +embedded/,
      /model +default-\w+ \(window 10, /,
      /devices +5/,
    ]) {
      expect(server.output()).toMatch(line);
    }
    const list = (n: number) =>
      getJson<{ readings: unknown[] }>(`${server.url}/listar?sensor=sensor-01&format=json&limit=${n}`);
    await waitFor('the history', async () => (await list(1000)).readings.length > 800);
    await waitFor('alerts', async () => (await getJson<unknown[]>(`${server.url}/api/alerts`)).length > 0);
    const before = (await list(100_000)).readings.length;
    await waitFor('live readings', async () => (await list(100_000)).readings.length > before);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    await server.kill('SIGINT');
    expect(await server.exited).toBe(130);
    expect(server.output()).not.toMatch(/"level":(50|60)/);
  });

  it('uses relaxed SIMD where it is asked for and can, and says so where it cannot', async () => {
    const { output } = await serve(['--no-devices', '--data', temporaryDirectory()], {
      env: { SIMD: 'relaxed' },
    });
    if (usableSimd('relaxed') === 'relaxed') expect(output()).toMatch(/model +default.* wasm-relaxed-simd\)/);
    else {
      expect(output()).toMatch(/model +default.* wasm-simd128\)/);
      expect(output()).toMatch(/SIMD=relaxed: this Node has no relaxed WebAssembly SIMD/);
    }
  });

  it('goes on with the simulated sensors where an earlier run ended', async () => {
    const directory = temporaryDirectory();
    const first = await serve(['--data', directory, '--devices', '2']);
    await waitFor(
      'readings',
      async () => (await metric(first.url, 'vigia_readings_total', 'result="committed"')) > 1700,
    );
    await first.kill('SIGTERM');
    expect(await first.exited).toBe(0);
    const second = await serve(['--data', directory, '--devices', '2']);
    await waitFor(
      'more',
      async () => (await metric(second.url, 'vigia_readings_total', 'result="committed"')) > 3,
    );
    expect(await metric(second.url, 'vigia_readings_late_total', 'scored="yes"')).toBe(0);
    expect(await metric(second.url, 'vigia_readings_total', 'result="duplicate"')).toBe(0);
  });

  it('commits over HTTP and MQTT alike: 12 times around 73, then 75 is normal and 95 is not', async () => {
    const { url } = await serve(['--no-devices', '--data', temporaryDirectory()]);
    for (let i = 0; i < 12; i++) await fetch(`${url}/detectar?dato=${72.5 + (i % 5) / 4}`);
    expect(await (await fetch(`${url}/detectar?dato=75`)).text()).toContain('No se detectaron anomalías.');
    expect(await (await fetch(`${url}/detectar?dato=95`)).text()).toContain('Anomalia detectada!');
  });
});

describe('vigia config check', () => {
  it('names what only a start would find, and changes nothing', async () => {
    const pem = join(temporaryDirectory(), 'broken.pem');
    writeFileSync(pem, 'not a certificate');
    const env = { MQTT_TLS_PORT: '8883', MQTT_TLS_CERT: pem, MQTT_TLS_KEY: pem };
    const broken = await runVigia(['config', 'check'], { env });
    expect(broken).toMatchObject({ code: 1 });
    expect(broken.output).toMatch(/MQTT_TLS_CERT, MQTT_TLS_KEY: .*cannot be used/);
    expect(await runVigia(['config', 'check'])).toMatchObject({ code: 0 });
  });
});

describe('what cannot start says why and names the setting', () => {
  const refused = async (args: string[], env: Record<string, string> = {}) => {
    const { code, output } = await runVigia(['serve', '--no-devices', '--mqtt-port', '0', ...args], { env });
    expect(code).toBe(1);
    expect(output).not.toMatch(/\n {4}at /);
    return output;
  };

  it('every wrong setting at once', async () => {
    const output = await refused([], {
      PORT: 'abc',
      RETENTION: 'soon',
      LOG_LEVEL: 'loud',
      SIMD: 'avx',
      MQTT_TOPICS: 'a/b',
    });
    for (const name of ['PORT', 'RETENTION', 'LOG_LEVEL', 'SIMD', 'MQTT_TOPICS'])
      expect(output).toMatch(new RegExp(`^ +${name}: .*must`, 'm'));
  });

  it('a port that is taken', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void blocker.close());
    await new Promise((resolve) => blocker.once('listening', resolve));
    const { port } = blocker.address() as { port: number };
    expect(await refused(['--port', String(port), '--data', temporaryDirectory()])).toMatch(
      new RegExp(`PORT.*${port}`),
    );
    const { output } = await runVigia([
      'serve',
      '--no-devices',
      '--port',
      '0',
      '--mqtt-port',
      String(port),
      '--data',
      temporaryDirectory(),
    ]);
    expect(output).toMatch(new RegExp(`MQTT_PORT.*${port}`));
  });

  it('a data directory that cannot be written or is in use', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'file'), '');
    expect(await refused(['--port', '0', '--data', join(directory, 'file/x')])).toMatch(/^vigia: DATA_DIR/m);
    await serve(['--no-devices', '--data', directory]);
    expect(await refused(['--port', '0', '--data', directory])).toMatch(
      /DATA_DIR .* is in use by another vigia process/,
    );
  });

  it('a model that is missing, damaged or forecasts nothing, before anything is stored', async () => {
    const directory = temporaryDirectory();
    const data = join(directory, 'data');
    expect(await refused(['--port', '0', '--data', data], { MODEL_DIR: join(directory, 'none') })).toMatch(
      /none/,
    );
    const model = join(directory, 'model');
    cpSync(join(ROOT, 'models/artifacts/default'), model, { recursive: true });
    const text = readFileSync(join(model, 'model.json'), 'utf8');
    const overflowing = Buffer.from(artifactBytes(overflowingArtifact())).toString();
    for (const damaged of [
      text.slice(0, 1000),
      text.replace('"window": 10', '"window": 11').replace('"window":10', '"window":11'),
      '{}',
      '',
      overflowing,
    ]) {
      writeFileSync(join(model, 'model.json'), damaged);
      expect(await refused(['--port', '0', '--data', data], { MODEL_DIR: model })).toMatch(
        damaged === overflowing ? /\/model: weights: give no finite forecast/ : /model\.json/,
      );
    }
    expect(existsSync(data)).toBe(false);
  });

  it('a secret file that is not there', async () => {
    mkdirSync(join(temporaryDirectory(), 'x'));
    expect(await refused(['--port', '0'], { HTTP_TOKEN_FILE: '/nonexistent/token' })).toMatch(
      /HTTP_TOKEN_FILE: cannot read/,
    );
  });
});

it('prints no character that would drive the terminal', async () => {
  const { output } = await runVigia(['passwd', 'a\u001b[2J\u202e\u009b'], { input: 'password\n' });
  expect(output).toContain('a\\u001b[2J\\u202e\\u009b:$7$');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  expect(output).not.toMatch(/[\u001b\u009b\u202e]/);
});
