/** The command line as a process: runs one command, reports what goes wrong in one clear line, and ends with its status. */
import process from 'node:process';
import { inspect } from 'node:util';
import { CommanderError } from 'commander';
import { setDebugSink } from '../engine/debug.js';
import { DeviceError, ShadegradError } from '../errors.js';
import { setFolderOpener } from '../folder.js';
import { setAroundDawn } from '../node/around_dawn.js';
import { openFolder } from '../node/files.js';
import { endProcess } from '../node/await_gpu.js';
import { watchOutput } from './closed_output.js';
import { commands } from './commands.js';
import { sayError } from './output.js';
import { buildProgram } from './program.js';
import { quietly } from './quiet_dawn.js';

/** Ends with 2 for a wrong use, 1 for work that failed; after a signal as a shell has it, 130 after Ctrl-C. */
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
      // What a compiler says of a shader has lines of its own.
      const isShader = error instanceof DeviceError && error.problem === 'shader';
      sayError(...(isShader ? error.message.split('\n') : [error.message]));
      return error.exitCode;
    }
    // Ours to mend: with its trace and causes.
    sayError(...inspect(error).split('\n'));
    return 1;
  }
}

watchOutput();
setFolderOpener(openFolder);
setDebugSink((text) => sayError(...text.split('\n')));
setAroundDawn(quietly);
const status = await main(process.argv.slice(2));
// What is written to a socket may still be on its way, and exit() would cut it off.
for (const stream of [process.stdout, process.stderr])
  await new Promise<void>((resolve) => void stream.write('', () => resolve()));
// Ends the process explicitly: an open device would keep it alive.
endProcess(status);
