/** Drawings as in a run's report, as `charts`; `charts.svg(drawing)` is a file's text. */
export { barChart as bars } from '../report/charts/bar_chart.js';
export { confusionMatrix } from '../report/charts/confusion_matrix.js';
export { accuracyChart as accuracy, lossChart as loss } from '../report/charts/history_charts.js';
export { heatMapChart as heatMaps } from '../report/charts/heat_map.js';
export { predictionGrid } from '../report/charts/prediction_grid.js';
export { rateSearchChart as rateSearch } from '../report/charts/rate_search_chart.js';
export { svgFile as svg } from '../report/charts/svg.js';
