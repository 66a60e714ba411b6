/**
 * The parts of the protocol buffers wire format that event files need.
 *
 * A field is a key, number · 8 + wire type, and a value: a varint (0), eight bytes (1), a length and bytes (2), or
 * four bytes (5); all little-endian. Source: protobuf.dev, "Encoding".
 */

/** One encoded field, or several concatenated. */
export type Encoded = Uint8Array<ArrayBuffer>;

const text = new TextEncoder();

/** int64: a varint. The value is an integer from 0 to 2⁵³. */
export function int(field: number, value: number): Encoded {
  return concat([key(field, 0), varint(value)]);
}

export function double(field: number, value: number): Encoded {
  return concat([key(field, 1), doubles([value])]);
}

export function float(field: number, value: number): Encoded {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return concat([key(field, 5), bytes]);
}

/** bytes, string (as UTF-8), or a message of encoded fields. */
export function bytes(field: number, value: Uint8Array | string | readonly Encoded[]): Encoded {
  const content =
    typeof value === 'string' ? text.encode(value) : value instanceof Uint8Array ? value : concat(value);
  return concat([key(field, 2), varint(content.length), content]);
}

/** repeated double, packed. */
export function packedDoubles(field: number, values: readonly number[]): Encoded {
  return bytes(field, doubles(values));
}

export function concat(parts: readonly Uint8Array[]): Encoded {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function key(field: number, wireType: number): Encoded {
  return varint(field * 8 + wireType);
}

/** Seven bits per byte, lowest first; the high bit marks that more follow. */
function varint(value: number): Encoded {
  const digits: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) digits.push((value % 128) + 128);
  return Uint8Array.from([...digits, value]);
}

function doubles(values: readonly number[]): Encoded {
  const all = new Uint8Array(values.length * 8);
  const view = new DataView(all.buffer);
  values.forEach((value, i) => view.setFloat64(i * 8, value, true));
  return all;
}
