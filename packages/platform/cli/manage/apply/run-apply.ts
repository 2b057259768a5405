import type { ConnectionFlags } from '../connection-flags.ts'
import { withManager } from '../with-manager.ts'
import { applyApplication } from './apply-application.ts'
import { applyDeploymentConfiguration } from './apply-deployment-configuration.ts'
import { applyModel } from './apply-model.ts'
import { createApplyReport } from './apply-report.ts'
import { readSources } from './read-sources.ts'

export interface ApplyFlags extends ConnectionFlags {
  readonly filename: readonly string[]
  /** Seconds. */
  readonly timeout: number
  readonly output: 'text' | 'json'
}

/** Rejects with a `CommandFailure`; what came before what failed stays applied. */
export async function runApply(flags: ApplyFlags): Promise<void> {
  const { resources, payloads, warnings } = await readSources(flags.filename)
  const isJson = flags.output === 'json'
  const report = createApplyReport(isJson ? process.stderr : process.stdout, process.stderr)
  for (const warning of warnings) report.warn(warning)
  await withManager(flags, async manager => {
    const applying = { manager, report, timeoutMs: flags.timeout * 1000 }
    const applied: object[] = []
    for (const resource of resources) {
      switch (resource.kind) {
        case 'Model':
          applied.push({
            kind: resource.kind,
            ...(await applyModel(applying, resource, payloads.get(resource)!)),
          })
          break
        case 'Application':
          applied.push({ kind: resource.kind, ...(await applyApplication(applying, resource)) })
          break
        case 'DeploymentConfiguration':
          applied.push({ kind: resource.kind, ...(await applyDeploymentConfiguration(applying, resource)) })
          break
      }
    }
    if (isJson) process.stdout.write(`${JSON.stringify(applied, undefined, 2)}\n`)
  })
}
