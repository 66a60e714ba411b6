/** Charts of Node, as `charts`: those that every platform has, and their pictures. */
import { svgFile } from '../report/charts/svg.js';
import { svgToPng } from '../node/svg_png.js';

export * from './charts.js';

export function png(drawing: Parameters<typeof svgFile>[0]): ReturnType<typeof svgToPng> {
  return svgToPng(svgFile(drawing));
}
