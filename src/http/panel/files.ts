/**
 * The static files of the panel: those of src/http/panel/, which need no build, and the script of uPlot. The files are read
 * once. Browsers ask again with the ETag, so that a new version shows at once.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import type { RequestHandler } from 'express';
import { packageRoot } from '../../../models/package-root.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

interface PanelFile {
  readonly bytes: Buffer;
  readonly type: string;
  readonly etag: string;
}

/** By the name under /panel/. */
export function panelFiles(): ReadonlyMap<string, PanelFile> {
  const here = join(packageRoot(import.meta.dirname), 'src', 'http', 'panel');
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot'));
  const paths = new Map(readdirSync(here).map((name) => [name, join(here, name)]));
  paths.set('uplot.js', join(uplot, 'uPlot.iife.min.js'));
  const files = new Map<string, PanelFile>();
  for (const [name, path] of paths) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const bytes = readFileSync(path);
    files.set(name, { bytes, type, etag: `"${createHash('sha256').update(bytes).digest('base64url')}"` });
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
    if (request.fresh) response.status(304).end();
    else response.end(file.bytes);
  };
}
