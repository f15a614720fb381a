import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';

const living = new Set<ChildProcess>();
let hooked = false;

/** A child process that does not outlive a test run which ends in any way that still runs exit hooks. */
export function startChild(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  if (!hooked) {
    hooked = true;
    process.once('exit', () => {
      for (const child of living) child.kill('SIGKILL');
    });
  }
  const child = spawn(command, args, options);
  living.add(child);
  child.once('exit', () => living.delete(child));
  child.once('error', () => living.delete(child));
  return child;
}

export async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.once('exit', resolve));
}

/** Runs a command to its end. Rejects with what it wrote when it could not start or failed. */
export async function run(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<string> {
  const child = startChild(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ended with ${String(code ?? signal)}: ${errors || output}`));
    });
  });
}

/**
 * A shell that waits for this process to be gone, however it went (kill -9 runs no exit hook), and then runs `script`.
 * It notices by the end of its standard input, which only this process holds open. Returns how to call it off.
 */
export function afterDeath(script: string, args: readonly string[]): () => void {
  const shell = spawn('sh', ['-c', `cat > /dev/null; ${script}`, 'sh', ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.unref();
  (shell.stdin as unknown as { unref(): void } | null)?.unref();
  shell.on('error', () => undefined);
  return () => {
    shell.kill('SIGKILL');
  };
}
