/** Runs the examples in their short form, with the package found by its name, and reads the figures that they print. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '..', '..');

function run(...args: string[]): {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
} {
  const script = path.join(root, 'scripts', 'example.mjs');
  return spawnSync(process.execPath, [script, ...args], { cwd: root, encoding: 'utf8', input: '' });
}

/** The number after a name in what an example printed. */
function figures(name: string): (label: string) => number {
  const { stdout, stderr, status } = run(name, '--quick');
  expect([status, stderr.replaceAll(/^Warning: .*\n/gm, '').includes('Error')], stderr).toEqual([0, false]);
  return (label) => Number(new RegExp(`^${label} (-?[\\d.]+)$`, 'm').exec(stdout)?.[1] ?? Number.NaN);
}

const timeout = 180_000;

it('a perceptron learns a table', { timeout }, () => {
  const of = figures('table');
  expect(of('accuracy')).toBeGreaterThan(0.88);
  expect(of('auc')).toBeGreaterThan(0.95);
});

it('a residual network learns digits', { timeout }, () => {
  expect(figures('residual_network')('accuracy')).toBeGreaterThan(0.5);
});

it('an autoencoder removes noise', { timeout }, () => {
  const of = figures('denoising_autoencoder');
  // The noise has a standard deviation of 0.5.
  expect(of('error with noise')).toBeCloseTo(0.25, 2);
  expect(of('error cleaned')).toBeLessThan(0.035);
});

it('a loop of its own fits a curve', { timeout }, () => {
  expect(figures('own_training_loop')('largest error')).toBeLessThan(0.3);
});

it('frozen layers stay, and help', { timeout }, () => {
  const { stdout, status } = run('transfer', '--quick');
  expect(status).toBe(0);
  expect(stdout).toContain('frozen weights unchanged: true\n');
  const [, accuracy] = /accuracy with frozen layers ([\d.]+)/.exec(stdout) ?? [];
  expect(Number(accuracy)).toBeGreaterThan(0.55);
});

it('a generative pair trains both of its networks', { timeout }, () => {
  const { stdout, status } = run('generative_pair', '--quick');
  expect(status).toBe(0);
  const last =
    /step 300 discriminator ([\d.]+) generator ([\d.]+) sure of real ([\d.]+) of generated ([\d.]+)/.exec(
      stdout,
    );
  const [discriminator, generator, real, made] = last!.slice(1).map(Number);
  // At the start both losses are those of guessing, 1.39 and 0.69; the generator follows the discriminator.
  expect(discriminator).toBeGreaterThan(0.05);
  expect(discriminator).toBeLessThan(1.2);
  expect(generator).toBeLessThan(8);
  expect([real! > 0.5, made! < 0.5]).toEqual([true, true]);
  const drawn = stdout.split('\n').filter((line) => line.length > 100);
  expect(drawn.length).toBeGreaterThanOrEqual(20);
});

it('names the examples when asked for another', () => {
  const { stderr, status } = run('tabel');
  expect([status, stderr]).toEqual([
    2,
    "example: 'tabel', expected one of denoising_autoencoder, generative_pair, own_training_loop, residual_network, table, transfer: npm run example -- table\n",
  ]);
});
