/**
 * Plan: declared options as a handler gets them: Commander's names and values match the derived type; typed options are
 * distinguished from defaults; empty values are refused.
 */
import { CommanderError } from 'commander';
import { expect, test, vi } from 'vitest';
import { type CommandCall, type OptionsOf, command, option } from '../../src/cli/declaration.js';
import { buildProgram } from '../../src/cli/program.js';

const options = [
  option('--batch-size <n>', '', { parse: Number }),
  option('--to-99', ''),
  option('--no-tune', ''),
  option('--part <name>', '', { choices: ['train', 'test'] }),
  option('--results <dir>', '', { default: 'bench/results' }),
  option('--compare <file...>', ''),
  option('--build [dir]', ''),
  option('--model <path>', '', { isRequired: true }),
];
type Options = OptionsOf<typeof options>;

// @ts-expect-error: --model is required
void ({ tune: true, results: '' } satisfies Options);
// @ts-expect-error: no such part
void ({ tune: true, results: '', model: '', part: 'all' } satisfies Options);
// @ts-expect-error: a number
void ({ tune: true, results: '', model: '', batchSize: '8' } satisfies Options);

async function parsed(line: string | readonly string[]): Promise<{ options: Options; call: CommandCall }> {
  let found: { options: Options; call: CommandCall } | undefined;
  const declared = command({
    name: 'try',
    description: '',
    example: '',
    argument: '[file...]',
    options,
    run: async (given, call) => {
      found = { options: given, call };
      return Promise.resolve(0);
    },
  });
  const program = buildProgram([declared], async (each, given, call) => void (await each.run(given, call)));
  await program.parseAsync(typeof line === 'string' ? line.split(' ') : line, { from: 'user' });
  return found!;
}

test('names and values match the derived type', async () => {
  const all = await parsed(
    'try --batch-size 8 --to-99 --no-tune --part test --results x --build y --model m --compare a b -- c d',
  );
  expect(all.options).toEqual({
    batchSize: 8,
    to99: true,
    tune: false,
    part: 'test',
    results: 'x',
    build: 'y',
    model: 'm',
    compare: ['a', 'b'],
  } satisfies Required<Options>);
  expect(all.call.args).toEqual(['c', 'd']);
});

test('an option that is not typed has its default, or is absent', async () => {
  const { options: few, call } = await parsed('try --model m --build');
  expect(few).toEqual({ tune: true, results: 'bench/results', model: 'm', build: true } satisfies Options);
  expect(call).toEqual({ args: [], typed: ['--build', '--model'] });
});

test('an empty value is refused', async () => {
  const silent = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  for (const typed of [
    ['--model', ' '],
    ['--model', 'm', ''],
    ['--model', 'm', '--compare', 'a', ''],
  ])
    await expect(parsed(['try', ...typed]), typed.join(',')).rejects.toThrow(CommanderError);
  silent.mockRestore();
});
