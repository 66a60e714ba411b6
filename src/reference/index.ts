/** Every reference by the name of its op: tests, gradcheck and the bench are made from this list. */
import { conv2dReference } from './conv2d.js';
import { matmulReference } from './matmul.js';
import type { Reference } from './reference.js';

const all: readonly Reference[] = [conv2dReference, matmulReference];

export const references: ReadonlyMap<string, Reference> = new Map(all.map((each) => [each.op, each]));
