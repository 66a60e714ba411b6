/** The entry of the command line: runs a command, prints its errors, and exits with its status. */
import process from 'node:process';
import { inspect } from 'node:util';
import { CommanderError } from 'commander';
import { setDebugSink } from '../engine/debug.js';
import { DataError, DeviceError, ShadegradError } from '../errors.js';
import { setFolderOpener } from '../folder.js';
import { setAroundDawn } from '../node/around_dawn.js';
import { openFolder } from '../node/files.js';
import { endProcess } from '../node/await_gpu.js';
import { watchOutput } from './closed_output.js';
import { commands } from './commands.js';
import { sayError } from './output.js';
import { buildProgram } from './program.js';
import { quietly } from './quiet_dawn.js';

/** Resolves with the exit code: 2 for wrong usage, 1 for a failure, and after a signal the shell's, such as 130 for Ctrl-C. */
async function main(argv: readonly string[]): Promise<number> {
  let status = 0;
  const program = buildProgram(commands, async (command, options, call) => {
    status = await command.run(options, call);
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof ShadegradError) {
      // The message of a shader compiler has several lines.
      const isShader = error instanceof DeviceError && error.problem === 'shader';
      const faults = error instanceof DataError ? error.faults.map((fault) => `  ${fault}`) : [];
      sayError(...(isShader ? error.message.split('\n') : [error.message]), ...faults);
      return error.exitCode;
    }
    // A bug of shadegrad: print the stack and the causes.
    sayError(...inspect(error).split('\n'));
    return 1;
  }
}

watchOutput();
setFolderOpener(openFolder);
setDebugSink((text) => sayError(...text.split('\n')));
setAroundDawn(quietly);
const status = await main(process.argv.slice(2));
// Wait for pending writes to a socket, which exit() would drop.
for (const stream of [process.stdout, process.stderr])
  await new Promise<void>((resolve) => void stream.write('', () => resolve()));
// An open device would keep the process alive.
endProcess(status);
