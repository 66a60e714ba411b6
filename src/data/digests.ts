/**
 * The data sets known by name: their files, and the SHA-256 of the raw (decompressed) bytes of each file. Checking
 * raw bytes accepts files that were compressed again.
 */

/** One file: its published name, and the size and hash of its raw bytes. */
export interface KnownFile {
  readonly name: string;
  readonly byteLength: number;
  readonly sha256: string;
}

export interface KnownDataset {
  /** Name on the command line. */
  readonly name: string;
  /** Name in messages. */
  readonly title: string;
  readonly classNames: readonly string[];
  readonly files: {
    readonly trainImages: KnownFile;
    readonly trainLabels: KnownFile;
    readonly testImages: KnownFile;
    readonly testLabels: KnownFile;
  };
}

export type DatasetName = 'digits' | 'fashion';

/** Both sets have 60,000 and 10,000 images of 28×28 bytes; headers are 16 and 8 bytes. */
function files(
  trainImages: string,
  trainLabels: string,
  testImages: string,
  testLabels: string,
): KnownDataset['files'] {
  return {
    trainImages: { name: 'train-images-idx3-ubyte', byteLength: 47_040_016, sha256: trainImages },
    trainLabels: { name: 'train-labels-idx1-ubyte', byteLength: 60_008, sha256: trainLabels },
    testImages: { name: 't10k-images-idx3-ubyte', byteLength: 7_840_016, sha256: testImages },
    testLabels: { name: 't10k-labels-idx1-ubyte', byteLength: 10_008, sha256: testLabels },
  };
}

export const knownDatasets: Readonly<Record<DatasetName, KnownDataset>> = {
  /** LeCun, Cortes & Burges 1998, MNIST. */
  digits: {
    name: 'digits',
    title: 'digits (MNIST)',
    classNames: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    files: files(
      'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
      '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
      '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
      'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
    ),
  },
  /** Xiao, Rasul & Vollgraf 2017, Fashion-MNIST. */
  fashion: {
    name: 'fashion',
    title: 'fashion (Fashion-MNIST)',
    classNames: [
      'T-shirt/top',
      'Trouser',
      'Pullover',
      'Dress',
      'Coat',
      'Sandal',
      'Shirt',
      'Sneaker',
      'Bag',
      'Ankle boot',
    ],
    files: files(
      'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
      'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
      '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
      '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
    ),
  },
};
