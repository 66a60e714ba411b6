/**
 * The server of the page, for the browser of this machine alone: it listens on the loopback address, answers GET and
 * HEAD, and knows no file but those of its table. No part of an address ever becomes part of a path.
 */
import { createHash } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { headerPolicy } from './policy.js';
import { type ServedFile, kindOf } from './served_file.js';

/** Finds a file by its name, such as `data/digits/manifest.json`; undefined when there is none. */
export type FileTable = (name: string) => Promise<ServedFile | undefined>;

const securityHeaders = {
  'Content-Security-Policy': headerPolicy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': ['camera', 'display-capture', 'geolocation', 'microphone', 'midi', 'payment', 'usb']
    .map((feature) => `${feature}=()`)
    .join(', '),
} as const;

export function createPageServer(files: FileTable): Server {
  const answers = new WeakMap<ServedFile, Answers>();
  return createServer((request, response) => {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    const refusal = refusalOf(request);
    if (refusal) {
      refuse(response, refusal.status, refusal.words);
      return;
    }
    void answer(request, response, files, answers).catch((error: unknown) => {
      // One answer has failed, say because a data set could not be read; the page is told, and the server goes on.
      refuse(response, 500, error instanceof Error ? error.message : String(error));
    });
  });
}

/** What is refused before any file is looked for. */
function refusalOf({ method, headers }: IncomingMessage): { status: number; words: string } | undefined {
  // A page elsewhere may give its own name the loopback address (DNS rebinding) and ask in the visitor's browser.
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(headers.host ?? ''))
    return { status: 403, words: 'This server answers only to 127.0.0.1 and localhost.' };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, words: 'Only GET and HEAD are answered.' };
  return undefined;
}

function refuse(response: ServerResponse, status: number, words: string): void {
  const body = Buffer.from(`${words}\n`);
  if (status === 405) response.setHeader('Allow', 'GET, HEAD');
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  files: FileTable,
  answers: WeakMap<ServedFile, Answers>,
): Promise<void> {
  const [address = ''] = (request.url ?? '').split('?');
  const file = await files(address === '/' ? 'index.html' : address.slice(1));
  if (!file) {
    refuse(response, 404, 'There is no such file.');
    return;
  }
  let made = answers.get(file);
  if (!made) answers.set(file, (made = new Answers(file)));
  const { bytes, headers } = made.for(encodingOf(request));
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (request.headers['if-none-match'] === headers['ETag']) {
    response.writeHead(304).end();
    return;
  }
  response.writeHead(200, { 'Content-Length': bytes.length });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

type Encoding = 'br' | 'gzip' | 'identity';

/** The smallest that the browser takes. */
function encodingOf({ headers }: IncomingMessage): Encoding {
  const accepted = (headers['accept-encoding'] ?? '').split(',').map((one) => one.trim());
  return (['br', 'gzip'] as const).find((encoding) => accepted.includes(encoding)) ?? 'identity';
}

interface Answer {
  readonly bytes: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** What is sent for one file, packed once for each way of packing. */
class Answers {
  readonly #made = new Map<Encoding, Answer>();

  constructor(readonly file: ServedFile) {}

  for(wanted: Encoding): Answer {
    const { isText, type } = kindOf(this.file);
    const encoding = isText ? wanted : 'identity';
    let answer = this.#made.get(encoding);
    if (!answer) {
      const bytes = pack(this.file.contents, encoding);
      const digest = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
      const headers = {
        'Content-Type': type,
        // Asked for anew each time, and answered with 304 while it is the same: the page may be built again.
        'Cache-Control': 'no-cache',
        ETag: `"${digest}"`,
        ...(isText ? { Vary: 'Accept-Encoding' } : {}),
        ...(encoding === 'identity' ? {} : { 'Content-Encoding': encoding }),
      };
      answer = { bytes, headers };
      this.#made.set(encoding, answer);
    }
    return answer;
  }
}

/** Quality 9 packs the scripts in some 50 ms; the best, 11, would take a second. */
const brotliQuality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };

function pack(bytes: Uint8Array, encoding: Encoding): Uint8Array {
  if (encoding === 'br') return brotliCompressSync(bytes, brotliQuality);
  return encoding === 'gzip' ? gzipSync(bytes) : bytes;
}
