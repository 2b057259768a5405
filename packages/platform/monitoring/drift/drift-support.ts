import type { ModelVersionRecord, SignatureField, Store } from '../../store/index.ts'

/** Whether a drift report can be made. */
export interface DriftSupport {
  readonly supported: boolean
  /** Why not. */
  readonly description: string
}

/** Fewer requests say too little. */
const REQUESTS_MIN = 400

export async function driftSupport(
  { id, signature }: ModelVersionRecord,
  store: Pick<Store, 'checks' | 'trainingUploads'>,
): Promise<DriftSupport> {
  const unsuitable = signature.inputs.filter(field => !isSuitable(field)).map(({ name }) => `'${name}'`)
  if (unsuitable.length > 0) {
    return no(`inputs must be single numbers or texts; ${unsuitable.join(', ')} cannot be compared`)
  }
  const count = await store.checks.count(id)
  if (count < REQUESTS_MIN) {
    return no(`${count} requests are known of the version; a report needs at least ${REQUESTS_MIN}`)
  }
  if ((await trainingDigest(store, id)) === undefined) {
    return no('there is no training data of the version; hand some in with /monitoring/profiles/batch')
  }
  return { supported: true, description: '' }
}

/** The training data that was taken last; `undefined` without any. */
export async function trainingDigest(
  { trainingUploads }: Pick<Store, 'trainingUploads'>,
  versionId: number,
): Promise<string | undefined> {
  const uploads = await trainingUploads.list(versionId)
  return uploads.findLast(({ status, payloadDigest }) => status === 'Success' && payloadDigest !== undefined)
    ?.payloadDigest
}

function no(description: string): DriftSupport {
  return { supported: false, description }
}

const NUMBERS_AND_TEXTS = /^DT_(?:STRING|BOOL|HALF|BFLOAT16|FLOAT|DOUBLE|U?INT(?:8|16|32|64))$/

/** One value for each request or row. */
function isSuitable(field: SignatureField): boolean {
  if ('subfields' in field || field.shape === null) return false
  const { dims } = field.shape
  const isScalar = dims.length === 0 || (dims.length === 1 && (dims[0] === 1 || dims[0] === -1))
  return isScalar && NUMBERS_AND_TEXTS.test(field.dtype)
}
