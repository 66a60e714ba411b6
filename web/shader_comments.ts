/**
 * The comments of the shaders: the head of each, which says its formula, its shapes and why it is there, and what its
 * constants mean. The shaders that run are sent without them (scripts/build_page.mjs); they are fetched when a reader
 * opens a shader.
 */
interface Comments {
  /** With an empty line behind it. */
  readonly head: string;
  /** By the name of the constant. */
  readonly meanings: Readonly<Record<string, string>>;
}

let all: Promise<Readonly<Record<string, Comments>>> | undefined;

/** The code of `conv2d/forward_gpu`, say, with its comments; as it is when they cannot be fetched. */
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
    all = undefined; // The code can be read all the same; the next shader asks again.
    return code;
  }
}

async function fetchComments(): Promise<Readonly<Record<string, Comments>>> {
  const response = await fetch(new URL('shaders.json', import.meta.url));
  return (await response.json()) as Readonly<Record<string, Comments>>;
}
