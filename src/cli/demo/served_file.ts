/** A file that the server offers, and its media type. */

export interface ServedFile {
  /** Relative to the page's URL: `models/digits.json`. */
  readonly name: string;
  readonly contents: Uint8Array;
}

interface Kind {
  readonly type: string;
  /** Whether compression makes it smaller. */
  readonly isText: boolean;
}

const kinds: Readonly<Record<string, Kind>> = {
  '.html': { type: 'text/html; charset=utf-8', isText: true },
  '.css': { type: 'text/css; charset=utf-8', isText: true },
  '.js': { type: 'text/javascript; charset=utf-8', isText: true },
  '.json': { type: 'application/json; charset=utf-8', isText: true },
  '.svg': { type: 'image/svg+xml', isText: true },
  '.gz': { type: 'application/gzip', isText: false },
};

export function kindOf({ name }: ServedFile): Kind {
  const ending = /\.[a-z]+$/.exec(name)?.[0] ?? '';
  return kinds[ending] ?? { type: 'application/octet-stream', isText: false };
}
