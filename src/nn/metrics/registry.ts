/** Metrics by name, for `compile`. Each module of a metric registers its own, as losses do. */
import type { Metric } from './metric.js';

const made = new Map<string, () => Metric>();

/** Registers functions that make a metric with default options, by its name. */
export function registerMetrics(metrics: Readonly<Record<string, () => Metric>>): void {
  for (const [name, make] of Object.entries(metrics)) made.set(name, make);
}

export function metricNames(): readonly string[] {
  return [...made.keys()];
}

/** The metric of a name that `metricNames` lists. */
export function metricOf(name: string): Metric {
  return made.get(name)!();
}
