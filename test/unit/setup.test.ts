/**
 * What scripts/setup.sh does to a system, with stand-ins for apt-get, sudo, npm and node in a folder of its own. Plan: what will
 * be installed, from where, and how to undo it, said before it is done; Debian 12 reads backports for the one run and no file
 * below /etc changes, also when apt fails; other systems add no source; the images of Fashion-MNIST; SHADEGRAD_NO_APT and systems
 * without apt are left alone; nothing is said or done when nothing is missing.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = path.resolve('scripts/setup.sh');

let base: string;
const at = (...names: string[]): string => path.join(base, ...names);
/** What apt-get was asked for, its options left out. */
const calls = (): string[] =>
  existsSync(at('calls')) ? readFileSync(at('calls'), 'utf8').trimEnd().split('\n') : [];

function standIn(name: string, lines: string): void {
  writeFileSync(at('bin', name), `#!/bin/sh\n${lines}\n`);
  chmodSync(at('bin', name), 0o755);
}

beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), 'shadegrad-setup-'));
  for (const folder of [
    'bin',
    'project/scripts',
    'project/node_modules/.bin',
    'etc/apt/sources.list.d',
    'tmp',
  ])
    mkdirSync(at(folder), { recursive: true });
  copyFileSync(script, at('project/scripts/setup.sh'));
  for (const file of ['package.json', 'package-lock.json']) {
    writeFileSync(at('project', file), '{}');
    utimesSync(at('project', file), 1, 1);
  }
  // As if npm had just run.
  for (const file of ['.bin/esbuild', '.package-lock.json'])
    writeFileSync(at('project/node_modules', file), '');
  writeFileSync(at('etc/apt/sources.list.d/debian.sources'), 'Types: deb\n');
  system('debian', '12');
  standIn('id', 'echo 0');
  standIn('uname', 'echo Linux aarch64'); // without SwiftShader
  standIn('sudo', 'exit 1');
  standIn('npm', 'exit 1');
  // The adapter works once the driver is installed.
  standIn(
    'node',
    `case "$*" in *probe_adapter*) [ -e "${at('driver')}" ] || { echo 'no adapter' >&2; exit 1; } ;; esac`,
  );
  standIn(
    'apt-get',
    `
while :; do case "$1" in
  -q) shift ;;
  -o) case "$2" in Dir::Etc::SourceParts=*) parts=\${2#*=} ;; esac; shift 2 ;;
  *) break ;;
esac; done
echo "$*" >>"${at('calls')}"
[ -z "\${parts:-}" ] || { ls "$parts" | tr '\\n' ' ' >"${at('parts')}"; cat "$parts/shadegrad-backports.list" >>"${at('parts')}"; }
case "$*" in
  indextargets*) echo 'bookworm main http://deb.test/debian' ;;
  '-s install'*) cat "${at('plan')}" ;;
  install*mesa*) [ ! -e "${at('broken')}" ] || { echo 'E: No space left'; exit 100; }; : >"${at('driver')}" ;;
esac`,
  );
  writeFileSync(
    at('plan'),
    'NOTE: a simulation\nInst libdrm2 [2.4.114-1] (2.4.123-1 Debian:backports [amd64])\nInst libllvm19 (1:19 Debian [amd64])\nInst mesa-vulkan-drivers (24 Debian [amd64])\nConf libdrm2 (2.4.123-1)\n',
  );
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function system(id: string, version: string): void {
  writeFileSync(at('etc/os-release'), `ID=${id}\nVERSION_ID="${version}"\n`);
}

function setUp(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const { status, stderr, stdout } = spawnSync('sh', ['scripts/setup.sh', ...args], {
    cwd: at('project'),
    encoding: 'utf8',
    env: {
      PATH: `${at('bin')}:${process.env['PATH']}`,
      HOME: at('home'),
      TMPDIR: at('tmp'),
      SHADEGRAD_ROOT: base,
      ...env,
    },
  });
  expect(stdout).toBe('');
  return {
    status,
    said: stderr.replaceAll(base, 'BASE').replaceAll('shadegrad set-up: ', '').trimEnd().split('\n'),
  };
}

describe.runIf(process.platform === 'linux')('a driver', () => {
  it('on Debian 12: says what, from where and how to undo it, then does it; /etc stays', () => {
    const { status, said } = setUp();
    expect(status).toBe(0);
    expect(said).toEqual([
      'no working WebGPU adapter, so a Vulkan driver (Mesa) will be installed, as root; SHADEGRAD_NO_APT=1 forbids it:',
      '  apt-get update and install also read, this once: deb http://deb.test/debian bookworm-backports main (no file below /etc/apt changes)',
      '  apt-get update',
      '  apt-get install --no-install-recommends -t bookworm-backports mesa-vulkan-drivers libvulkan1',
      'installing now: libllvm19 mesa-vulkan-drivers; in newer versions: libdrm2=2.4.114-1',
      'to undo it: sudo apt-get purge libllvm19 mesa-vulkan-drivers',
      'and: sudo apt-get install --allow-downgrades libdrm2=2.4.114-1',
    ]);
    const wanted = '-y --no-install-recommends -t bookworm-backports mesa-vulkan-drivers libvulkan1';
    expect(calls().slice(1)).toEqual(['update', `-s install ${wanted}`, `install ${wanted}`]);
    expect(readFileSync(at('parts'), 'utf8')).toBe(
      'debian.sources shadegrad-backports.list deb http://deb.test/debian bookworm-backports main\n',
    );
    expect(readdirSync(at('etc/apt/sources.list.d'))).toEqual(['debian.sources']);
    expect(readdirSync(at('tmp'))).toEqual([]);
  });

  it('when apt fails, nothing stays', () => {
    writeFileSync(at('broken'), '');
    const { status, said } = setUp();
    expect(status).toBe(1);
    expect(said).toContain('apt-get failed: E: No space left');
    expect(said).toContain('no working WebGPU adapter: no adapter');
    expect([readdirSync(at('etc/apt/sources.list.d')), readdirSync(at('tmp'))]).toEqual([
      ['debian.sources'],
      [],
    ]);
  });

  it('elsewhere, and with backports among the sources: no other source', () => {
    system('ubuntu', '24.04');
    expect(setUp().said.join('\n')).not.toContain('backports');
    expect(calls().at(-1)).toBe('install -y --no-install-recommends mesa-vulkan-drivers libvulkan1');
    rmSync(at('driver'));
    system('debian', '12');
    writeFileSync(at('etc/apt/sources.list.d/own.list'), 'deb http://x bookworm-backports main\n');
    expect(setUp().said.join('\n')).not.toContain('also read');
    expect(calls().at(-1)).toContain('-t bookworm-backports');
    expect(existsSync(at('parts'))).toBe(false);
  });

  it('is not installed where that is forbidden, or apt is not the system’s', () => {
    const forbidden = setUp([], { SHADEGRAD_NO_APT: '1' });
    system('fedora', '41');
    for (const { status, said } of [forbidden, setUp()]) {
      expect(status).toBe(1);
      expect(said[0]).toBe('no working WebGPU adapter: no adapter');
    }
    expect(calls()).toEqual([]);
  });

  it('is not looked for again when it works', () => {
    writeFileSync(at('driver'), '');
    setUp();
    expect(setUp()).toEqual({ status: 0, said: [''] });
    expect(calls()).toEqual([]);
  });
});

describe.runIf(process.platform === 'linux')('the images of Fashion-MNIST', () => {
  it('are installed, after a text on how to undo it', () => {
    writeFileSync(at('plan'), 'Inst dataset-fashion-mnist (0.0 Debian [all])\n');
    const { status, said } = setUp(['--fashion']);
    expect(status).toBe(0);
    expect(said).toEqual([
      'the Fashion-MNIST images (31 MB) will be installed, as root; SHADEGRAD_NO_APT=1 forbids it:',
      '  apt-get update',
      '  apt-get install --no-install-recommends dataset-fashion-mnist',
      'installing now: dataset-fashion-mnist',
      'to undo it: sudo apt-get purge dataset-fashion-mnist',
    ]);
  });

  it('are left alone where that is forbidden', () => {
    expect(setUp(['--fashion'], { SHADEGRAD_NO_APT: '1' })).toEqual({ status: 0, said: [''] });
    expect(calls()).toEqual([]);
  });
});
