import type { FastifyInstance } from 'fastify'

/** What runs here. */
export interface BuildInfo {
  readonly version: string
  /** Default: unknown. */
  readonly commit?: string | undefined
}

/** `/api/buildinfo`, with the members that clients of the original look for. */
export function buildInfoRoutes(app: FastifyInstance, { version, commit = 'unknown' }: BuildInfo): void {
  app.get('/api/buildinfo', { schema: { tags: ['manager'], summary: 'What runs here' } }, () => ({
    name: 'millrace',
    version,
    gitHeadCommit: commit,
    gitCurrentTags: [],
    gitCurrentBranch: 'unknown',
    // There is no Scala in here; readers of the original's answer expect the members.
    scalaVersion: 'none',
    sbtVersion: 'none',
    nodeVersion: process.versions.node,
    status: 'Ok',
  }))
}
