// Plan: which browser the tests take, by SHADEGRAD_CHROMIUM: a path, none, a path that leads nowhere; what starts it.
import process from 'node:process';
import { afterEach, expect, it, vi } from 'vitest';
import { chromiumLaunchOptions, findChromium } from '../../scripts/chromium.mjs';

afterEach(() => void vi.unstubAllEnvs());

it('a path is that browser, with flags for WebGPU and the environment as it is', () => {
  vi.stubEnv('SHADEGRAD_CHROMIUM', process.execPath);
  vi.stubEnv('SHADEGRAD_TEST', 'kept');
  const { executablePath, args, env } = chromiumLaunchOptions();
  expect(executablePath).toBe(process.execPath);
  expect(args).toEqual(expect.arrayContaining(['--enable-unsafe-webgpu', '--no-sandbox']));
  expect(env['SHADEGRAD_TEST']).toBe('kept');
  expect(findChromium()).toEqual({ launchOptions: { executablePath, args, env } });
});

it('none skips optional tests, and is an error for those that need one', () => {
  vi.stubEnv('SHADEGRAD_CHROMIUM', 'none');
  expect(findChromium()).toEqual({ reason: 'SHADEGRAD_CHROMIUM is none.' });
  expect(() => chromiumLaunchOptions()).toThrowErrorMatchingInlineSnapshot(
    `[Error: No browser: SHADEGRAD_CHROMIUM is none.]`,
  );
});

it('a path that leads nowhere is a mistake', () => {
  vi.stubEnv('SHADEGRAD_CHROMIUM', '/no/such/browser');
  expect(() => findChromium()).toThrowErrorMatchingInlineSnapshot(
    `[Error: SHADEGRAD_CHROMIUM: there is no file /no/such/browser.]`,
  );
});
