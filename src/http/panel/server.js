/** Requests to this server, and the live stream. */

const STALE_MS = 45_000;
const RETRIES_MS = [500, 1000, 2000, 5000, 10_000];

export class Refused extends Error {
  /** @param {number} status @param {string} message @param {string} [field] what is wrong */
  constructor(status, message, field) {
    super(message);
    this.status = status;
    this.field = field;
  }
}

/** @type {() => Promise<void>} */
let askToSignIn = async () => {};
/** @type {Promise<void> | null} */
let asking = null;

/** @param {() => Promise<void>} ask resolves when the person has signed in */
export function onSignIn(ask) {
  askToSignIn = ask;
}

/** @param {string} path @param {RequestInit} [init] @returns {Promise<Response>} a good answer, after a sign-in if need be */
async function request(path, init = {}) {
  for (;;) {
    const response = await fetch(path, { ...init, cache: 'no-store' });
    if (response.ok) return response;
    if (response.status !== 401 || path === '/api/session') {
      const body = await response.json().catch(() => null);
      throw new Refused(response.status, body?.error?.message ?? response.statusText, body?.error?.field);
    }
    asking ??= askToSignIn().finally(() => {
      asking = null;
    });
    await asking;
  }
}

/** @typedef {import('../panel-types.ts').Calls} Calls */

/**
 * Calls a route of the server.
 * @template {keyof Calls} Name
 * @param {Name} route such as `GET /api/series`
 * @param {import('../panel-types.ts').Input<Name>} [input]
 * @returns {Promise<Calls[Name]['answer']>}
 */
export async function call(route, { params = {}, query = {}, body } = {}) {
  const [method = '', template = ''] = route.split(' ');
  const parts = new Map(Object.entries(params));
  const path = template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(parts.get(name) ?? ''));
  const given = Object.entries(query).map(([name, value]) => [name, String(value)]);
  const search = given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
  const init = { method, headers: { accept: 'application/json' }, body: body && JSON.stringify(body) };
  return (await request(path + search, init)).json();
}

/**
 * Stays connected to the live stream, for ever.
 * @param {{ connected: () => Promise<void>, lost: () => void, event: (event: import('../panel-types.ts').StreamEvent) => void }} handlers
 *   `connected` reads the history: what is committed from then on comes as events
 */
export async function follow({ connected, lost, event }) {
  for (let attempt = 0; ; attempt++) {
    const abort = new AbortController();
    let watchdog = 0;
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = window.setTimeout(() => abort.abort(), STALE_MS);
    };
    try {
      alive();
      const response = await request('/api/stream', { signal: abort.signal });
      const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
      await connected();
      attempt = 0;
      const decoder = new TextDecoder();
      let rest = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        alive();
        const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) {
          const match = /^event: (\w+)\ndata: (.*)$/.exec(block);
          if (match) event(/** @type {any} */ ({ name: match[1], data: JSON.parse(match[2] ?? '') }));
        }
      }
    } catch {
      // Whatever it was, the next try shows whether it is over.
    }
    clearTimeout(watchdog);
    abort.abort();
    lost();
    const pause = /** @type {number} */ (RETRIES_MS[Math.min(attempt, RETRIES_MS.length - 1)]);
    await new Promise((resolve) => setTimeout(resolve, pause * (0.75 + Math.random() / 2)));
  }
}
