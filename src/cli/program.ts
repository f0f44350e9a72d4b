import { Command, CommanderError } from 'commander';
import { parseShape } from '../attention/shape.ts';
import { type CountFlags, runCount } from './countCommand.ts';
import { type DevicesFlags, runDevices } from './devicesCommand.ts';
import { usualGpu } from './gpuTable.ts';
import { type MergeFlags, runMerge } from './mergeCommand.ts';
import { type ModelFlags, runModel } from './modelCommand.ts';
import { addProblemOptions } from './problemOptions.ts';
import { type ProfileFlags, runProfile } from './profileCommand.ts';
import { runReproduce } from './reproduceCommand.ts';
import { type RunFlags, runRun, typeOfFiles } from './runCommand.ts';
import type { CommandContext } from './services.ts';
import { runShapes } from './shapesCommand.ts';
import { runSweep, type SweepFlags } from './sweepCommand.ts';
import { runVerify, type VerifyFlags } from './verifyCommand.ts';
import { oneLine, WrongUse } from './wrongUse.ts';

export const exitCodes = { done: 0, failed: 1, wrongUse: 2, interrupted: 130 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const examples = `
Examples:
  attnprof profile 1,8,512,64
  attnprof profile "b=1 h=8 kv=2 n=333 m=517 d=80" --causal --algorithms standard,flash2 --json
  attnprof profile 2,8,512,64 --pass both --dtype f16 --window 128,0 --dropout 0.1
  attnprof profile 1,16,16384,64 --time-budget 10 -o long.attnprof.json
  attnprof sweep 1,8,512,64 --vary seq=512..8192 -a standard,flash2 -o sweep.attnprof.json
  attnprof merge shards -o sweep.attnprof.json
  attnprof run --q q.npy --k k.npy --v v.npy --algorithm flash2 --causal --out results
  attnprof model b=1,h=32,kv=8,n=8192,d=128 --dtype f16 --causal --device h100
  attnprof count matmul.wgsl --manifest matmul.wgslprof.json
  attnprof verify --adapter embedded
  attnprof shapes model.py
  attnprof devices
  attnprof reproduce

Exit codes: 0 done (a run that was skipped or stopped is a result), 1 failed, 2 wrong use,
130 interrupted.`;

const shapeHelp = 'B,H,N,D or named: b=1 h=32 kv=8 n=4096 m=4096 d=128 dv=128';
const adapterHelp = "auto, hardware, software, embedded, or part of an adapter's name";
const jsonHelp = 'print one JSON value on standard output and nothing else';

/**
 * Runs one command line, without the program's own name, to its exit code. Everything the user did wrong or
 * that went wrong is one line on standard error; nothing is thrown.
 */
export async function runCommandLine(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  const { terminal, signal } = context;
  const chunks: string[] = [];
  const program = buildProgram(context, (text) => chunks.push(text));
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) {
      await terminal.out.write(chunks.join(''));
      return exitCodes.done;
    }
    if (signal.aborted) return exitCodes.interrupted;
    const wrongUse = error instanceof CommanderError ? reshape(error, argv, program) : error;
    await terminal.error.write(`attnprof: ${oneLine(messageOf(wrongUse))}\n`);
    return wrongUse instanceof WrongUse ? exitCodes.wrongUse : exitCodes.failed;
  }
}

function buildProgram(context: CommandContext, print: (text: string) => void): Command {
  const program = new Command('attnprof')
    .description(
      "Profiles standard and flash attention on this machine's GPU: time, counted HBM accesses, memory, error.",
    )
    .version(context.services.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .addHelpText('after', examples)
    .configureHelp({ helpWidth: 100 })
    .configureOutput({ writeOut: print, writeErr: () => {}, outputError: () => {} })
    .exitOverride();

  addProfileOptions(
    program
      .command('profile')
      .description('Run the algorithms for one shape, side by side.')
      .argument('<shape...>', shapeHelp),
  ).action((shape: string[], flags: ProfileFlags) => runProfile(shape.join(' '), flags, context));

  addProfileOptions(
    program
      .command('sweep')
      .description('Run the algorithms for many shapes: times, counts and memory over a size, crossovers.')
      .argument('<shape...>', shapeHelp)
      .requiredOption(
        '--vary <name=values>',
        'b, h, kv, seq, n, m, d, dv, br or bc: seq=512..8192 (doubling), seq=512..8192:512, d=64,128; ' +
          'several cross',
        (value: string, before: string[] = []) => [...before, value],
      ),
  )
    .option('--shard <i/n>', 'part I of N, from 1; auto or auto/N inside a Slurm array or an Indexed Job')
    .option('--fresh', 'start over where the file of -o has runs of this sweep already')
    .action((shape: string[], flags: SweepFlags) => runSweep(shape.join(' '), flags, context));

  program
    .command('merge')
    .description('Join the shards of a sweep, and say what is missing.')
    .argument('<files...>', 'files that sweep wrote, or folders of them')
    .requiredOption('-o, --output <file>', 'gets the whole, FILE.attnprof.json')
    .option('--json', jsonHelp)
    .action((files: string[], flags: MergeFlags) => runMerge(files, flags, context));

  addProblemOptions(
    program
      .command('model')
      .description('Cost and projected time of a shape on a GPU of the device table; nothing is run.')
      .argument('<shape...>', shapeHelp)
      .option('--device <name>', 'a GPU of the device table (attnprof devices --table lists it)', usualGpu)
      .option('--device-table <file>', 'JSON with GPUs of your own, or other values for known ones')
      .option('--memory <GiB>', 'memory that it has, where the device table says otherwise')
      .option('-a, --algorithms <ids>', 'algorithms separated by commas, or all', 'all')
      .option('--implementations <ids>', 'published ones to set beside them: ids, all or none', 'all')
      .option('--pass <pass>', 'forward, backward or both', 'forward'),
    'f16',
  )
    .option('--tiling <tiling>', 'rows of a tile, br=64,bc=32; chosen for the device where not given')
    .option('--assumptions', 'list what the projected times take for granted')
    .option('--json', jsonHelp)
    .option('-o, --output <file>', 'also write the result to FILE.attnprof.json')
    .action((shape: string[], flags: ModelFlags) => runModel(shape.join(' '), flags, context));

  addProblemOptions(
    program
      .command('run')
      .description('Run one algorithm on tensors of your own, and keep what it makes of them.')
      .requiredOption('--q <file>', '.npy, f32 or f16, (B, H, N, D)')
      .requiredOption('--k <file>', '.npy, (B, KV heads, M, D)')
      .requiredOption('--v <file>', '.npy, (B, KV heads, M, DV)')
      .option('--dout <file>', '.npy, the gradient of the output: runs the backward pass as well')
      .requiredOption('-a, --algorithm <id>', 'one algorithm')
      .requiredOption('--out <folder>', 'gets o.npy, lse.npy, and with --dout dq.npy, dk.npy, dv.npy'),
    typeOfFiles,
  )
    .option('--adapter <adapter>', adapterHelp, 'auto')
    .option('--tiling <tiling>', 'rows of a tile, br=64,bc=32; chosen for the device where not given')
    .option('--json', jsonHelp)
    .action((flags: RunFlags) => runRun(flags, context));

  program
    .command('verify')
    .description(
      'Hold every algorithm and pass to float64 and to its closed forms, options crossed pair by pair.',
    )
    .option('-a, --algorithms <ids>', 'algorithms separated by commas, or all', 'all')
    .option('--adapter <adapter>', adapterHelp, 'auto')
    .option('--cases <count>', 'at most this many problems; all that cover the options by default')
    .option('--strength <2|3>', 'every combination of this many options meets', '2')
    .option('--seed <seed>', 'seed of the problems; a fresh one by default')
    .option('--json', jsonHelp)
    .action((flags: VerifyFlags) => runVerify(flags, context));

  program
    .command('count')
    .description('Count and time a WGSL compute kernel of your own, per buffer and per source line.')
    .argument('<kernel.wgsl>', 'the kernel')
    .option('--manifest <file>', 'buffers and dispatch; KERNEL.wgslprof.json beside the kernel by default')
    .option('--adapter <adapter>', adapterHelp, 'auto')
    .option('--repeats <count>', "timed samples; the manifest's, or 10, by default")
    .option('--time-budget <seconds>', 'what the whole may take; a dispatch that takes longer has hung', '60')
    .option('--example', 'print a manifest to start from, and run nothing')
    .option('--json', jsonHelp)
    .action((kernel: string, flags: CountFlags) => runCount(kernel, flags, context));

  program
    .command('shapes')
    .description('List the attention calls in code and what is known of each. Nothing is run.')
    .argument('<files...>', 'Python files, notebooks, or any text with literal shapes')
    .option('--json', jsonHelp)
    .action((files: string[], flags: { json?: boolean }) => runShapes(files, flags, context));

  program
    .command('devices')
    .description('List the adapters of this machine, and what to give as --adapter.')
    .option('--table', 'list the GPUs of the device table instead, and what to give as --device')
    .option('--device-table <file>', 'JSON with GPUs of your own, or other values for known ones')
    .option('--json', jsonHelp)
    .action((flags: DevicesFlags) => runDevices(flags, context));

  program
    .command('reproduce')
    .description('Set published numbers of attention papers beside what the models here give. Needs no GPU.')
    .option('--json', jsonHelp)
    .action((flags: { json?: boolean }) => runReproduce(flags, context));

  return program;
}

/** What `profile` and `sweep` have in common. */
function addProfileOptions(command: Command): Command {
  return addProblemOptions(
    command
      .option('-a, --algorithms <ids>', 'algorithms separated by commas, or all', 'all')
      .option('--pass <pass>', 'forward, backward or both', 'forward'),
  )
    .option('--adapter <adapter>', adapterHelp, 'auto')
    .option('--tiling <tiling>', 'rows of a tile, br=64,bc=32; chosen for the device where not given')
    .option('--repeats <count>', 'timed samples of each run', '10')
    .option('--time-budget <seconds>', 'stop a run that takes longer, and keep what it has')
    .option(
      '--cache-of <name>',
      'GPU whose caches are modelled where the device table does not know this one, or none',
      usualGpu,
    )
    .option('--device-table <file>', 'JSON with GPUs of your own, or other values for known ones')
    .option('--json', jsonHelp)
    .option('-o, --output <file>', 'also write the result to FILE.attnprof.json');
}

/** Says in one line what is right, where commander says only what is wrong. */
function reshape(error: CommanderError, argv: readonly string[], program: Command): WrongUse {
  const message = oneLine(error.message)
    .replace(/^error: /, '')
    .replace(/\.$/, '');
  const names = program.commands.map((command) => command.name());
  const commands = `the commands are ${names.join(', ')} (attnprof --help)`;
  const called = argv.find((argument) => names.includes(argument));
  const help = called ? `attnprof ${called} --help` : 'attnprof --help';
  switch (error.code) {
    case 'commander.help':
      return new WrongUse(
        `${argv.length === 0 ? 'no command is given' : 'there is no such command'}: ${commands}`,
      );
    case 'commander.unknownCommand':
      return new WrongUse(`${message}: ${commands}`);
    case 'commander.missingArgument':
      return new WrongUse(
        ['count', 'merge', 'shapes'].includes(called ?? '')
          ? `no ${called === 'count' ? 'kernel' : 'file'} is given: ${help}`
          : `no shape is given: ${shapeHelp}`,
      );
    case 'commander.unknownOption': {
      // A negative first size looks like an option.
      const negative = argv.find((argument) => /^-\d/.test(argument));
      const shape = negative !== undefined && message.includes(negative) ? parseShape(negative) : null;
      return new WrongUse(shape && !shape.ok ? shape.error : `${message}: ${help} lists the options`);
    }
    default:
      return new WrongUse(`${message}: see ${help}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : String(error);
}
