/** A style sheet, imported for its side effect: esbuild bundles them into page.css in import order. */
declare module '*.css';
