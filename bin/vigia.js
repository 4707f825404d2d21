#!/usr/bin/env node
// The installed command. The program itself is compiled to dist/ by `npm run build` (also run by `npm ci`).
import '../dist/src/main.js';
