/** The tables that sections print, on the terminal and in the docs. */
import { type Output, bold, table } from '../output.js';

export interface Report {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  /** A sentence below the table. */
  readonly note?: string;
}

export function print(output: Output, reports: readonly Report[]): void {
  for (const { title, head, rows, note } of reports) {
    output.say('', bold(output, title), ...table(head, rows));
    if (note !== undefined) output.say(note);
  }
}

export function toMarkdown(reports: readonly Report[]): string {
  return reports
    .map(({ title, head, rows, note }) => {
      const line = (cells: readonly (string | number)[]): string =>
        `| ${cells.map((cell) => String(cell).replaceAll('|', String.raw`\|`)).join(' | ')} |`;
      const lines = [line(head), line(head.map(() => '---')), ...rows.map(line)];
      return [`### ${title}`, lines.join('\n'), ...(note === undefined ? [] : [note])].join('\n\n');
    })
    .join('\n\n');
}
