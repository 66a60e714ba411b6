/**
 * What the head of each shader says: its formula, its shapes, why it is there. The shaders that run have travelled
 * without their comments (scripts/build_page.mjs); the heads come when somebody reads one.
 */
let heads: Promise<Readonly<Record<string, string>>> | undefined;

/** The head of `conv2d/forward_gpu`, as comments with an empty line behind it; empty when it cannot be had. */
export async function headOf(shader: string): Promise<string> {
  heads ??= fetchHeads();
  try {
    return (await heads)[shader] ?? '';
  } catch {
    heads = undefined; // The shader itself is there all the same; the next one asks again.
    return '';
  }
}

async function fetchHeads(): Promise<Readonly<Record<string, string>>> {
  const response = await fetch(new URL('shaders.json', import.meta.url));
  return (await response.json()) as Readonly<Record<string, string>>;
}
