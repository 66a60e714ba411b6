/**
 * Numbers as Python writes them; the expected texts were printed by CPython 3:
 *   repr of floats: whole, small, large, where exponents begin at both ends, not finite
 *   fixed and exponential: ties to even, signs, more than 1e21
 */
import { describe, expect, it } from 'vitest';
import { pythonExponential, pythonFixed, pythonRepr } from '../../src/python_numbers.js';

describe('pythonRepr', () => {
  it.each([
    [0, '0.0'],
    [-0, '-0.0'],
    [1, '1.0'],
    [100, '100.0'],
    [0.1, '0.1'],
    [1 / 3, '0.3333333333333333'],
    [1e-4, '0.0001'],
    [0.00012345, '0.00012345'],
    [9.999e-5, '9.999e-05'],
    [1e-5, '1e-05'],
    [-2.5e-7, '-2.5e-07'],
    [Math.fround(1e-3), '0.0010000000474974513'],
    [1e15, '1000000000000000.0'],
    [1e16, '1e+16'],
    [1.2345678901234568e17, '1.2345678901234568e+17'],
    [1e22, '1e+22'],
    [5e-324, '5e-324'],
    [Number.MAX_VALUE, '1.7976931348623157e+308'],
    [Number.NaN, 'nan'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
  ])('%d is %s', (value, text) => expect(pythonRepr(value)).toBe(text));
});

describe('pythonFixed', () => {
  it.each([
    [0.125, 2, '0.12'],
    [0.375, 2, '0.38'],
    [0.135, 2, '0.14'],
    [0.045, 2, '0.04'],
    [1.005, 2, '1.00'],
    [0.99999, 2, '1.00'],
    [0.5, 0, '0'],
    [2.5, 0, '2'],
    [3.5, 0, '4'],
    [8.5, 0, '8'],
    [9.5, 0, '10'],
    [-0.5, 0, '-0'],
    [0, 2, '0.00'],
    [-0, 1, '-0.0'],
    [0.9811, 5, '0.98110'],
    [5e-7, 6, '0.000000'],
    [1234.5678, 1, '1234.6'],
    [1e21, 0, '1000000000000000000000'],
    [1e22, 1, '10000000000000000000000.0'],
    [Infinity, 5, 'inf'],
    [Number.NaN, 2, 'nan'],
  ])('%d with %i digits is %s', (value, digits, text) => expect(pythonFixed(value, digits)).toBe(text));
});

describe('pythonExponential', () => {
  it.each([
    [0.00012345, 2, '1.23e-04'],
    [1e-5, 3, '1.000e-05'],
    [0.125, 1, '1.2e-01'],
    [1.5e100, 1, '1.5e+100'],
    [0, 2, '0.00e+00'],
    [3, 3, '3.000e+00'],
    [-Infinity, 2, '-inf'],
  ])('%d with %i digits is %s', (value, digits, text) => expect(pythonExponential(value, digits)).toBe(text));
});
