/** `report`: rewrites the report of one run, or compares several runs. Needs no device. */
import path from 'node:path';
import { UsageError } from '../errors.js';
import { openFolder } from '../node/files.js';
import { svgToPng } from '../node/svg_png.js';
import { svgFile } from '../report/charts/svg.js';
import { comparisonCurves, comparisonPage } from '../report/html/comparison.js';
import type { RunReport } from '../report/html/run_report.js';
import type { ReportOptions } from './commands.js';
import { openOutput } from './output.js';
import { readReport } from './report_files.js';
import { rebuildReport, reportPictures } from './report_writer.js';
import { checkOutFolder, defaultFolder } from './run_folder.js';
import { version } from './version.js';

export async function report(paths: readonly string[], options: ReportOptions): Promise<number> {
  const output = openOutput(options);
  const [first, ...others] = paths;
  if (first === undefined) throw new UsageError('report: no run folder is given, expected one or more.');
  if (others.length === 0) {
    const out = options.out ?? first;
    if (path.resolve(out) !== path.resolve(first))
      await checkOutFolder('report', openFolder(out), { page: 'report.html', pictures: reportPictures });
    const files = await rebuildReport(openFolder(first), openFolder(out));
    output.say(`Wrote to ${out}: ${files.join(', ')}.`);
    output.result({ out, files });
    return 0;
  }
  if (new Set(paths.map((each) => path.resolve(each))).size < paths.length)
    throw new UsageError('report: a run folder is given twice; name different runs to compare.');
  const runs: RunReport[] = [];
  for (const each of paths) runs.push(await readReport(openFolder(each)));
  const named = distinctNames(runs, paths);
  const folder = openFolder(options.out ?? defaultFolder('comparison'));
  await checkOutFolder('report', folder, {
    page: 'comparison.html',
    pictures: ['accuracy.png', 'loss.png'],
  });
  const curves = comparisonCurves(named);
  await folder.write('comparison.html', comparisonPage(named, version));
  await folder.write('accuracy.png', svgToPng(svgFile(curves.accuracy)));
  await folder.write('loss.png', svgToPng(svgFile(curves.loss)));
  const files = ['comparison.html', 'accuracy.png', 'loss.png'];
  output.say(`Wrote to ${folder.path}: ${files.join(', ')}.`);
  output.result({ out: folder.path, files });
  return 0;
}

/** Names runs by their paths where folder names are not unique. */
function distinctNames(runs: readonly RunReport[], paths: readonly string[]): RunReport[] {
  const names = runs.map(({ name }) => name);
  return runs.map((run, i) => {
    const isShared = names.filter((name) => name === run.name).length > 1;
    return isShared ? { ...run, name: paths[i]! } : run;
  });
}
