#!/usr/bin/env node
// Plain JavaScript that every Node.js understands, so that an old one gets a sentence and not a syntax error.
const [major] = process.versions.node.split('.')
if (Number(major) < 24) {
  console.error(
    `millrace needs Node.js 24 or newer; this is ${process.version}. Install a current one from your package manager or with a version manager.`,
  )
  process.exit(1)
}
await import('../dist/cli/main.js')
