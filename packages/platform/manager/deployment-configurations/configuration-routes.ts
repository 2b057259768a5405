import { ServingError } from '@millrace/sdk'
import type { FastifyInstance } from 'fastify'
import type { Store } from '../../store/index.ts'
import { configurationView, DEFAULT_CONFIGURATION } from './configuration-settings.ts'
import { readConfiguration } from './read-configuration.ts'

const tags = ['deployment configurations']

export function configurationRoutes(app: FastifyInstance, { deploymentConfigurations }: Store): void {
  const path = '/api/v2/deployment_configuration'
  interface Named {
    Params: { name: string }
  }
  app.get(path, { schema: { tags, summary: 'All deployment configurations' } }, async () => [
    configurationView(undefined),
    ...(await deploymentConfigurations.list()).map(configurationView),
  ])
  app.get<Named>(
    `${path}/:name`,
    { schema: { tags, summary: 'One deployment configuration' } },
    async ({ params }) => {
      const { name } = params
      if (name === DEFAULT_CONFIGURATION) return configurationView(undefined)
      const configuration = await deploymentConfigurations.find(name)
      if (configuration !== undefined) return configurationView(configuration)
      throw new ServingError('NOT_FOUND', `Can't find DeploymentConfiguration ${name}`)
    },
  )
  app.post(path, { schema: { tags, summary: 'Create a deployment configuration' } }, async ({ body }) => {
    const { name, settings } = readConfiguration(body)
    return configurationView(await deploymentConfigurations.create({ name, settings }))
  })
  app.delete<Named>(
    `${path}/:name`,
    { schema: { tags, summary: 'Delete a deployment configuration that nothing uses' } },
    async ({ params }) => {
      const { name } = params
      if (name === DEFAULT_CONFIGURATION) {
        throw new ServingError('FAILED_PRECONDITION', `DeploymentConfiguration ${name} can't be deleted`)
      }
      return configurationView(await deploymentConfigurations.delete(name))
    },
  )
}
