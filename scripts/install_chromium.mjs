// Unpacks a headless Chromium with its libraries, SwiftShader and fonts for the tests in a browser; called by
// scripts/setup.sh, started by scripts/chromium.mjs.
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { chromiumFolder } from './chromium.mjs';
import { fetchNpmChromium } from './npm_chromium.mjs';

// The package's own font configuration refers to folders of a cloud platform. Folders here are relative to this file.
const fontSettings = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <dir prefix="relative">../../../dejavu-fonts-ttf/ttf</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
  <alias><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>serif</family><prefer><family>DejaVu Serif</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
`;

/** Prefix of unfinished folders. */
const draft = 'chromium.part-';

try {
  install();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

/** Unpacks to a temporary folder first, so that a killed process leaves no partial browser. */
function install() {
  const { archive, chromium } = fetchNpmChromium();
  const parent = dirname(chromiumFolder);
  mkdirSync(parent, { recursive: true });
  // Earlier interrupted runs left hundreds of megabytes; scripts/setup.sh runs one set-up at a time.
  for (const name of readdirSync(parent))
    if (name.startsWith(draft)) rmSync(join(parent, name), { recursive: true, force: true });
  const part = mkdtempSync(join(parent, draft));
  try {
    for (const files of [archive('al2023'), archive('swiftshader'), archive('fonts')])
      for (const [name, { contents, isExecutable }] of files) {
        mkdirSync(dirname(join(part, name)), { recursive: true });
        writeFileSync(join(part, name), contents, { mode: isExecutable ? 0o755 : 0o644 });
      }
    writeFileSync(join(part, 'fonts.conf'), fontSettings);
    writeFileSync(join(part, 'chromium'), chromium(), { mode: 0o755 });
    rmSync(chromiumFolder, { recursive: true, force: true });
    chmodSync(part, 0o755); // mkdtemp makes folders that only the owner can read
    renameSync(part, chromiumFolder);
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}
