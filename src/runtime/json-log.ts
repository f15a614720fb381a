import { pino, type DestinationStream } from 'pino';
import type { Log, LogLevel } from './log.ts';

/** JSON lines on standard error (so that standard output stays for results), or to the given stream. */
export function jsonLog(level: LogLevel, destination?: DestinationStream): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    destination ?? pino.destination({ fd: 2, sync: true }),
  );
}
