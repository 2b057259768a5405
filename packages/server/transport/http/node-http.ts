/**
 * What is used of `node:http`. An `import` would read every one of its exports, some of which load a whole client of
 * web standards when they are read: megabytes that a server has no use for.
 */
export const { createServer, STATUS_CODES } = process.getBuiltinModule('node:http')
