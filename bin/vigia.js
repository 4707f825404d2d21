#!/usr/bin/env -S node --max-semi-space-size=4
// The installed command. The program itself is compiled to dist/ by `npm run build` (also run by `npm ci`).
// V8 reads the size of its young generation (MB) only when it starts; docs/decisions.md says what it saves.
import '../dist/src/main.js';
