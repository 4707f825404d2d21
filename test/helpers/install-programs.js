// Installs the programs that the tests drive, where that can be done without asking: on Debian, as root. Elsewhere the
// suites whose program is missing are skipped and named at the end of the run.
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';

const WANTED = [
  { program: 'mosquitto', packages: ['mosquitto'] },
  { program: 'mosquitto_pub', packages: ['mosquitto-clients'] },
  { program: 'redis-server', packages: ['redis-server'] },
  { program: 'chromium', packages: ['chromium'] },
  { program: 'promtool', packages: ['prometheus'] },
  { program: 'prometheus-alertmanager', packages: ['prometheus-alertmanager'] },
];
/** Has WAITAOF, which Debian's redis-server is too old for. */
const BACKPORTED = [{ program: 'valkey-server', packages: ['valkey-server'] }];
const DIRECTORIES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const SOURCES = '/etc/apt/sources.list.d/bookworm-backports.sources';

const isMissing = ({ program }) => !DIRECTORIES.some((directory) => existsSync(`${directory}/${program}`));
const apt = (...args) =>
  execFileSync('apt-get', ['-y', '-q', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  });

const missing = WANTED.filter(isMissing);
const backports = BACKPORTED.filter(isMissing);
if (missing.length + backports.length > 0) {
  const names = [...missing, ...backports].map(({ program }) => program).join(', ');
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) {
    console.log(`Not installed: ${names}. The tests that need them are skipped.`);
  } else {
    console.log(`Installing for the tests: ${names}`);
    try {
      if (backports.length > 0 && !existsSync(SOURCES)) addBackports();
      apt('update');
      if (missing.length > 0)
        apt('install', '--no-install-recommends', ...missing.flatMap(({ packages }) => packages));
      if (backports.length > 0) {
        apt(
          'install',
          '-t',
          'bookworm-backports',
          '--no-install-recommends',
          ...backports.flatMap(({ packages }) => packages),
        );
      }
    } catch (error) {
      console.log(
        `Some could not be installed (${error.message.split('\n')[0]}); the tests that need them are skipped.`,
      );
    }
  }
}

/** The backports come from the mirror that the machine already uses. */
function addBackports() {
  const policy = execFileSync('apt-cache', ['policy'], { encoding: 'utf8' });
  const mirror = /\s(https?:\/\/\S+\/debian)\s+bookworm\/main/.exec(policy)?.[1];
  if (mirror)
    writeFileSync(
      SOURCES,
      `Types: deb\nURIs: ${mirror}\nSuites: bookworm-backports\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n`,
    );
}
