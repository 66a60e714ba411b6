/**
 * Settings in the page's URL: those that differ from the defaults, readable and editable.
 *
 *   ?preset=corrected&batch=64&augment=rotation:10,zoom:0.8~1.2,horizontalFlip&filters=blur:2
 *
 * If the preset is not the default one, the URL holds the settings that differ from that preset's recipe. `none` and `all`
 * mean null. The filters are blur and sharpen.
 */
import { type AugmentOptions, checkAugmentOptions } from '../src/augment_options.js';
import { ShadegradError, UsageError } from '../src/errors.js';
import { type Filter, filters as namedFilters } from '../src/nn/samples/preprocessing.js';
import { withDataset } from '../src/recipe/make_recipe.js';
import type { Settings } from './protocol.js';
import {
  type ChoiceName,
  type NumberName,
  choiceFields,
  defaultSettings,
  expectedOf,
  numberFields,
  parseChoice,
  parseNumber,
  withPreset,
} from './settings.js';

export interface ReadSettings {
  readonly settings: Settings;
  /** A sentence for each setting that was ignored. */
  readonly notes: readonly string[];
}

/** A parameter of the query: its name, and how to write and read it. */
interface Key {
  readonly name: string;
  readonly write: (settings: Settings) => string;
  /** Throws: UsageError that names the expected values. */
  readonly read: (text: string) => Partial<Settings>;
}

/** Names in the URL that are not settings. */
const otherNames = ['debug'];

/** The defaults of all other keys depend on these. */
const baseKeys = [choiceKey('dataset'), choiceKey('preset')];

const keys: readonly Key[] = [
  choiceKey('model'),
  ...(['limit', 'epochs', 'batchSize', 'learningRate', 'seed'] as const).map(numberKey),
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

/** The query with its question mark; empty for the defaults. Keeps parameters that are not settings, such as `debug=2`. */
export function queryOf(settings: Settings, before = ''): string {
  const others = [...new URLSearchParams(before)].filter(([name]) => otherNames.includes(name));
  const different = (from: readonly Key[], base: Settings): (readonly [string, string])[] =>
    from
      .filter(({ write }) => write(settings) !== write(base))
      .map(({ name, write }) => [name, write(settings)]);
  const parts = [
    ...others,
    ...different(baseKeys, defaultSettings),
    ...different(keys, baseOf(settings)),
  ].map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

/** Never throws: ignores unknown and invalid settings, with a note. If a name occurs twice, the last value counts. */
export function settingsOf(query: string): ReadSettings {
  const named = new Map(new URLSearchParams(query));
  // Earlier versions of the page called the data set `custom` `own`.
  if (named.get('data') === 'own') named.set('data', 'custom');
  const notes: string[] = [];
  const readAll = (from: readonly Key[], before: Settings): Settings =>
    from.reduce((settings, { name, read }) => {
      const text = named.get(name);
      named.delete(name);
      if (text === undefined) return settings;
      try {
        return { ...settings, ...read(text) };
      } catch (error) {
        if (!(error instanceof ShadegradError)) throw error;
        notes.push(`${name}=${text} in the URL is ignored: ${error.message}`);
        return settings;
      }
    }, before);
  const settings = readAll(keys, baseOf(readAll(baseKeys, defaultSettings)));
  for (const name of named.keys()) {
    if (!otherNames.includes(name))
      notes.push(
        `Unknown setting '${name}' in the URL; expected one of ${[...baseKeys, ...keys].map((key) => key.name).join(', ')}.`,
      );
  }
  return { settings, notes };
}

/** The settings of a URL with only this data set and preset. */
function baseOf({ dataset, preset }: Settings): Settings {
  const settings = withDataset(defaultSettings, dataset);
  return preset === defaultSettings.preset ? settings : withPreset(settings, preset);
}

// ---- values ----

function choiceKey(field: ChoiceName): Key {
  const { query, titles } = choiceFields[field];
  return {
    name: query,
    write: (settings) => settings[field],
    read: (text) => {
      const value = parseChoice(field, text);
      if (value === undefined) throw new UsageError(`expected one of ${Object.keys(titles).join(', ')}.`);
      return { [field]: value };
    },
  };
}

function numberKey(name: NumberName): Key {
  return {
    name: numberFields[name].query,
    write: (settings) => String(settings[name] ?? numberFields.limit.nothing),
    read: (text) => {
      const value = parseNumber(name, text);
      if (value === undefined) throw new UsageError(`expected ${expectedOf(name)}.`);
      return { [name]: value };
    },
  };
}

/** As `encodeURIComponent`, but keeps commas and colons, which are legal in a query. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll('%2C', ',').replaceAll('%3A', ':');
}

// ---- augmentation: name, name:value or name:low~high, separated by commas ----

/** What may follow a name; `nothing` for switches. */
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
