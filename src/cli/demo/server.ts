/**
 * The server of the page, for browsers on this machine only. It listens on the loopback address, answers GET and HEAD, and
 * serves only the files of its table: no part of a URL ever becomes part of a file path.
 */
import { createHash } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { headerPolicy } from './policy.js';
import { type ServedFile, kindOf } from './served_file.js';

/** Finds a file by its name, such as `data/digits/manifest.json`; undefined if there is none. */
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
  const responses = new WeakMap<ServedFile, FileResponses>();
  return createServer((request, response) => {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    const refusal = refusalOf(request);
    if (refusal) {
      refuse(response, refusal.status, refusal.message);
      return;
    }
    void respond(request, response, files, responses).catch((error: unknown) => {
      // One request failed, for instance because a data set cannot be read: report it to the page and keep serving.
      refuse(response, 500, error instanceof Error ? error.message : String(error));
    });
  });
}

/** Checks a request before its file is looked up. */
function refusalOf({ method, headers }: IncomingMessage): { status: number; message: string } | undefined {
  // Guards against DNS rebinding: another site could resolve its own name to the loopback address.
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(headers.host ?? ''))
    return { status: 403, message: 'This server answers only to 127.0.0.1 and localhost.' };
  if (method !== 'GET' && method !== 'HEAD')
    return { status: 405, message: 'Only GET and HEAD are answered.' };
  return undefined;
}

function refuse(response: ServerResponse, status: number, message: string): void {
  const body = Buffer.from(`${message}\n`);
  if (status === 405) response.setHeader('Allow', 'GET, HEAD');
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  files: FileTable,
  responses: WeakMap<ServedFile, FileResponses>,
): Promise<void> {
  const [pathname = ''] = (request.url ?? '').split('?');
  const file = await files(pathname === '/' ? 'index.html' : pathname.slice(1));
  if (!file) {
    refuse(response, 404, 'There is no such file.');
    return;
  }
  let made = responses.get(file);
  if (!made) responses.set(file, (made = new FileResponses(file)));
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

/** The smallest encoding that the browser accepts. */
function encodingOf({ headers }: IncomingMessage): Encoding {
  const accepted = (headers['accept-encoding'] ?? '').split(',').map((one) => one.trim());
  return (['br', 'gzip'] as const).find((encoding) => accepted.includes(encoding)) ?? 'identity';
}

interface EncodedFile {
  readonly bytes: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** The responses for one file, compressed once per encoding. */
class FileResponses {
  readonly #made = new Map<Encoding, EncodedFile>();

  constructor(readonly file: ServedFile) {}

  for(wanted: Encoding): EncodedFile {
    const { isText, type } = kindOf(this.file);
    const encoding = isText ? wanted : 'identity';
    let encoded = this.#made.get(encoding);
    if (!encoded) {
      const bytes = pack(this.file.contents, encoding);
      const digest = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
      const headers = {
        'Content-Type': type,
        // Revalidated on every visit, because the page may be rebuilt; the answer is 304 if it was not.
        'Cache-Control': 'no-cache',
        ETag: `"${digest}"`,
        ...(isText ? { Vary: 'Accept-Encoding' } : {}),
        ...(encoding === 'identity' ? {} : { 'Content-Encoding': encoding }),
      };
      encoded = { bytes, headers };
      this.#made.set(encoding, encoded);
    }
    return encoded;
  }
}

/** Quality 9 compresses the scripts in about 50 ms; 11, the best, would take a second. */
const brotliQuality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };

function pack(bytes: Uint8Array, encoding: Encoding): Uint8Array {
  if (encoding === 'br') return brotliCompressSync(bytes, brotliQuality);
  return encoding === 'gzip' ? gzipSync(bytes) : bytes;
}
