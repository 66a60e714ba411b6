/** A style sheet, imported for its effect: esbuild gathers all of them into page.css, in the order of the imports. */
declare module '*.css';
