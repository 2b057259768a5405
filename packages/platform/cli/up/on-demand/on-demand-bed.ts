import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Behaviour, type DriverBed, driverBed, pidsOf } from '../../../deploy/driver-bed.ts'
import type { Deployment, ServableSpec } from '../../../deploy/index.ts'
import {
  createOnDemandServables,
  type OnDemandOptions,
  type OnDemandServables,
} from './on-demand-servables.ts'

export interface OnDemandBed extends OnDemandServables {
  readonly bed: DriverBed
  readonly sizesFile: string
  /** Deploys a servable of this name. */
  readonly deploy: (name: string, behaviour?: Behaviour, changes?: Partial<ServableSpec>) => Deployment
  /** Waits for it as a request does. */
  readonly wake: (name: string, isBackground?: boolean) => Promise<void>
  readonly figure: (name: string) => number
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} }

/** Servables that are real processes, and a budget of so many of them. */
export async function onDemandBed(
  t: TestContext,
  budgetBytes: number,
  options: Partial<OnDemandOptions> & { readonly dataFolder?: string } = {},
): Promise<OnDemandBed> {
  const { dataFolder, ...others } = options
  // The driver's folder goes with the driver.
  const opened: OnDemandServables[] = []
  t.after(() => Promise.all(opened.map(({ driver }) => driver.close(100))))
  const bed = await driverBed(t, dataFolder === undefined ? {} : { dataFolder })
  const sizesFile = join(bed.dataFolder, 'sizes.json')
  const onDemand = await createOnDemandServables({
    driver: bed.driver,
    budgetBytes,
    sizesFile,
    log: quiet,
    measureMs: 20,
    firstRetryMs: 50,
    ...others,
  })
  opened.push(onDemand)
  return {
    driver: onDemand.driver,
    demand: onDemand.demand,
    figures: onDemand.figures,
    bed,
    sizesFile,
    deploy: (name, behaviour, changes) =>
      onDemand.driver.deploy(
        bed.spec(behaviour, {
          name,
          modelName: name,
          ...changes,
          environment: { ...BALLAST, ...changes?.environment },
        }),
      ),
    wake: async (name, isBackground = false) =>
      onDemand.demand.wake(name, { isBackground, signal: AbortSignal.timeout(30_000) }),
    figure: name => {
      for (const { name: given, read } of onDemand.figures)
        if (given === `millrace_servable_memory_${name}`) for (const { value } of read()) return value
      throw new Error(`there is no figure ${name}`)
    },
  }
}

/** What processes of the tests hold, so that they differ little in size. */
const BALLAST = { BALLAST: '120' }

let one: Promise<number> | undefined

/** What one process of the tests takes. */
export function measureOne(t: TestContext): Promise<number> {
  return (one ??= measure(t))
}

async function measure(t: TestContext): Promise<number> {
  const { driver, spec } = await driverBed(t)
  const deployment = driver.deployAsleep!(spec({}, { environment: BALLAST }))
  await deployment.wake()
  return deployment.usedBytes()
}

/** How often it was started, by what its log says. */
export const startsOf = async (deployment: Deployment): Promise<number> => (await pidsOf(deployment)).length

export const readSizes = async (path: string): Promise<object> =>
  JSON.parse(await readFile(path, 'utf8')) as object
