/**
 * Plan: a small bench from start to file: the sections asked for and no others; every figure a number that can be one;
 * the roofline is listed with the kernels; what is written is read again. No figure is judged: tests time nothing.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, expect, it, vi } from 'vitest';
import { bench } from '../../src/cli/bench.js';
import { figuresOf } from '../../src/cli/bench/compare.js';
import { resultsFromJson } from '../../src/cli/bench/results.js';

const work = mkdtempSync(path.join(tmpdir(), 'shadegrad-bench-'));
afterAll(() => rmSync(work, { recursive: true }));

it('measures the roofline, a batch size end to end, and the kernels of its step', async () => {
  const out = path.join(work, 'results.json');
  const name = process.env['SHADEGRAD_DEVICE'];
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const status = await bench({
    only: ['roofline', 'end-to-end', 'step'],
    quick: true,
    batchSize: 2,
    tune: false,
    threshold: 15,
    results: work,
    out,
    ...(name ? { device: name } : {}),
  });
  write.mockRestore();
  expect(status).toBe(0);

  const { sections, tuning, isQuick, device } = resultsFromJson(readFileSync(out, 'utf8'), out);
  expect({ tuning, isQuick }).toEqual({ tuning: 'off', isQuick: true });
  expect(device.adapter).not.toBe('');
  expect(Object.keys(sections).filter((section) => section !== 'step')).toEqual(['roofline', 'endToEnd']);
  const { roofline, endToEnd = [], step = [] } = sections;
  expect(roofline?.peakGflops).toBeGreaterThan(0);
  expect(roofline?.peakGbPerSecond).toBeGreaterThan(0);
  expect(endToEnd.map(({ task, batchSize }) => [task, batchSize])).toEqual([
    ['training', 2],
    ['inference', 2],
  ]);
  // Training needs gradients, optimizer and every activation on top of what inference needs.
  expect(endToEnd[0]!.peakBytes).toBeGreaterThan(endToEnd[1]!.peakBytes);
  for (const row of step) {
    expect(row.ofRoofline, row.kernel).toBeGreaterThanOrEqual(0);
    expect(row.ms.low, row.kernel).toBeLessThanOrEqual(row.ms.high);
  }
  const wrong = figuresOf(resultsFromJson(readFileSync(out, 'utf8'), out)).filter(
    ({ value: { median, min, max } }) => !(median > 0 && min <= median && median <= max && max < Infinity),
  );
  expect(wrong).toEqual([]);
});
