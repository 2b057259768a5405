import { Command } from 'commander'
import { benchCommand } from './bench-command.ts'
import { devCommand } from './dev-command.ts'
import { failureLine } from './failure-line.ts'
import { inferCommand } from './infer-command.ts'
import { initCommand } from './init-command.ts'
import { applyCommand } from './manage/apply-command.ts'
import { clusterCommand } from './manage/cluster-command.ts'
import { deleteCommand } from './manage/delete-command.ts'
import { describeCommand } from './manage/describe-command.ts'
import { getCommand } from './manage/get-command.ts'
import { logsCommand } from './manage/logs-command.ts'
import { predictCommand } from './manage/predict-command.ts'
import { profileCommand } from './manage/profile-command.ts'
import { manifestCommand } from './manifest-command.ts'
import { packageVersion } from './package-version.ts'
import { runtimeCommand } from './runtime-command.ts'
import { serveCommand } from './serve-command.ts'
import { upCommand } from './up-command.ts'

/** The `millrace` command. Errors are thrown as `CommanderError` or `CommandFailure`; `main.ts` words them. */
export function createProgram(): Command {
  const program = new Command('millrace')
    .description('Serve machine-learning models over every protocol of the field.')
    .version(packageVersion())
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: (text, write) => write(failureLine(usageText(text))) })
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `
Examples:
  millrace init my-model                 a new model with its test
  millrace dev my-model                  serve it on http://127.0.0.1:8080 while you edit it
  millrace serve models --http-port 9000

Exit codes: 0 done, 1 defect, 2 wrong command line, 3 unusable folder or settings, 4 port not available, 5 model failed to load, 6 requests failed, 7 build or application failed`,
    )
  for (const command of [
    serveCommand(),
    devCommand(),
    initCommand(),
    inferCommand(),
    benchCommand(),
    upCommand(),
    runtimeCommand(),
    applyCommand(),
    getCommand(),
    describeCommand(),
    logsCommand(),
    deleteCommand(),
    predictCommand(),
    profileCommand(),
    clusterCommand(),
    manifestCommand(),
  ]) {
    for (const part of command.commands) part.copyInheritedSettings(program)
    program.addCommand(command.copyInheritedSettings(program))
  }
  return program
}

/** commander's message, which may have a line for its suggestion, as one line that says what to do next. */
function usageText(text: string): string {
  const message = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .replaceAll(/\s*\n\s*/g, ' ')
  return `${message}; --help shows what is possible`
}
