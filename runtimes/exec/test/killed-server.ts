// Starts a program that starts another, says so, and waits to be killed. The file named by its argument gets both ids.
import { startProgram } from '../program.ts'

const [, , pidFile] = process.argv
const script = `echo $$ >> "$0"; sleep 600 & echo $! >> "$0"; echo started; wait`
startProgram({
  command: ['/bin/sh', '-c', script, pidFile!],
  workingDirectory: '/',
  environment: process.env,
  onLine: line => process.stdout.write(`${line}\n`),
})
