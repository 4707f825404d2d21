/** Accounts and the audit log on the command line, in front of a running server. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startChild } from '../helpers/child.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { ROOT, runVigia, serve } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** A token and its line, as the two outputs of `vigia passwd` give them. */
async function newToken(name: string, role: string): Promise<{ token: string; line: string }> {
  const child = startChild(join(ROOT, 'bin/vigia.js'), ['passwd', name, '--role', role, '--token']);
  expect(await child.exited).toBe(0);
  const [, token] = new RegExp(`token of ${name}: (\\S+)`).exec(child.output())!;
  const [line] = new RegExp(`^${name}:${role}:\\S+$`, 'm').exec(child.output())!;
  return { token: token!, line };
}

it('vigia passwd makes accounts that the server takes, and vigia audit lists what they did', async () => {
  const directory = temporaryDirectory();
  const file = join(directory, 'http-users');
  const [admin, viewer] = await Promise.all([newToken('boss', 'admin'), newToken('grafana', 'viewer')]);
  writeFileSync(file, `${admin!.line}\n${viewer!.line}\n`);
  const server = await serve(['--no-devices', '--data', join(directory, 'data')], {
    env: { HTTP_USERS_FILE: file },
  });
  const setLevel = (token: string) =>
    fetch(`${server.url}/api/log-level`, {
      method: 'PUT',
      body: '{"level":"error"}',
      headers: { authorization: `Bearer ${token}` },
    });
  expect((await setLevel(viewer!.token)).status).toBe(403);
  expect((await setLevel(admin!.token)).status).toBe(200);
  const audit = (token: string) =>
    runVigia(['audit', '--url', server.url, '--limit', '5'], { env: { HTTP_TOKEN: token } });
  await waitFor(
    'both entries',
    async () => (await audit(admin!.token)).output.trim().split('\n').length >= 2,
  );
  const { output, code } = await audit(admin!.token);
  expect(code).toBe(0);
  const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`;
  expect(output).toMatch(
    new RegExp(`^${time}  done     boss \\(admin\\)  127\\.0\\.0\\.1  PUT /api/log-level  error$`, 'm'),
  );
  expect(output).toMatch(
    new RegExp(`^${time}  refused  grafana \\(viewer\\)  127\\.0\\.0\\.1  PUT /api/log-level$`, 'm'),
  );
  const refused = await audit(viewer!.token);
  expect(refused.code).toBe(1);
  expect(refused.output).toContain('this needs the role admin; grafana has the role viewer');
});
