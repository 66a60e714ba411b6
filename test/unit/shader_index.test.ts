// Plan: the generated index names every shader that lies below shaders/ (else the build would leave one out),
// its text is what prettier would make of it, and two files that would share an identifier are refused.
import { existsSync, readFileSync } from 'node:fs';
import { format } from 'prettier';
import { expect, test } from 'vitest';
import { indexPath, renderShaderIndex, shaderNames } from '../../scripts/generate_shader_index.mjs';

test('src/kernels/shaders.generated.ts is up to date (else: npm run build)', () => {
  const names = shaderNames();
  const index = existsSync(indexPath) ? readFileSync(indexPath, 'utf8') : renderShaderIndex([]);
  expect(index).toBe(renderShaderIndex(names));
});

test('the index has one import and one row per shader', async () => {
  const text = renderShaderIndex(['conv2d/forward', 'conv2d/forward_software']);
  expect(text).toMatchInlineSnapshot(`
    "// Made by scripts/generate_shader_index.mjs from the files below shaders/: do not edit.
    import conv2d_forward from '../../shaders/conv2d/forward.wgsl';
    import conv2d_forward_software from '../../shaders/conv2d/forward_software.wgsl';

    /** The text of every shader by its name, \`<op>/<pass>[_<family>]\`. */
    export const shaders: Readonly<Record<string, string>> = {
      'conv2d/forward': conv2d_forward,
      'conv2d/forward_software': conv2d_forward_software,
    };
    "
  `);
  expect(await format(text, { parser: 'typescript', singleQuote: true, printWidth: 110 })).toBe(text);
});

test('names that differ only in punctuation are refused', () => {
  expect(() => renderShaderIndex(['add/x_y', 'add_x/y'])).toThrowErrorMatchingInlineSnapshot(
    `[Error: Two shaders become the name add_x_y: rename add_x/y.wgsl.]`,
  );
});
