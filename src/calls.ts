/**
 * Checks of what a program passes to the library. The page's scripts leave them out (scripts/build_page.mjs), as the
 * compiler has checked the page's own calls. What comes from files, addresses or forms is checked by `checkOptions` itself.
 */
import { type Rule, type Rules, check, checkOptions } from './options.js';

/** Throws: UsageError, as `checkOptions`. The rules are made only where they are asked for. */
export function checkCall<T extends object>(who: string, options: T, rules: () => Rules<NoInfer<T>>): void {
  checkOptions(who, options, rules());
}

/** Throws: UsageError for a value that breaks the rule. */
export function checkArgument(who: string, name: string, value: unknown, rule: () => Rule): void {
  check(who, name, value, rule());
}
