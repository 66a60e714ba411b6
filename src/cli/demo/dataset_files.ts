/** The data sets in the form that the page fetches: `data/<name>/manifest.json` and four gzipped IDX files. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type DatasetName, knownDatasets } from '../../data/digests.js';
import type { DatasetManifest, DatasetPart, ManifestFile } from '../../data/manifest.js';
import type { RawFiles } from '../../node/datasets.js';
import type { ServedFile } from './served_file.js';

const pack = promisify(gzip);

/** Maps each data set to the reason why it is unavailable, or null. The page offers only the available ones. */
export const indexName = 'data/index.json';

const titles: Readonly<Record<DatasetName, string>> = {
  digits: 'The digit images (MNIST)',
  fashion: 'The clothing images (Fashion-MNIST)',
};

/** `absent`: the sets that are not installed. `then`: what to do after installing them. */
export function datasetIndex(absent: readonly DatasetName[], then: string): ServedFile {
  const entries = Object.entries(titles).map(([name, title]) => {
    const reason = `${title} are not installed. Run 'npm run explore -- --dataset ${name}', then ${then}.`;
    return [name, absent.includes(name as DatasetName) ? reason : null];
  });
  return {
    name: indexName,
    contents: new TextEncoder().encode(`${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`),
  };
}

/** The names of the files of a set. */
export function datasetFileNames(name: DatasetName): string[] {
  const files = Object.values(knownDatasets[name].files);
  return [`data/${name}/manifest.json`, ...files.map((file) => `data/${name}/${file.name}.gz`)];
}

/**
 * The five files of a set, gzipped at zlib's `level`: 1 takes half a second and suits a browser on this machine, 6 suits
 * remote hosts.
 */
export async function datasetFiles(name: DatasetName, raw: RawFiles, level: number): Promise<ServedFile[]> {
  const { title, classNames, files } = knownDatasets[name];
  const parts = Object.keys(files) as DatasetPart[];
  const packed = await Promise.all(
    parts.map(async (part) => ({
      name: `data/${name}/${files[part].name}.gz`,
      contents: await pack(raw[part], { level }),
    })),
  );
  const described = parts.map((part, i): [DatasetPart, ManifestFile] => [
    part,
    { path: `${files[part].name}.gz`, bytes: packed[i]!.contents.length, sha256: files[part].sha256 },
  ]);
  const manifest: DatasetManifest = {
    name,
    title,
    classes: classNames,
    files: Object.fromEntries(described) as Record<DatasetPart, ManifestFile>,
  };
  const contents = new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`);
  return [{ name: `data/${name}/manifest.json`, contents }, ...packed];
}
