import { type Section, setting } from '../setting.ts';
import { choice, duration, list, port, text, whole } from '../value-types.ts';

export const http = {
  title: 'HTTP',
  settings: {
    host: setting('HOST', text, {
      fallback: '127.0.0.1',
      help: 'address that the HTTP server and the built-in broker listen on',
    }),
    allowAnonymous: setting('ALLOW_ANONYMOUS', choice('no', 'yes'), {
      fallback: 'no',
      help: 'whether Vigía may listen on addresses beyond this machine although anybody can then read and write: without HTTP_TOKEN and HTTP_USERS, or without users at the built-in broker',
    }),
    generateSecrets: setting('GENERATE_SECRETS', choice('no', 'yes'), {
      fallback: 'no',
      help: 'whether `vigia serve` that listens beyond this machine makes an HTTP token and an MQTT password where none are set, keeps them in DATA_DIR and prints them (the image sets it)',
    }),
    port: setting('PORT', port, { fallback: '4000', help: 'port of the HTTP server (0: any free port)' }),
    deadline: setting('HTTP_DEADLINE', duration(10), {
      fallback: '5s',
      help: 'how long an HTTP request that writes readings waits for their commit before the answer is 503',
    }),
    // What fits into the header as it is.
    token: setting('HTTP_TOKEN', text.regex(/^[!-~]+$/, 'must be visible ASCII characters, without spaces'), {
      reload: true,
      secret: true,
      help: 'bearer token with the role admin (without HTTP_TOKEN and HTTP_USERS nobody needs a token)',
    }),
    users: setting('HTTP_USERS', text, {
      reload: true,
      secret: true,
      long: true,
      help: 'users and named tokens of the HTTP server with their roles, as lines name:role:secret that `vigia passwd --role` makes; usually read from a file, with HTTP_USERS_FILE',
    }),
    legacyAccess: setting('HTTP_LEGACY_ACCESS', choice('open', 'token'), {
      reload: true,
      help: 'whether the routes /nuevo, /listar and /detectar are open to everybody although HTTP_TOKEN or HTTP_USERS is set, or need a token as bearer token or as ?token= (unset: they need it)',
    }),
    rateLimit: setting('HTTP_RATE_LIMIT', whole(0, 1_000_000_000), {
      fallback: '0',
      reload: true,
      help: 'requests that one client may make in a minute; further requests get the answer 429 (0: no limit)',
    }),
    authFailures: setting('HTTP_AUTH_FAILURES', whole(1, 1_000_000), {
      fallback: '60',
      reload: true,
      help: 'wrong tokens that one client may send in a minute; further wrong tokens get the answer 429',
    }),
    sessionLifetime: setting('HTTP_SESSION', duration(60_000), {
      fallback: '12h',
      reload: true,
      help: 'how long a person stays signed in on the panel',
    }),
    maxLoginFailures: setting('HTTP_SIGN_IN_FAILURES', whole(0, 1_000_000), {
      fallback: '10',
      help: 'wrong passwords of one user at one address after which further sign-ins of this user there wait, for 1 s at first and twice as long each time (0: never)',
    }),
    maxLoginBanMs: setting('HTTP_SIGN_IN_MAX_WAIT', duration(1000), {
      fallback: '5m',
      help: 'longest time that sign-ins of one user at one address wait after wrong passwords',
    }),
    maxPendingLogins: setting('HTTP_SIGN_IN_PENDING', whole(1, 100_000), {
      fallback: '32',
      help: 'sign-ins of one address that may wait for the check of their password; further ones get the answer 429',
    }),
    addressConnections: setting('HTTP_ADDRESS_CONNECTIONS', whole(1, 1_000_000), {
      fallback: '1000',
      help: 'connections of one address at the same time; further ones are closed (not counted where TRUST_PROXY is set)',
    }),
    clientReads: setting('HTTP_CLIENT_READS', whole(1, 1_000_000), {
      fallback: '100',
      help: 'requests for readings, charts, exports and lists that one client may make at the same time; further ones get the answer 429',
    }),
    trustProxy: setting('TRUST_PROXY', text, {
      help: 'proxies whose X-Forwarded-For header names the client: their number, or their addresses separated by commas',
    }),
    allowedHosts: setting('HTTP_ALLOWED_HOSTS', list, {
      shape: 'list',
      reload: true,
      help: 'host names of this server, for example vigia.lan or *.example.org; a request for another name is refused with 421 (*: all names). Addresses, localhost, names without a dot and the name of the machine are always allowed',
    }),
    corsOrigins: setting('HTTP_CORS_ORIGINS', list, {
      shape: 'list',
      reload: true,
      help: 'web pages of other sites that may use the JSON API, for example https://panel.example (*: all pages; unset: none)',
    }),
  },
} satisfies Section;
