/** `demo`: serves the page on this machine, or writes it as files for a static host. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { type DatasetName, knownDatasets } from '../data/digests.js';
import { FileError, ShadegradError } from '../errors.js';
import { findDataset, hasDataset } from '../node/datasets.js';
import { openFolder, writeAtomic } from '../node/files.js';
import { endProcess } from '../node/await_gpu.js';
import type { DemoOptions } from './commands.js';
import { datasetFileNames, datasetFiles, datasetIndex, indexName } from './demo/dataset_files.js';
import { readPage } from './demo/page_files.js';
import type { ServedFile } from './demo/served_file.js';
import { type FileTable, createPageServer } from './demo/server.js';
import { type Output, openOutput } from './output.js';
import { existing } from './run_folder.js';

const usualPort = 4173;
const usualFolder = 'dist/page';
const datasetNames = Object.keys(knownDatasets) as DatasetName[];

/** Where scripts/build_page.mjs puts the page: dist/page, seen from this module's chunk in dist/cli. */
const builtPage = (): string => fileURLToPath(new URL('../page/', import.meta.url));

export async function demo(options: DemoOptions): Promise<number> {
  const output = openOutput(options);
  const page = await readPage(builtPage());
  if (options.build !== undefined)
    return writePage(page, options.build === true ? usualFolder : options.build, output);

  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => endProcess(130));
  const { address } = await serve(createPageServer(fileTable(page)), options.port);
  output.say(`The page is at ${address} (press Ctrl-C to stop)`);
  output.result({ address });
  return new Promise(() => undefined); // until a signal ends the process
}

/**
 * Listens on `port`. Without one, listens on the usual port, or on any free one if that is in use.
 *
 * Throws: ShadegradError if `port` is in use or not permitted.
 */
export async function serve(server: Server, port?: number): Promise<{ readonly address: string }> {
  const problem = await tryPort(server, port ?? usualPort);
  const isTaken = problem?.code === 'EADDRINUSE';
  const failure = isTaken && port === undefined ? await tryPort(server, 0) : problem;
  if (failure) {
    const why: Partial<Record<string, string>> = {
      EADDRINUSE: 'is in use by another program; choose another one, or leave out --port to use a free one',
      EACCES: 'is for administrators only; choose one from 1024 to 65535',
    };
    throw new ShadegradError(
      `demo: port ${port ?? usualPort} on 127.0.0.1 ${why[failure.code ?? ''] ?? `cannot be used: ${failure.message}`}.`,
      { cause: failure },
    );
  }
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

/**
 * The files that the server serves: the page, and the data sets, which are packed on the first request. A data set that is
 * not on this machine is searched for on every request, because it may be installed meanwhile.
 */
export function fileTable(
  page: ReadonlyMap<string, ServedFile>,
  { find = findDataset, has = hasDataset }: { find?: typeof findDataset; has?: typeof hasDataset } = {},
): FileTable {
  const sets = new Map<DatasetName, Promise<readonly ServedFile[]>>();
  const filesOf = (name: DatasetName): Promise<readonly ServedFile[]> => {
    let files = sets.get(name);
    if (!files) {
      files = find(name).then((raw) => (raw ? datasetFiles(name, raw, quickLevel) : ([] as ServedFile[])));
      sets.set(name, files);
      const forget = (): boolean => sets.delete(name);
      // The caller handles a rejection; the next request searches again.
      files.then((found) => found.length === 0 && forget(), forget);
    }
    return files;
  };
  const index = async (): Promise<ServedFile> => {
    const there = await Promise.all(datasetNames.map(async (name) => has(name)));
    const absent = datasetNames.filter((_, i) => !there[i]);
    return datasetIndex(absent, 'reload this page');
  };
  return async (wanted) => {
    if (wanted === indexName) return index();
    const set = datasetNames.find((name) => wanted.startsWith(`data/${name}/`));
    if (set === undefined) return page.get(wanted);
    return (await filesOf(set)).find(({ name }) => name === wanted);
  };
}

/** gzip levels: for a request, and for files. Level 9 takes ten times as long as 6 and saves 1 %. */
const quickLevel = 1;
const smallLevel = 6;

function tryPort(server: Server, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const listening = (): void => {
      server.off('error', failed);
      resolve(undefined);
    };
    const failed = (error: NodeJS.ErrnoException): void => {
      server.off('listening', listening);
      resolve(error);
    };
    server.once('listening', listening).once('error', failed).listen(port, '127.0.0.1');
  });
}

/**
 * Writes everything that the server would serve, as files for any static host, at any path.
 *
 * Throws: FileError if the folder holds another page, or a file cannot be written.
 */
async function writePage(
  page: ReadonlyMap<string, ServedFile>,
  folder: string,
  output: Output,
): Promise<number> {
  await refuseForeignFiles(folder, [...page.keys(), indexName, ...datasetNames.flatMap(datasetFileNames)]);
  const files = [...page.values()];
  const absent: DatasetName[] = [];
  for (const name of datasetNames) {
    const raw = await findDataset(name);
    if (raw) files.push(...(await datasetFiles(name, raw, smallLevel)));
    else absent.push(name);
  }
  files.push(datasetIndex(absent, "build this page again with 'npm run demo -- --build'"));
  // The file that marks the folder is first. The page is last: until then the old page refers to its own files.
  const order = ({ name }: ServedFile): number => (name === markName ? 0 : name === 'index.html' ? 2 : 1);
  files.sort((a, b) => order(a) - order(b));
  for (const { name, contents } of files) await writeAtomic(path.join(folder, name), contents);
  output.say(`Wrote ${files.length} files for a static host to ${folder}.`);
  for (const name of absent)
    output.say(
      `The data set ${name} is missing, because it is not on this machine; 'npm run explore -- --dataset ${name}' downloads it.`,
    );
  output.result({ out: folder, files: files.map(({ name }) => name), absent });
  return 0;
}

/** A folder that holds this file holds this page. */
const markName = 'shaders.json';

/** Throws: FileError if the folder holds one of the files, but not this page. */
async function refuseForeignFiles(folder: string, names: readonly string[]): Promise<void> {
  const taken = await existing(openFolder(folder), names);
  if (taken.length === 0 || taken.includes(markName)) return;
  throw new FileError(
    `demo: ${folder} holds ${taken.join(', ')}, but not this page, so ${taken.length === 1 ? 'it is' : 'they are'} not overwritten. Name another folder, or move ${taken.length === 1 ? 'that file' : 'these files'} away.`,
  );
}
