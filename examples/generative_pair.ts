/**
 * A generative adversarial pair on handwritten digits: a generator turns noise into images, and a discriminator tells them from real
 * ones. Each has an optimizer of its own, and a step updates both.
 *
 * Prints both losses, how sure the discriminator is of real and of generated images, and four generated digits. About three minutes
 * without a GPU; `--quick`: ten seconds, whose images are still blurred.
 */
import process from 'node:process';
import { Tensor, datasets, grad, open, ops, optimizers, program } from 'shadegrad';

const isQuick = process.argv.includes('--quick');
const [batch, noise, wide, pixels] = [64, 32, 128, 28 * 28];

let state = 13;
const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
const normal = (): number => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
/** He's initial weights. */
const weights = (rows: number, columns: number): Tensor =>
  Tensor.from(
    Float32Array.from({ length: rows * columns }, () => normal() * Math.sqrt(2 / rows)),
    [rows, columns],
  );
const zeros = (count: number): Tensor => Tensor.from(new Float32Array(count), [count]);

const device = await open();
const { train } = await datasets.digits();
const generator = { g1: weights(noise, wide), c1: zeros(wide), g2: weights(wide, pixels), c2: zeros(pixels) };
const discriminator = { d1: weights(pixels, wide), e1: zeros(wide), d2: weights(wide, 1), e2: zeros(1) };

const generate = (z: Tensor): Tensor => {
  const { g1, c1, g2, c2 } = generator;
  return ops.sigmoid(ops.add(ops.matmul(ops.leakyRelu(ops.add(ops.matmul(z, g1), c1)), g2), c2));
};
/** Logits: positive for real images. */
const judge = (x: Tensor): Tensor => {
  const { d1, e1, d2, e2 } = discriminator;
  return ops.add(ops.matmul(ops.leakyRelu(ops.add(ops.matmul(x, d1), e1)), d2), e2);
};
/** −log σ(logit): the loss of an image that should count as real. */
const asReal = (logits: Tensor): Tensor => ops.mean(ops.softplus(ops.negate(logits)));
const asMade = (logits: Tensor): Tensor => ops.mean(ops.softplus(logits));

const options = { learningRate: 5e-4, beta1: 0.5 };
const ofGenerator = optimizers.adam(options).over(generator);
const ofDiscriminator = optimizers.adam(options).over(discriminator);
const named = <T extends object>(parameters: T, gradients: readonly Tensor[]): Record<keyof T, Tensor> =>
  Object.fromEntries(Object.keys(parameters).map((name, i) => [name, gradients[i]!])) as Record<
    keyof T,
    Tensor
  >;

const step = program((real: Tensor, z: Tensor) => {
  const made = generate(z);
  const [sureOfReal, sureOfMade] = [judge(real), judge(made)];
  const lossOfDiscriminator = ops.add(asReal(sureOfReal), asMade(sureOfMade));
  const lossOfGenerator = asReal(sureOfMade);
  const forGenerator = grad(lossOfGenerator, Object.values(generator));
  const forDiscriminator = grad(lossOfDiscriminator, Object.values(discriminator));
  ofGenerator.update(named(generator, forGenerator));
  ofDiscriminator.update(named(discriminator, forDiscriminator));
  const sure = (logits: Tensor): Tensor => ops.mean(ops.sigmoid(logits));
  return { lossOfDiscriminator, lossOfGenerator, real: sure(sureOfReal), made: sure(sureOfMade) };
});

const steps = isQuick ? 300 : 12_000;
for (let i = 1; i <= steps; i++) {
  const chosen = Array.from({ length: batch }, () => Math.floor(random() * train.count));
  const bytes = train.select(chosen).images;
  const real = Tensor.from(
    Float32Array.from(bytes, (pixel) => pixel / 255),
    [batch, pixels],
  );
  const z = Tensor.from(Float32Array.from({ length: batch * noise }, normal), [batch, noise]);
  const results = step.call(real, z);
  // Reading now and then also keeps the program from running far ahead of the device.
  if (i % 20 === 0) {
    const [d, g, ofReal, ofMade] = await Promise.all(Object.values(results).map(async (each) => each.item()));
    if (i % (steps / 3) === 0)
      console.log(
        `step ${i} discriminator ${d!.toFixed(3)} generator ${g!.toFixed(3)} sure of real ${ofReal!.toFixed(2)} of generated ${ofMade!.toFixed(2)}`,
      );
  }
  for (const each of [real, z, ...Object.values(results)]) each.dispose();
}

const images = await generate(
  Tensor.from(Float32Array.from({ length: 4 * noise }, normal), [4, noise]),
).data();
const shades = ' .:-=+*#%@';
for (let row = 0; row < 28; row++) {
  const lines = [0, 1, 2, 3].map((n) =>
    [...images.subarray(n * pixels + 28 * row, n * pixels + 28 * row + 28)]
      .map((value) => shades[Math.round(9 * value)])
      .join(''),
  );
  console.log(lines.join(' '));
}
device.destroy();
