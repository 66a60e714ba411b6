/**
 * The comments of the shaders: a head with formula, shapes and purpose, and the meanings of the constants. The build strips
 * them from the shaders that run (scripts/build_page.mjs); the page fetches them when the user opens a shader.
 */
interface Comments {
  /** With an empty line after it. */
  readonly head: string;
  /** By constant name. */
  readonly meanings: Readonly<Record<string, string>>;
}

let all: Promise<Readonly<Record<string, Comments>>> | undefined;

/** The code of a shader such as `conv2d/forward_gpu` with its comments; unchanged if these cannot be fetched. */
export async function withComments(shader: string, code: string): Promise<string> {
  all ??= fetchComments();
  try {
    const comments = (await all)[shader];
    if (!comments) return code;
    const explained = code.replace(
      /^((?:const|alias|var<private>) (\w+).*;) *\/\/!$/gm,
      (_, declaration: string, name: string) => `${declaration} // ${comments.meanings[name] ?? ''}`,
    );
    return comments.head + explained;
  } catch {
    all = undefined; // Retry with the next shader.
    return code;
  }
}

async function fetchComments(): Promise<Readonly<Record<string, Comments>>> {
  const response = await fetch(new URL('shaders.json', import.meta.url));
  return (await response.json()) as Readonly<Record<string, Comments>>;
}
