/** What a shell script may rely on. 78 is EX_CONFIG of sysexits.h, which systemd and others know. */
export const EXIT = { fine: 0, findings: 1, usage: 2, configuration: 78 } as const;

/** The command line itself is wrong: nothing has been tried. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
