/**
 * Settings in the page's address: what differs from the defaults, in words that a person can read and change.
 *
 *   ?preset=corrected&batch=64&augment=rotation:10,zoom:0.8~1.2,horizontalFlip&filters=blur:2
 *
 * A preset that is not the default's brings its own recipe; only what differs from that is named beside it. `none` and
 * `all` stand for null. Filters are those that have a name, blur and sharpen.
 */
import { ShadegradError, UsageError } from '../src/errors.js';
import { type AugmentOptions, checkAugmentOptions } from '../src/kernels/augment_options.js';
import { type Filter, filters as namedFilters } from '../src/nn/preprocessing.js';
import type { PresetName } from '../src/nn/names.js';
import type { Settings } from './protocol.js';
import {
  type NumberField,
  datasetTitles,
  defaultSettings,
  expectedOf,
  isDatasetName,
  isModelName,
  isPresetName,
  modelTitles,
  parseNumber,
  presetTitles,
  withPreset,
} from './settings.js';

export interface ReadSettings {
  readonly settings: Settings;
  /** A sentence for everything that was ignored. */
  readonly notes: readonly string[];
}

/** A part of the query beside data set and preset: its name, how it is written, and how it is read. */
interface Key {
  readonly name: string;
  readonly write: (settings: Settings) => string;
  /** Throws: UsageError that says what was expected. */
  readonly read: (text: string) => Partial<Settings>;
}

/** Names that are the page's own and no settings. */
const otherNames = ['debug'];

const keys: readonly Key[] = [
  {
    name: 'model',
    write: ({ model }) => model,
    read: (text) => ({ model: oneOf(text, isModelName, modelTitles) }),
  },
  {
    name: 'limit',
    write: ({ limit }) => String(limit ?? 'all'),
    read: (text) => ({ limit: text === 'all' ? null : numberOf('limit', text, ', or all') }),
  },
  numberKey('epochs', 'epochs'),
  numberKey('batch', 'batchSize'),
  numberKey('rate', 'learningRate'),
  numberKey('seed', 'seed'),
  {
    name: 'augment',
    write: ({ augmentation }) => writeAugmentation(augmentation),
    read: (text) => ({ augmentation: readAugmentation(text) }),
  },
  {
    name: 'filters',
    write: ({ filters }) => writeFilters(filters),
    read: (text) => ({ filters: readFilters(text) }),
  },
];

/** The query with its question mark; empty for the defaults. What else the address asks, as `debug=2`, is kept. */
export function queryOf(settings: Settings, before = ''): string {
  const { preset, dataset } = settings;
  const base = baseOf(preset, dataset);
  const others = [...new URLSearchParams(before)].filter(([name]) => otherNames.includes(name));
  const parts = [
    ...others,
    ...(dataset === defaultSettings.dataset ? [] : [['data', dataset] as const]),
    ...(preset === defaultSettings.preset ? [] : [['preset', preset] as const]),
    ...keys
      .map(({ name, write }) => [name, write(settings), write(base)] as const)
      .filter(([, value, usual]) => value !== usual),
  ].map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

/** Throws nothing: what is unknown or wrong is ignored and noted. Of a name that stands twice the last one counts. */
export function settingsOf(query: string): ReadSettings {
  const named = new Map(new URLSearchParams(query));
  const notes: string[] = [];
  const take = <T>(name: string, read: (text: string) => T): T | undefined => {
    const text = named.get(name);
    named.delete(name);
    if (text === undefined) return undefined;
    try {
      return read(text);
    } catch (error) {
      if (!(error instanceof ShadegradError)) throw error;
      notes.push(`${name}=${text} in the URL is ignored: ${error.message}`);
      return undefined;
    }
  };
  // Earlier versions of the page called the data set `custom` `own`.
  const dataset = take('data', (text) =>
    oneOf(text === 'own' ? 'custom' : text, isDatasetName, datasetTitles),
  );
  const preset = take('preset', (text) => oneOf(text, isPresetName, presetTitles));
  let settings = baseOf(preset ?? defaultSettings.preset, dataset ?? defaultSettings.dataset);
  for (const { name, read } of keys) settings = { ...settings, ...take(name, read) };
  for (const name of named.keys()) {
    if (!otherNames.includes(name))
      notes.push(
        `Unknown setting '${name}' in the URL; expected one of data, preset, ${keys.map((key) => key.name).join(', ')}.`,
      );
  }
  return { settings, notes };
}

/** What the address need not say, once it names data set and preset. */
function baseOf(preset: PresetName, dataset: Settings['dataset']): Settings {
  const settings = { ...defaultSettings, dataset };
  return preset === defaultSettings.preset ? settings : withPreset(settings, preset);
}

// ---- values ----

function oneOf<T extends string>(text: string, isOne: (text: string) => text is T, known: object): T {
  if (!isOne(text)) throw new UsageError(`expected one of ${Object.keys(known).join(', ')}.`);
  return text;
}

function numberOf(field: NumberField, text: string, orElse = ''): number {
  const value = parseNumber(field, text);
  if (value === undefined) throw new UsageError(`expected ${expectedOf(field)}${orElse}.`);
  return value;
}

function numberKey(name: string, field: Exclude<NumberField, 'limit'>): Key {
  return {
    name,
    write: (settings) => String(settings[field]),
    read: (text) => ({ [field]: numberOf(field, text) }),
  };
}

/** As `encodeURIComponent`, but leaves the signs between the parts as they are, which a query may hold. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll('%2C', ',').replaceAll('%3A', ':');
}

// ---- augmentation: name, name:value or name:low~high, with commas between ----

/** What may follow a name; `nothing` is for switches. */
type ValueKind = 'nothing' | 'number' | 'pair' | 'word';

const augmentKinds: Readonly<Record<string, readonly ValueKind[]>> = {
  rotation: ['number'],
  widthShift: ['number'],
  heightShift: ['number'],
  zoom: ['number', 'pair'],
  horizontalFlip: ['nothing'],
  verticalFlip: ['nothing'],
  fill: ['word'],
  fillValue: ['number'],
  padAndCrop: ['number'],
  brightness: ['number'],
  contrast: ['number'],
  erasing: ['nothing'],
  'erasing.probability': ['number'],
  'erasing.area': ['pair'],
  'erasing.aspect': ['number'],
  'erasing.value': ['number', 'word'],
} satisfies Record<keyof AugmentOptions, readonly ValueKind[]> & Record<string, readonly ValueKind[]>;

function writeAugmentation(options: AugmentOptions | null): string {
  const { erasing, ...others } = options ?? {};
  const parts = [
    ...Object.entries(others),
    ...(erasing
      ? [
          ['erasing', true] as const,
          ...Object.entries(erasing).map(([name, value]) => [`erasing.${name}`, value] as const),
        ]
      : []),
  ]
    .filter(([, value]) => value !== false && value !== undefined)
    .map(([name, value]) =>
      value === true ? name : `${name}:${Array.isArray(value) ? value.join('~') : String(value)}`,
    );
  return parts.length === 0 ? 'none' : parts.join(',');
}

function readAugmentation(text: string): AugmentOptions | null {
  if (text === 'none') return null;
  const options: Record<string, unknown> = {};
  const erasing: Record<string, unknown> = {};
  for (const part of text.split(',')) {
    const [name = '', ...values] = part.split(':');
    const kinds = Object.hasOwn(augmentKinds, name) ? augmentKinds[name] : undefined;
    if (!kinds)
      throw new UsageError(
        `'${name}' is not an augmentation, expected some of ${Object.keys(augmentKinds).join(', ')}, or none.`,
      );
    const { kind, value } = readValue(values.join(':'));
    if (!kinds.includes(kind))
      throw new UsageError(
        `${name} is followed by a ${kind}, expected ${kinds.map((one) => `a ${one}`).join(' or ')}.`,
      );
    if (name === 'erasing') options['erasing'] = erasing;
    else if (name.startsWith('erasing.')) {
      options['erasing'] = erasing;
      erasing[name.slice('erasing.'.length)] = value;
    } else options[name] = value;
  }
  checkAugmentOptions(options);
  return options;
}

function readValue(text: string): { readonly kind: ValueKind; readonly value: unknown } {
  if (text === '') return { kind: 'nothing', value: true };
  const isNumber = (one: string): boolean => one.trim() !== '' && Number.isFinite(Number(one));
  if (isNumber(text)) return { kind: 'number', value: Number(text) };
  const both = text.split('~');
  if (both.length === 2 && both.every(isNumber)) return { kind: 'pair', value: both.map(Number) };
  return { kind: 'word', value: text };
}

// ---- filters: blur:5,sharpen:1 ----

function writeFilters(filters: readonly Filter[]): string {
  return filters.length === 0
    ? 'none'
    : filters.map(({ name, iterations }) => `${name}:${iterations}`).join(',');
}

function readFilters(text: string): readonly Filter[] {
  if (text === 'none') return [];
  return text.split(',').map((part) => {
    const [name, count = '1'] = part.split(':');
    const iterations = Number(count);
    if (
      (name !== 'blur' && name !== 'sharpen') ||
      !(Number.isInteger(iterations) && iterations >= 1 && iterations <= 20)
    )
      throw new UsageError(
        `expected blur:n or sharpen:n with n from 1 to 20, several with commas between, or none.`,
      );
    return namedFilters[name](iterations);
  });
}
