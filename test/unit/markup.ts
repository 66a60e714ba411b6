/** Reads SVG and HTML far enough to tell whether it is well-formed, and what stands in it. */

const voidElements = new Set(['meta', 'br', 'img', 'link', 'input', 'hr']);

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * The elements in order of their opening tags.
 *
 * Throws: Error at the first tag that is not closed in its order, attribute without quotes or twice, bare `&`, or
 * duplicate id.
 */
export function readMarkup(markup: string): Element[] {
  const elements: Element[] = [];
  const open: string[] = [];
  const ids = new Set<string>();
  // Style sheets are text to HTML; these contain no tags.
  const body = markup.replace(/^<!doctype html>\s*/i, '');
  const pattern = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[^\s=<>"]+="[^"<]*")*)\s*(\/?)>|([^<]+)|(<)/g;
  for (const [, slash, name, attributeText = '', isClosed, text, stray] of body.matchAll(pattern)) {
    if (stray) throw new Error(`a stray < after ${elements.length} elements, inside ${open.join(' > ')}`);
    if (text !== undefined) {
      const isStyle = open.at(-1) === 'style';
      if (!isStyle && /&(?!(amp|lt|gt|quot|#39);)/.test(text)) throw new Error(`a bare & in '${text}'`);
      continue;
    }
    if (slash) {
      if (open.pop() !== name)
        throw new Error(`</${name}> closes something else, inside ${open.join(' > ')}`);
      continue;
    }
    const attributes: Record<string, string> = {};
    for (const [, key = '', value = ''] of attributeText.matchAll(/([^\s=]+)="([^"]*)"/g)) {
      if (key in attributes) throw new Error(`<${name}> has ${key} twice`);
      if (/&(?!(amp|lt|gt|quot|#39);)/.test(value)) throw new Error(`a bare & in ${key} of <${name}>`);
      attributes[key] = value;
    }
    const { id } = attributes;
    if (id !== undefined && ids.has(id)) throw new Error(`the id ${id} comes twice`);
    if (id !== undefined) ids.add(id);
    elements.push({ name: name!, attributes });
    if (!isClosed && !voidElements.has(name!)) open.push(name!);
  }
  if (open.length > 0) throw new Error(`not closed: ${open.join(' > ')}`);
  return elements;
}

/** The words between tags, entities resolved. */
export function textsOf(markup: string): string[] {
  return [...markup.replaceAll(/<style>[^]*?<\/style>/g, '').matchAll(/>([^<]+)</g)]
    .map(([, text]) =>
      text!
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&quot;', '"')
        .replaceAll('&#39;', "'")
        .replaceAll('&amp;', '&')
        .trim(),
    )
    .filter((text) => text !== '');
}
