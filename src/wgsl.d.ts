/** A shader file, imported as its text (esbuild's text loader; a plugin in vitest.config.ts). */
declare module '*.wgsl' {
  const source: string;
  export default source;
}
