/**
 * The names that commands, the page and files choose from, in a file of their own, so that a help text or a form can list them
 * without loading what they name.
 */

export const modelNames = ['paper', 'paper-bn', 'simple', 'small', 'mlp'] as const;
export type ModelName = (typeof modelNames)[number];

/** Complete recipes: src/recipe/presets.ts. */
export const presetNames = ['quick', 'corrected', 'paper'] as const;
export type PresetName = (typeof presetNames)[number];

export const scheduleNames = ['constant', 'cosine', 'one-cycle', 'step'] as const;
export type ScheduleName = (typeof scheduleNames)[number];

export function isPresetName(name: string): name is PresetName {
  return presetNames.includes(name as PresetName);
}
