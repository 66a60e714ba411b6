/**
 * Validation of calls to the library. The page's build drops it (scripts/build_page.mjs), because the compiler has checked
 * the page's own calls. Values from files, URLs and forms are validated by `checkOptions` itself.
 */
import { type Rule, type Rules, check, checkOptions } from './options.js';

/** Throws: UsageError, like `checkOptions`. `rules` is a function so that a bundler can drop its table. */
export function checkCall<T extends object>(who: string, options: T, rules: () => Rules<NoInfer<T>>): void {
  checkOptions(who, options, rules());
}

/** Throws: UsageError for a value that breaks the rule. */
export function checkArgument(who: string, name: string, value: unknown, rule: () => Rule): void {
  check(who, name, value, rule());
}
