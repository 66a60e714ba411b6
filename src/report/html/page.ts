/**
 * A self-contained HTML page: inline styles, charts and images, no scripts, no requests. Follows the light or dark
 * setting, prints in light colours, and fits a phone.
 */
import { chartRules, variables } from '../charts/palette.js';
import { escape } from '../charts/svg.js';
import type { Section } from './elements.js';

export interface Page {
  readonly title: string;
  /** Below the title. */
  readonly subtitle: string;
  /** Between the title and the first section. */
  readonly lead: string;
  readonly sections: readonly Section[];
  /** The last line. */
  readonly footer: string;
}

const style = `
:root{color-scheme:light dark;${variables('light')}}
@media screen and (prefers-color-scheme:dark){:root{${variables('dark')}}}
${chartRules()}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:1160px;padding:32px 24px 64px;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:1.3rem;margin:56px 0 12px;padding-top:16px;border-top:1px solid var(--grid)}
h3{font-size:1.05rem;margin:28px 0 8px}
p{margin:8px 0;max-width:72ch}
a{color:var(--blue)}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:2px solid var(--blue);outline-offset:2px}
.subtitle,.absent,figcaption,footer{color:var(--soft)}
.absent{font-style:italic}
nav{margin:20px 0 0}
nav ul{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:4px 18px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(148px,1fr));gap:12px;margin:24px 0}
.tiles div{background:var(--raised);border:1px solid var(--grid);border-radius:10px;padding:12px 16px}
.tiles dt{color:var(--soft);font-size:.85rem}
.tiles dd{margin:0;font-size:1.45rem;font-weight:700;font-variant-numeric:tabular-nums}
.tiles small{display:block;color:var(--soft);font-size:.8rem;font-weight:400}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,500px),1fr));gap:16px 40px;align-items:start}
.columns>*{min-width:0}
.columns.narrow{grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr))}
.columns h3{margin-top:8px}
figure{margin:16px 0}
figcaption{font-size:.88rem;margin-top:6px;max-width:72ch}
.scroll{overflow-x:auto;max-width:100%}
.chart{display:block;max-width:100%;height:auto}
image,.pixels img{image-rendering:pixelated}
table{border-collapse:collapse;margin:12px 0;font-size:.92rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:0 0 6px}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
th,td{text-align:left;padding:5px 18px 5px 0;border-bottom:1px solid var(--grid);vertical-align:top}
thead th{color:var(--soft);font-weight:600;vertical-align:bottom}
tbody th{font-weight:500}
tfoot th,tfoot td{border-bottom:0;border-top:2px solid var(--axis);font-weight:600}
.number{text-align:right;white-space:nowrap}
.name{display:inline-block;max-width:100%}
td:last-child{overflow-wrap:anywhere}
details{margin:12px 0}
summary{cursor:pointer;color:var(--blue)}
.pixels{display:grid;grid-template-columns:repeat(5,minmax(0,1fr));gap:20px 8px;max-width:620px;margin:16px 0;padding:0;list-style:none}
.pixels li{text-align:center;font-size:.85rem;line-height:1.35;overflow-wrap:anywhere}
.pixels img{display:block;box-sizing:content-box;margin:0 auto 4px;border:3px solid transparent;padding:1px;outline:1px solid var(--grid);outline-offset:-4px}
.pixels .wrong img{border:3px dashed var(--orange);outline:0}
.pixels .guess{display:block;font-weight:700;color:var(--blue)}
.pixels .wrong .guess{color:var(--orange)}
.pixels .sure{display:block;color:var(--soft);font-size:.8rem}
footer{margin-top:56px;font-size:.88rem}
@media (max-width:640px){body{padding:20px 14px 48px}h1{font-size:1.5rem}h2{margin-top:40px}.scroll .chart{min-width:var(--least)}.pixels{grid-template-columns:repeat(auto-fill,minmax(96px,1fr))}}
@media print{body{max-width:none;padding:0;font-size:9pt}.columns.charts{grid-template-columns:1fr 1fr;gap:8px 24px}h2{margin-top:28px}.pixels{gap:10px 4px}th,td{padding:3px 12px 3px 0}nav{display:none}h2{break-after:avoid}figure,table,.tiles,.pixels li{break-inside:avoid}.scroll{overflow:visible}}
`;

export function page({ title, subtitle, lead, sections, footer }: Page): string {
  const links = sections.map(({ id, title }) => `<li><a href="#${id}">${escape(title)}</a></li>`).join('');
  const parts = sections.map(
    ({ id, title, html }) =>
      `<section aria-labelledby="${id}"><h2 id="${id}">${escape(title)}</h2>\n${html}</section>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<header><h1>${escape(title)}</h1>
<p class="subtitle">${escape(subtitle)}</p></header>
<main>
${lead}
<nav aria-label="On this page"><ul>${links}</ul></nav>
${parts.join('\n')}
</main>
<footer>${escape(footer)}</footer>
</body>
</html>
`;
}
