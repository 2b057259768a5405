import { setImmediate as nextTurn } from 'node:timers/promises'
import { ServingError } from '@millrace/sdk'
import type { ModelVersionRecord, SignatureTensor, Store } from '../../store/index.ts'
import { createCallSlots } from '../checks/call-slots.ts'
import { type DriftSupport, driftSupport, trainingDigest } from './drift-support.ts'
import { categoricalReport, type FeatureReport, numericReport } from './feature-report.ts'
import { CELL_LENGTH_MAX, sampleTraining, type TrainingSample } from './training-sample.ts'

/** How the inputs of a version differ from its training data, as clients see it. */
export interface DriftReport {
  /** Mean of those of the inputs. */
  readonly overall_probability_drift: number
  readonly per_feature_report: Readonly<Record<string, FeatureReport>>
  readonly warnings: { readonly final_decision: string; readonly report: readonly string[] }
}

/** Compares what versions are asked with what they were trained with. */
export interface DriftReports {
  readonly support: (version: ModelVersionRecord) => Promise<DriftSupport>
  /**
   * One after the other; who asks for the same meanwhile gets the same. Rejects FAILED_PRECONDITION where there can be none,
   * RESOURCE_EXHAUSTED while too many are waiting, DEADLINE_EXCEEDED for training data that takes too long to read.
   */
  readonly report: (version: ModelVersionRecord) => Promise<DriftReport>
}

type DriftStore = Pick<Store, 'checks' | 'trainingUploads' | 'payloads'>

const SAMPLE_SIZE = 2_000
const WARN_ABOVE = 0.75
const READ_TIMEOUT_MS = 120_000
const WAITING_MAX = 16
const PARSED_A_TURN = 50
/** Numbers with so few different values are categories, whatever their tag. */
const CATEGORY_SHARE = 0.05
const CATEGORY_COUNT = 20

export function createDriftReports(store: DriftStore, random: () => number = Math.random): DriftReports {
  const slots = createCallSlots(1)
  const running = new Map<number, Promise<DriftReport>>()
  const make = async (version: ModelVersionRecord) => {
    const { supported, description } = await driftSupport(version, store)
    if (!supported) throw new ServingError('FAILED_PRECONDITION', description)
    return makeReport(version, store, random)
  }
  return {
    support: version => driftSupport(version, store),
    report(version) {
      const known = running.get(version.id)
      if (known !== undefined) return known
      if (running.size >= WAITING_MAX) {
        const refusal = new ServingError(
          'RESOURCE_EXHAUSTED',
          `${WAITING_MAX} drift reports are being made`,
          {
            retryAfterMs: 10_000,
          },
        )
        return Promise.reject(refusal)
      }
      const report = slots.run(() => make(version)).finally(() => running.delete(version.id))
      running.set(version.id, report)
      return report
    },
  }
}

async function makeReport(
  { id, signature }: ModelVersionRecord,
  store: DriftStore,
  random: () => number,
): Promise<DriftReport> {
  // Inputs of other kinds are not supported.
  const inputs = signature.inputs as readonly SignatureTensor[]
  const names = inputs.map(({ name }) => name)
  const timeout = AbortSignal.timeout(READ_TIMEOUT_MS)
  const bytes = await store.payloads.open((await trainingDigest(store, id))!)
  let training: TrainingSample
  try {
    training = await sampleTraining(bytes as AsyncIterable<Uint8Array>, names, {
      size: SAMPLE_SIZE,
      random,
      signal: timeout,
    })
  } catch (error) {
    if (!timeout.aborted) throw error
    throw new ServingError(
      'DEADLINE_EXCEEDED',
      `the training data could not be read within ${READ_TIMEOUT_MS / 1000} s; it is too large for a report`,
    )
  } finally {
    bytes.destroy()
  }
  const deployment = await sampleRequests(store, id, names)
  const reports: [string, FeatureReport][] = []
  const warnings: string[] = []
  for (const input of inputs) {
    const report = featureReport(input, training, deployment.get(input.name)!)
    if (typeof report === 'string') {
      warnings.push(`${input.name}: ${report}`)
      continue
    }
    reports.push([input.name, report])
    if (report['drift-probability'] > WARN_ABOVE) warnings.push(`${input.name} has drifted`)
    await nextTurn()
  }
  const sum = reports.reduce((total, [, report]) => total + report['drift-probability'], 0)
  const overall = reports.length === 0 ? 0 : sum / reports.length
  const isDrifting = overall > WARN_ABOVE
  return {
    overall_probability_drift: overall,
    per_feature_report: Object.fromEntries(reports),
    warnings: {
      final_decision: isDrifting
        ? 'the data differs from that of training'
        : 'the data as a whole is as it was in training',
      report: warnings,
    },
  }
}

/** Values of the inputs in some of the requests that were answered. */
async function sampleRequests(
  { checks }: Pick<Store, 'checks'>,
  versionId: number,
  names: readonly string[],
): Promise<ReadonlyMap<string, readonly unknown[]>> {
  const values = new Map<string, unknown[]>(names.map(name => [name, []]))
  for (const [index, { document }] of (await checks.sample(versionId, SAMPLE_SIZE)).entries()) {
    if (index % PARSED_A_TURN === 0) await nextTurn()
    const fields = JSON.parse(document) as Readonly<Record<string, unknown>>
    for (const name of names) {
      const value = Object.hasOwn(fields, name) ? fields[name] : null
      // Of a batch every row counts.
      if (Array.isArray(value)) values.get(name)!.push(...(value as readonly unknown[]))
      else values.get(name)!.push(value)
    }
  }
  return new Map(Array.from(values, ([name, all]) => [name, all.filter(value => value !== null)]))
}

/** A text says why there is no report. */
function featureReport(
  { name, dtype, profile }: SignatureTensor,
  training: TrainingSample,
  asked: readonly unknown[],
): FeatureReport | string {
  const cells = training.values.get(name)
  if (cells === undefined) return 'the training data has no column of this name'
  const known = training.categories.get(name)
  if (dtype === 'DT_STRING' || dtype === 'DT_BOOL') {
    if (cells.length === 0 || asked.length === 0) return 'there are no values to compare'
    const texts = asked.map(value => String(value).slice(0, CELL_LENGTH_MAX))
    if (dtype === 'DT_STRING') return categoricalReport(cells, texts, known)
    return categoricalReport(cells.map(toTruth), texts, setOf(known, toTruth))
  }
  const numbers = Float64Array.from(cells, Number).filter(Number.isFinite)
  const askedNumbers = Float64Array.from(asked, Number).filter(Number.isFinite)
  if (numbers.length < 2 || askedNumbers.length < 2) return 'there are too few numbers to compare'
  const distinctCount = new Set(numbers).size
  const isFew = distinctCount <= CATEGORY_COUNT && distinctCount <= CATEGORY_SHARE * numbers.length
  if (!isFew && !/^(?:CATEGORICAL|NOMINAL|ORDINAL)$/.test(profile))
    return numericReport(numbers, askedNumbers)
  return categoricalReport(
    Array.from(numbers, String),
    Array.from(askedNumbers, String),
    setOf(known, toNumber),
  )
}

function setOf(
  cells: ReadonlySet<string> | undefined,
  read: (cell: string) => string,
): ReadonlySet<string> | undefined {
  return cells === undefined ? undefined : new Set(Array.from(cells, read))
}

function toNumber(cell: string): string {
  return String(Number(cell))
}

/** As documents say it. */
function toTruth(cell: string): string {
  return String(/^(?:true|1|1\.0)$/i.test(cell))
}
