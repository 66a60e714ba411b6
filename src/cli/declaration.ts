/** Declares commands as data, from which both Commander's options and the types of the handlers' options are derived. */

interface OptionRules {
  /** Throws: InvalidArgumentError if the text is not a valid value. */
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
  /** The arguments besides options, as `<file...>`; none if left out. */
  readonly argument?: string;
  /** The text after the name in the usage line; default `-- [options]`. */
  readonly usage?: string;
  readonly options: Options;
  /** Not listed in the help: only programs call it. */
  readonly isHidden?: true;
  /** Imports the command's module, runs it, and resolves with the exit code. */
  run(options: OptionsOf<Options>, call: CommandCall): Promise<number>;
}

export interface CommandCall {
  readonly args: readonly string[];
  /** The flags that the user typed, such as `--epochs`; the other options have their defaults. */
  readonly typed: readonly string[];
}

/** Types the options of `run` by the declared ones. */
export function command<const Options extends readonly DeclaredOption[]>(
  declared: DeclaredCommand<Options>,
): DeclaredCommand {
  return declared;
}

// ---- types ----

/** The options as a handler gets them: `{ readonly epochs?: number; readonly seed: number; … }`. */
export type OptionsOf<Options extends readonly DeclaredOption[]> = Flat<
  { readonly [Each in Options[number] as IsSet<Each> extends true ? KeyOf<Each> : never]: ValueOf<Each> } & {
    readonly [Each in Options[number] as IsSet<Each> extends true ? never : KeyOf<Each>]?: ValueOf<Each>;
  }
>;

type Flat<T> = { [Key in keyof T]: T[Key] };

/** Whether the option always has a value. */
type IsSet<Each extends DeclaredOption> = Each extends
  { readonly default: unknown } | { readonly isRequired: true } | { readonly flags: `--no-${string}` }
  ? true
  : false;

/** `batchSize` for `--batch-size <n>`, `tune` for `--no-tune`. */
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
