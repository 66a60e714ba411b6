/**
 * A custom training loop: parameters are tensors, a program records the loss and its gradients, and an optimizer of the library
 * updates the parameters. The data is a noisy sine, which a network with one hidden layer learns.
 *
 * Prints the loss as it falls, and the largest error of the curve. About ten seconds; `--quick`: three.
 */
import process from 'node:process';
import { Tensor, grad, open, ops, optimizers, program } from 'shadegrad';

const isQuick = process.argv.includes('--quick');
const hidden = 32;

let state = 5;
const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
const uniform = (count: number, limit: number): number[] =>
  Array.from({ length: count }, () => limit * (2 * random() - 1));

const device = await open();
const parameters = {
  w1: Tensor.from(uniform(hidden, 3), [1, hidden]),
  b1: Tensor.from(uniform(hidden, 3), [hidden]),
  w2: Tensor.from(uniform(hidden, 0.3), [hidden, 1]),
  b2: Tensor.from([0]),
};
const { w1, b1, w2, b2 } = parameters;
const adam = optimizers.adam({ learningRate: 1e-2 }).over(parameters);

const curve = (x: Tensor): Tensor => ops.add(ops.matmul(ops.tanh(ops.add(ops.matmul(x, w1), b1)), w2), b2);
const step = program((x: Tensor, y: Tensor) => {
  const loss = ops.mean(ops.square(ops.subtract(curve(x), y)));
  const [dw1, db1, dw2, db2] = grad(loss, [w1, b1, w2, b2]);
  adam.update({ w1: dw1, b1: db1, w2: dw2, b2: db2 });
  return loss;
});

const steps = isQuick ? 600 : 3000;
for (let i = 0; i < steps; i++) {
  const xs = uniform(64, 3);
  const x = Tensor.from(xs, [64, 1]);
  const y = Tensor.from(
    xs.map((each) => Math.sin(2 * each) + 0.05 * (random() - 0.5)),
    [64, 1],
  );
  const loss = step.call(x, y);
  // Reading now and then also keeps the program from running far ahead of the device.
  if ((i + 1) % 20 === 0) {
    const value = await loss.item();
    if ((i + 1) % (steps / 5) === 0) console.log(`step ${i + 1} loss ${value.toFixed(5)}`);
  }
  for (const each of [x, y, loss]) each.dispose();
}

const xs = Array.from({ length: 101 }, (_, i) => -2.5 + 0.05 * i);
const found = await curve(Tensor.from(xs, [101, 1])).data();
console.log(
  `largest error ${Math.max(...xs.map((x, i) => Math.abs(Math.sin(2 * x) - found[i]!))).toFixed(3)}`,
);
device.destroy();
