/** Builds the Commander program from the declared commands; `run` is called with the parsed options. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { CommandCall, DeclaredCommand, DeclaredOption } from './declaration.js';
import { sayError } from './output.js';
import { version } from './version.js';

type Run = (declared: DeclaredCommand, options: object, call: CommandCall) => Promise<void>;

/** The program's `parseAsync` throws CommanderError for wrong usage, and, with exit code 0, after printing help. */
export function buildProgram(commands: readonly DeclaredCommand[], run: Run): Command {
  const program = new Command('npm run')
    .description('Train neural networks on WebGPU with hand-written shaders.')
    .version(version)
    .showHelpAfterError('(add --help for all options)')
    // Commander's messages repeat user input, and end with a line break.
    .configureOutput({ writeErr: (text) => sayError(...text.replace(/\n$/, '').split('\n')) })
    .exitOverride();
  for (const declared of commands) addCommand(program, declared, run);
  return program;
}

function addCommand(program: Command, declared: DeclaredCommand, run: Run): void {
  const { name, description, example, argument, usage = '-- [options]', isHidden = false } = declared;
  const command = program
    .command(name, { hidden: isHidden })
    .description(description)
    .addHelpText('after', `\nExample:\n  ${example}`)
    .usage(usage);
  for (const each of declared.options) command.addOption(optionOf(each));
  if (argument !== undefined) command.argument(argument);
  refuseEmptyValues(command);
  command.action(async () => {
    const typed = command.options.filter(
      (each) => command.getOptionValueSource(each.attributeName()) === 'cli',
    );
    await run(declared, command.opts(), { args: command.args, typed: typed.map(({ long }) => long!) });
  });
}

function optionOf({ flags, help, parse, choices, default: value, isRequired }: DeclaredOption): Option {
  const made = new Option(flags, help).makeOptionMandatory(isRequired === true);
  if (choices) made.choices(choices);
  if (parse) made.argParser((text) => parse(text));
  if (value !== undefined) made.default(value);
  return made;
}

/**
 * Refuses empty and blank values of all options and arguments. A shell passes them for an unset variable, and as a path or
 * a number they would mean the working folder or 0.
 */
function refuseEmptyValues(command: Command): void {
  for (const taker of [
    ...command.options.filter((each) => each.required || each.optional),
    ...command.registeredArguments,
  ]) {
    const { parseArg: parse } = taker;
    taker.parseArg = <T>(text: string, before: T): T => {
      if (text.trim() === '') throw new InvalidArgumentError('The value must not be empty.');
      if (parse) return parse(text, before);
      return (taker.variadic ? [...((before as string[] | undefined) ?? []), text] : text) as T;
    };
  }
}
