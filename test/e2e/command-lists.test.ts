/** The commands that show what a running Vigía has: tables for people, JSON for programs. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PasswordFile } from '../../broker/password-file.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { runVigia, serve, vigia } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** A server with the readings 40 and 20. */
async function start() {
  const env = { ALERT_RULES: '[{metric: temperature, max: 30, anomaly: off}]', ALERT_MQTT: 'off' };
  const server = await serve(['--no-devices', '--data', temporaryDirectory()], { env });
  const store = (...values: number[]) =>
    fetch(`${server.url}/api/readings`, {
      method: 'POST',
      body: JSON.stringify(values.map((value, i) => ({ sensor: `oven ${i}`, metric: 'temperature', value }))),
    });
  await store(40, 20);
  return { server, store, at: (...args: string[]) => runVigia([...args, '--url', server.url]) };
}

describe('of a running Vigía', () => {
  it('lists are aligned tables with headers, or JSON', async () => {
    const { server, at } = await start();
    const { output } = await at('series', 'list');
    expect(output).toMatch(
      /^SERIES +STATE +LAST READING +VALUE\noven 0\/temperature +\w+ +\S+Z +40 °C\noven 1\/temperature +\w+ +\S+Z +20 °C\n$/,
    );
    const lines = output.trimEnd().split('\n');
    expect(new Set(lines.map((line) => line.search(/(VALUE|40|20 °C)/))).size).toBe(1);
    expect(JSON.parse((await at('series', 'list', '--json')).output)).toMatchObject([
      { sensor: 'oven 0', last: { v: 40 } },
      { sensor: 'oven 1', last: { v: 20 } },
    ]);
    for (const list of [
      ['dead-letter', 'list'],
      ['alert', 'receivers'],
      ['mute', 'list'],
    ]) {
      expect(JSON.parse((await at(...list, '--json')).output)).toEqual([]);
      expect((await at(...list)).output).toMatch(/^no /);
    }
    const { models } = JSON.parse((await at('model', 'list', '--json')).output) as {
      models: { id: string }[];
    };
    const promote = (pattern: string) => at('model', 'promote', models[0]!.id, '--sensor', pattern);
    expect((await promote('nobody*')).output).toMatch(/no series fits yet: sensor 'nobody\*'/);
    expect((await promote('oven*')).output).not.toMatch(/no series/);
    // Whoever reads only the first lines is no error.
    const head = execFileSync('sh', [
      '-c',
      `node bin/vigia.js series list --url ${server.url} 2>&1 | head -1`,
    ]);
    expect(head.toString()).toMatch(/^SERIES/);
  }, 120_000);

  it('alerts are listed with their reason, and followed; tail prints readings as they are stored', async () => {
    const { server, store, at } = await start();
    const { output } = await at('alerts');
    expect(output).toMatch(/^RAISED +STATE +SEVERITY +SERIES +RULE +LASTED +WHY\n/);
    expect(output).toMatch(/open +warning +oven%200\/temperature +max +40 °C is above the limit of 30 °C\n$/);
    expect(JSON.parse((await at('alerts', '--json', '--state', 'open')).output)).toHaveLength(1);
    expect((await at('alerts', '--rule', 'min')).output).toBe('no alerts\n');
    const follower = vigia(['alerts', '--follow', '--url', server.url]);
    await waitFor('the alert of before', () => follower.output().includes('40 °C'));
    // The stream opens after the list is printed: what comes in between is not in the stream.
    await waitFor('the next alert', async () => {
      await store(20, 20);
      await store(20, 55);
      return /open .*oven%201.*55 °C is above/.test(follower.output());
    });
    await follower.kill('SIGINT');
    expect(await follower.exited).toBe(130);
    const tail = vigia(['tail', '--sensor', 'oven 1', '--json', '--url', server.url]);
    await waitFor('a reading', async () => {
      await store(1, 2);
      return tail.output().includes('\n');
    });
    expect(JSON.parse(tail.output().split('\n')[0]!)).toMatchObject({ sensor: 'oven 1', v: 2 });
    await tail.kill('SIGINT');
  }, 120_000);

  it('status says whether it is ready and what it has', async () => {
    const { at } = await start();
    const { code, output } = await at('status');
    expect(code).toBe(0);
    expect(output).toMatch(/ready +yes\n/);
    expect(output).toMatch(/series +2 \(/);
    expect(JSON.parse((await at('status', '--json')).output)).toMatchObject({
      notReady: null,
      deadLetters: 0,
    });
    expect(await runVigia(['status', '--url', 'http://127.0.0.1:1'])).toMatchObject({ code: 1 });
  });
});

describe('vigia completion', () => {
  const complete = (script: string, ...words: string[]) => {
    const given = words.map((word) => `'${word}'`).join(' ');
    const code = `source '${script}'; COMP_WORDS=(${given}); COMP_CWORD=${words.length - 1}; _vigia; echo "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', code]).toString().trim().split(' ');
  };

  it('completes commands, their commands and options in bash', async () => {
    const script = join(temporaryDirectory(), 'vigia.bash');
    writeFileSync(script, (await runVigia(['completion', 'bash'])).output);
    expect(complete(script, 'vigia', 'dead')).toEqual(['dead-letter']);
    expect(complete(script, 'vigia', 'alert')).toEqual(['alerts', 'alert']);
    expect(complete(script, 'vigia', 'model', '')).toContain('promote');
    expect(complete(script, 'vigia', 'model', 'list', '--')).toEqual(['--json', '--url', '--help']);
    expect(complete(script, 'vigia', 'serve', '--dev')).toEqual(['--devices']);
  });

  it.each(['zsh', 'fish'])('knows every command in %s', async (shell) => {
    const { code, output } = await runVigia(['completion', shell]);
    expect(code).toBe(0);
    for (const word of ['serve', 'promote', 'dead-letter', 'import-readings']) expect(output).toContain(word);
  });
});

describe('vigia passwd', () => {
  it('puts the line of a user into a file, in the place of the line of before', async () => {
    const file = join(temporaryDirectory(), 'users');
    const set = (user: string, password: string) =>
      runVigia(['passwd', user, '--file', file], { input: `${password}\n` });
    expect((await set('ana', 'one')).output).toContain('ana added');
    await set('ben', 'two');
    expect((await set('ana', 'three')).output).toContain('ana replaced');
    const text = readFileSync(file, 'utf8');
    expect(text.match(/^\w+(?=:)/gm)).toEqual(['ana', 'ben']);
    const users = new PasswordFile(text, 'MQTT_USERS');
    expect(await users.matches('ana', Buffer.from('three'))).toBe(true);
    expect(await users.matches('ana', Buffer.from('one'))).toBe(false);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});
