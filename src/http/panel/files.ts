/**
 * The static files of the panel: those of src/http/panel/, which need no build, and the script of uPlot. The files are read
 * once. Browsers ask again with the ETag, so that a new version shows at once. Browsers that take compressed answers get them.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join, sep } from 'node:path';
import type { RequestHandler } from 'express';
import { packageRoot } from '../../../models/package-root.ts';
import { type Encoding, encode, encodingFor } from './encoding.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

interface PanelFile {
  readonly bytes: Buffer;
  /** By the name of the encoding, made when one is first asked for. */
  readonly compressed: Map<Encoding, Buffer>;
  readonly type: string;
  readonly etag: string;
}

/** The style sheets, in the order in which they apply; browsers get them as one. */
const STYLES = ['base', 'layout', 'devices', 'chart', 'alerts'];

/** Comments and indentation are for who reads the source: they are a third of it. */
const slim = (source: string) =>
  source
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/^\s*\/\/.*$/gm, '')
    .replaceAll(/<!--[\s\S]*?-->/g, '')
    .replaceAll(/^\s+/gm, '')
    // No comment ends a line that ends so: a line break after these signs means nothing.
    .replaceAll(/([{,(;])\n/g, '$1');

/** By the name under /panel/. */
export function panelFiles(): ReadonlyMap<string, PanelFile> {
  const here = join(packageRoot(import.meta.dirname), 'src', 'http', 'panel');
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot'));
  const contents = new Map([['uplot.js', readFileSync(join(uplot, 'uPlot.iife.min.js'))]]);
  const read = (name: string) => readFileSync(join(here, name), 'utf8');
  contents.set('panel.css', Buffer.from(slim(STYLES.map((name) => read(`${name}.css`)).join(''))));
  for (const name of readdirSync(here, { recursive: true, encoding: 'utf8' })) {
    // Only the style sheets of the whole page are put together.
    if (STYLES.includes(basename(name, '.css')) || extname(name) === '') continue;
    contents.set(name.replaceAll(sep, '/'), Buffer.from(slim(read(name))));
  }
  const files = new Map<string, PanelFile>();
  for (const [name, bytes] of contents) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    // A weak one: it stands for the file in every encoding.
    const etag = `W/"${createHash('sha256').update(bytes).digest('base64url')}"`;
    files.set(name, { bytes, compressed: new Map(), type, etag });
  }
  return files;
}

export function servePanelFiles(files: ReadonlyMap<string, PanelFile>): RequestHandler {
  return (request, response, next) => {
    const file = files.get(request.path.slice(1));
    if (!file || (request.method !== 'GET' && request.method !== 'HEAD')) {
      next();
      return;
    }
    response.set({ 'Content-Type': file.type, 'Cache-Control': 'no-cache', ETag: file.etag });
    response.vary('Accept-Encoding');
    if (request.fresh) {
      response.status(304).end();
      return;
    }
    const encoding = encodingFor(request);
    if (encoding) response.set('Content-Encoding', encoding);
    response.end(encoding ? compressed(file, encoding) : file.bytes);
  };
}

function compressed(file: PanelFile, encoding: Encoding): Buffer {
  let bytes = file.compressed.get(encoding);
  if (!bytes) {
    bytes = encode(file.bytes, encoding);
    file.compressed.set(encoding, bytes);
  }
  return bytes;
}
