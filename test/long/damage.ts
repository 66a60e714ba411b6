/** Damage as disks, transfers and editors do it, drawn from a seed. */
import { choose, random } from './case.js';

/** What may stand for any value of a JSON text. */
const values = [
  'null',
  'true',
  '0',
  '-1',
  '0.5',
  '1e999',
  '-1e999',
  '4294967296',
  '9007199254740993',
  '""',
  '"\\u0000"',
  '"NaN"',
  '"__proto__"',
  '"../../x"',
  '[]',
  '{}',
  '[null]',
  '[[]]',
  '{"length":1e9}',
];

export interface Damage {
  readonly title: string;
  readonly bytes: Uint8Array;
}

/** The bytes with one to three damages. `isJson` damages values too, whole ones at a time. */
export function damaged(
  whole: Uint8Array,
  { isJson }: { readonly isJson: boolean },
  seed: number,
  n: number,
): Damage {
  const titles: string[] = [];
  let bytes: Uint8Array = new Uint8Array(whole); // A Buffer's slice() would be a view.
  const times = 1 + Math.floor(3 * random(seed, n, 0) ** 3);
  for (let i = 0; i < times; i++) {
    const draw = (k: number): number => random(seed, n, 16 * (i + 1) + k);
    const kinds = isJson
      ? [...byteDamages, changeValue, changeValue, changeValue, removeMember]
      : byteDamages;
    const made = choose(kinds, draw(0))(bytes, draw);
    bytes = made.bytes;
    titles.push(made.title);
  }
  return { title: titles.join(', '), bytes };
}

type Make = (bytes: Uint8Array, draw: (k: number) => number) => Damage;

const byteDamages: readonly Make[] = [
  function flip(bytes, draw) {
    const copy = bytes.slice();
    const at = place(bytes, draw(1));
    const mask = 1 << Math.floor(8 * draw(2));
    copy[at]! ^= mask;
    return { title: `bit ${mask} of byte ${at} turned`, bytes: copy };
  },
  function replace(bytes, draw) {
    const copy = bytes.slice();
    const at = place(bytes, draw(1));
    const value = choose([0, 1, 0x7f, 0x80, 0xff, Math.floor(256 * draw(3))], draw(2));
    const length = choose([1, 1, 2, 4, 8], draw(4));
    copy.fill(value, at, at + length);
    return { title: `${length} bytes from ${at} on are ${value}`, bytes: copy };
  },
  function truncate(bytes, draw) {
    const length = Math.floor(draw(1) * bytes.length);
    return { title: `cut at ${length}`, bytes: bytes.slice(0, length) };
  },
  function insert(bytes, draw) {
    const at = place(bytes, draw(1));
    const added = Uint8Array.from(
      { length: 1 + Math.floor(40 * draw(2) ** 3) },
      (_, i) => 256 * draw(8 + (i % 7)),
    );
    return {
      title: `${added.length} bytes inserted at ${at}`,
      bytes: joined(bytes.slice(0, at), added, bytes.slice(at)),
    };
  },
  function remove(bytes, draw) {
    const at = place(bytes, draw(1));
    const end = at + 1 + Math.floor(40 * draw(2) ** 3);
    return { title: `bytes ${at} to ${end} gone`, bytes: joined(bytes.slice(0, at), bytes.slice(end)) };
  },
  function swap(bytes, draw) {
    const [a = 0, b = 0, c = 0] = [draw(1), draw(2), draw(3)]
      .map((share) => place(bytes, share))
      .sort((x, y) => x - y);
    const parts = [bytes.slice(0, a), bytes.slice(b, c), bytes.slice(a, b), bytes.slice(c)];
    return { title: `${a} to ${b} and ${b} to ${c} swapped`, bytes: joined(...parts) };
  },
  function zero(bytes, draw) {
    const at = Math.floor(draw(1) * bytes.length);
    const copy = bytes.slice();
    copy.fill(0, at);
    return { title: `zeros from ${at} on`, bytes: copy };
  },
];

const value = /"(?:[^"\\]|\\.)*"(?!\s*:)|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/g;
const member = /"(?:[^"\\]|\\.)*"\s*:\s*(?:"(?:[^"\\]|\\.)*"|[^,{}[\]"]+),?/g;

function changeValue(bytes: Uint8Array, draw: (k: number) => number): Damage {
  const text = decode(bytes);
  const found = [...text.matchAll(value)];
  const at = choose(found, draw(1));
  const next = choose(values, draw(2));
  if (at === undefined) return { title: 'nothing to change', bytes };
  return {
    title: `${at[0].slice(0, 40)} at ${at.index} is ${next}`,
    bytes: encode(text.slice(0, at.index) + next + text.slice(at.index + at[0].length)),
  };
}

function removeMember(bytes: Uint8Array, draw: (k: number) => number): Damage {
  const text = decode(bytes);
  const at = choose([...text.matchAll(member)], draw(1));
  if (at === undefined) return { title: 'nothing to remove', bytes };
  const rest = text.slice(0, at.index) + text.slice(at.index + at[0].length);
  return {
    title: `${at[0].slice(0, 40)} at ${at.index} gone`,
    bytes: encode(rest.replaceAll(/,(\s*[}\]])/g, '$1')),
  };
}

/** Headers are damaged more often than what follows. */
function place(bytes: Uint8Array, share: number): number {
  return Math.min(Math.floor(bytes.length * share ** 3), Math.max(0, bytes.length - 1));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Byte by byte, so that damage stays where it was done. */
const decode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const encode = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
