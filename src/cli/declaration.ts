/**
 * How a command is declared: as data, from which Commander's options and the type of what its handler gets are both made.
 */

interface OptionRules {
  /** Throws: InvalidArgumentError for a text that is not a value of this option. */
  readonly parse?: (text: string) => unknown;
  readonly choices?: readonly string[];
  readonly default?: unknown;
  readonly isRequired?: true;
}

export interface DeclaredOption extends OptionRules {
  /** As in Commander: `--epochs <n>`, `--compare <file...>`, `--build [dir]`, `--json`, `--no-tune`. */
  readonly flags: string;
  readonly help: string;
}

export function option<const Flags extends `--${string}`, const Rules extends OptionRules = OptionRules>(
  flags: Flags,
  help: string,
  rules?: Rules,
): { readonly flags: Flags; readonly help: string } & Rules {
  return { flags, help, ...(rules as Rules) };
}

export interface DeclaredCommand<Options extends readonly DeclaredOption[] = readonly DeclaredOption[]> {
  readonly name: string;
  readonly description: string;
  readonly example: string;
  /** `<file...>`: the arguments beside the options; none when left out. */
  readonly argument?: string;
  /** What follows the name in the first line of the help; default `-- [options]`. */
  readonly usage?: string;
  readonly options: Options;
  /** Called by programs, and not listed for people. */
  readonly isHidden?: true;
  /** Loads the module of the command, runs it, and resolves with the exit code. */
  run(options: OptionsOf<Options>, call: CommandCall): Promise<number>;
}

export interface CommandCall {
  readonly args: readonly string[];
  /** The options that the user typed, as `--epochs`; the others have their defaults. */
  readonly typed: readonly string[];
}

/** The command itself; its options type those of `run`. */
export function command<const Options extends readonly DeclaredOption[]>(
  declared: DeclaredCommand<Options>,
): DeclaredCommand {
  return declared;
}

// ---- types ----

/** What a handler gets: `{ readonly epochs?: number; readonly seed: number; … }` of `--epochs <n>`, `--seed <n>`, …. */
export type OptionsOf<Options extends readonly DeclaredOption[]> = Flat<
  { readonly [Each in Options[number] as IsSet<Each> extends true ? KeyOf<Each> : never]: ValueOf<Each> } & {
    readonly [Each in Options[number] as IsSet<Each> extends true ? never : KeyOf<Each>]?: ValueOf<Each>;
  }
>;

type Flat<T> = { [Key in keyof T]: T[Key] };

/** Whether it always has a value. */
type IsSet<Each extends DeclaredOption> = Each extends
  { readonly default: unknown } | { readonly isRequired: true } | { readonly flags: `--no-${string}` }
  ? true
  : false;

/** `batchSize` of `--batch-size <n>`, `tune` of `--no-tune`. */
type KeyOf<Each extends DeclaredOption> = Each['flags'] extends `--${infer Name} ${string}`
  ? CamelCase<Name>
  : Each['flags'] extends `--no-${infer Name}`
    ? CamelCase<Name>
    : Each['flags'] extends `--${infer Name}`
      ? CamelCase<Name>
      : never;

type CamelCase<Words extends string> = Words extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Words;

type ValueOf<Each extends DeclaredOption> = Each extends { readonly parse: (text: string) => infer Value }
  ? Value
  : Each extends { readonly choices: readonly (infer Name)[] }
    ? Name
    : Each['flags'] extends `${string}<${string}...>`
      ? readonly string[]
      : Each['flags'] extends `${string}<${string}>`
        ? string
        : Each['flags'] extends `${string}[${string}]`
          ? string | true
          : boolean;
