import { MillraceError, messageOf } from '../errors.ts'

/** The error for a server that could not listen, with the setting to change. */
export function listenError(
  error: unknown,
  { name, host, port, portSetting }: { name: string; host: string; port: number; portSetting: string },
): unknown {
  const what = `the ${name} cannot listen on port ${port} of ${host}`
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new MillraceError('port_in_use', `${what}: another program has the port`, {
        hint: `Stop the other program, or set ${portSetting} to another port; 0 takes a free one.`,
        cause: error,
      })
    case 'EACCES':
      return new MillraceError('invalid_setting', `${what}: this user may not use the port`, {
        hint: `Set ${portSetting} to a port from 1024.`,
        cause: error,
      })
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new MillraceError('invalid_setting', `${what}: ${messageOf(error)}`, {
        hint: 'Set MILLRACE_HOST to an address of this machine.',
        cause: error,
      })
    default:
      return error
  }
}
