/** The limit of open files is compared with MQTT_MAX_CONNECTIONS. */
import { expect, it } from 'vitest';
import { descriptorProblem, openFilesLimit } from '../../src/app/descriptors.ts';

const limits = (soft: string) => () =>
  `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}                 1048576              files\n`;

it('the limit of open files is read, where the system tells it', () => {
  expect(openFilesLimit(limits('1024'))).toBe(1024);
  expect(openFilesLimit(limits('unlimited'))).toBeNull();
  expect(openFilesLimit(() => '')).toBeNull();
  expect(
    openFilesLimit(() => {
      throw new Error('ENOENT');
    }),
  ).toBeNull();
});

it('connections need a file each, and the process some of its own', () => {
  expect(descriptorProblem(10_000, 1024)).toMatch(/is 10000, but this process may open 1024 files.*10200/);
  expect(descriptorProblem(10_000, 10_200)).toBeNull();
  expect(descriptorProblem(10_000, null)).toBeNull();
});
