import { type BaseModel, type BoundModel, bindModel, type LoadContext } from '@millrace/sdk'
import { loadImplementation, type ModelVersionSettings, placementOf } from '../repository/index.ts'
import {
  type Environments,
  type LoadedCopies,
  type LoadedMemory,
  measureGrowth,
  type RemoteModel,
  statedBytes,
  type WorkerPools,
} from '../workers/index.ts'
import type { PlacementMemory, Recollection } from './placement-memory.ts'
import { createTurns, type Turns } from './turns.ts'
import { trialRequest, warmUp, warmUpContext } from './warm-up.ts'

/** Where a model runs, and why there. */
export interface Placement {
  readonly place: 'server' | 'worker'
  readonly reason: string
  /** What one answer took at load, without the way to a worker and back; `undefined` if it was not measured. */
  readonly answerMs: number | undefined
}

export interface PlacedModel {
  readonly bound: BoundModel
  readonly placement: Placement
  readonly memory: LoadedMemory
  /** Of a model that need not be on every worker; its memory is then that of one copy. */
  readonly copies?: LoadedCopies | null
  /** Gives back what the model needs while it is loaded; called after its unload. */
  readonly release?: () => Promise<void>
}

/** Where models can run. */
export interface Hosts {
  /** `null`: every model runs in the server's own thread. */
  readonly workers: Pick<WorkerPools, 'load' | 'kind'> | null
  readonly environments: Environments
  /** Where models come and go. Default: each load tries anew. */
  readonly placements?: PlacementMemory | undefined
}

/**
 * What a request's way to a worker and back takes. A model that answers sooner than this is better off in
 * the server's own thread; one that takes longer would keep everything else waiting there.
 */
const CROSSING_MS = 0.05

/** A load that keeps the thread busy for longer is not done a second time, in the server. */
const MAX_LOAD_BUSY_MS = 1000

/** Answers that are timed at most, after a first one: code gets quick only when it has run for a while. */
const TIMED_ANSWERS = 300
/**
 * What counts: the quicker quarter of the latest, when the model is as quick as it was found to get. Models that load in
 * the same worker meanwhile make the others slower than they are.
 */
const LATEST_ANSWERS = 25
/** Fewer say nothing. */
const LEAST_TIMED_ANSWERS = 3
/** A first answer this slow has decided already. */
const SLOW_ANSWER_MS = 20
/** How long a model may take for its trial in all. */
const TRIAL_MS = 60

/**
 * Loads a model where it should run, and warms it up. With workers, a model is loaded in one first, so
 * that whatever it does there holds nobody up; one that turns out quicker than the way to it is then
 * loaded in the server. The model's settings may say otherwise (`placement`), and what was found the last time is
 * not tried again where that is remembered (`placements`).
 */
export async function placeModel(
  settings: ModelVersionSettings,
  context: LoadContext,
  { workers, environments, placements }: Hosts,
): Promise<PlacedModel> {
  if (settings.placement !== 'worker' && (await placementOf(settings)) === 'server')
    return loadInEnvironment(settings, context, environments)
  if (workers === null)
    return loadHere(settings, context, 'the server has no workers (parallel_workers is 0)')
  if (!settings.allowsWorkers) return loadHere(settings, context, "the model's parallel_workers is 0 or less")
  if (settings.placement === 'server') return loadHere(settings, context, 'placement is server')

  const isTried = settings.placement === 'auto' && !hasPoolOfItsOwn(settings)
  const past = isTried ? await placements?.recall(settings) : undefined
  const rememberedMs = past?.answerMs
  if (past !== undefined && rememberedMs !== undefined && rememberedMs < CROSSING_MS) {
    const local = await loadRemembered(settings, context, rememberedMs, past)
    if (local !== null) return local
  }

  const { value: remote, grownBytes } = await measureGrowth(() => workers.load(settings, context))
  // Processes measure themselves; threads grow this one.
  const { statedBytes: stated, grownBytes: ofProcess } = remote.memory
  const memory = { statedBytes: stated, grownBytes: workers.kind === 'process' ? ofProcess : grownBytes }
  try {
    const bound = bindModel(remote)
    if (remote.isReady) await warmUp(bound, settings, context)
    const stays = (reason: string, answerMs?: number): PlacedModel => ({
      bound,
      placement: { place: 'worker', reason, answerMs },
      memory,
      copies: remote.copies,
    })
    if (settings.placement === 'worker') return stays('placement is worker')
    if (hasPoolOfItsOwn(settings)) return stays('its parameters name a pool or an environment')
    // However quick its answers, loading it again in the server would keep everything else waiting.
    if (remote.loadBusyMs > MAX_LOAD_BUSY_MS)
      return stays(`its load keeps a thread busy for ${Math.round(remote.loadBusyMs)} ms`)
    if (rememberedMs !== undefined && rememberedMs >= CROSSING_MS) {
      past?.keep(rememberedMs)
      return stays(`remembered: ${reasonFor(rememberedMs)}`, rememberedMs)
    }
    const answerMs = await trialsOf(workers).take(context.signal, () =>
      timeAnswers(remote, bound, settings, context),
    )
    if (answerMs === undefined) return stays('its answers could not be timed with an example')
    const reason = reasonFor(answerMs)
    if (answerMs >= CROSSING_MS) {
      past?.keep(answerMs)
      return stays(reason, answerMs)
    }
    const local = await loadHere(settings, context, reason, answerMs).catch((error: unknown) => {
      context.log.warn('it loads in a worker but not in the server, so it stays there', { error })
      return null
    })
    if (local === null) return stays('it does not load in the server', answerMs)
    past?.keep(answerMs)
    await letGo(remote, context)
    return local
  } catch (error) {
    await letGo(remote, context)
    throw error
  }
}

/**
 * Loads a model in the server that has loaded and answered there before. One whose load has become slow is tried in a
 * worker the next time; `null` for one that does not load any more, and is to be tried at once.
 */
async function loadRemembered(
  settings: ModelVersionSettings,
  context: LoadContext,
  answerMs: number,
  past: Recollection,
): Promise<PlacedModel | null> {
  const startedMs = performance.now()
  try {
    const local = await loadHere(settings, context, `remembered: ${reasonFor(answerMs)}`, answerMs)
    if (performance.now() - startedMs <= MAX_LOAD_BUSY_MS) past.keep(answerMs)
    return local
  } catch (error) {
    context.signal.throwIfAborted()
    context.log.warn('it does not load in the server any more, so it is tried anew', { error })
    return null
  }
}

function reasonFor(answerMs: number): string {
  const than = answerMs < CROSSING_MS ? 'sooner' : 'longer'
  return `it answers in ${answerMs.toFixed(3)} ms, ${than} than the way to a worker (${CROSSING_MS} ms)`
}

/** What the unload of a model that will not serve throws decides nothing, and must not hide why it is let go. */
async function letGo(model: BaseModel, { log }: LoadContext): Promise<void> {
  try {
    await model.unload?.()
  } catch (error) {
    log.error('its unload failed where it was tried', { error })
  }
}

/** A runtime with processes of its own; they find what they need in the model's environment. */
async function loadInEnvironment(
  settings: ModelVersionSettings,
  context: LoadContext,
  environments: Environments,
): Promise<PlacedModel> {
  const reason = 'its runtime works in processes of its own'
  const environment = await environments.acquire(settings, context.signal)
  if (environment === null) return loadHere(settings, context, reason)
  const parameters = { ...settings.parameters, environment_path: environment.folder }
  const release = () => environments.release(environment)
  try {
    return { ...(await loadHere({ ...settings, parameters }, context, reason)), release }
  } catch (error) {
    await release()
    throw error
  }
}

async function loadHere(
  settings: ModelVersionSettings,
  context: LoadContext,
  reason: string,
  answerMs?: number,
): Promise<PlacedModel> {
  const Implementation = await loadImplementation(settings)
  const model = new Implementation(settings)
  const { value: isReady, grownBytes } = await measureGrowth(async () => model.load?.(context))
  if (isReady === false) model.isReady = false
  try {
    const bound = bindModel(model)
    if (model.isReady) await warmUp(bound, settings, context)
    const memory = { statedBytes: statedBytes(model), grownBytes }
    return { bound, placement: { place: 'server', reason, answerMs }, memory }
  } catch (error) {
    await letGo(model, context)
    throw error
  }
}

function hasPoolOfItsOwn({ parameters }: ModelVersionSettings): boolean {
  return [
    'environment_path',
    'environment_tarball',
    'inference_pool_gid',
    'autogenerate_inference_pool_gid',
  ].some(name => Boolean(parameters[name]))
}

/** Models load side by side; their trials would make each other slow, so that each server has them one at a time. */
const TRIALS = new WeakMap<object, Turns>()

function trialsOf(workers: object): Turns {
  const trials = TRIALS.get(workers) ?? createTurns()
  TRIALS.set(workers, trials)
  return trials
}

/** What an answer to a request that fits the model takes, undisturbed; `undefined` if it has none. */
async function timeAnswers(
  remote: RemoteModel,
  bound: BoundModel,
  settings: ModelVersionSettings,
  context: LoadContext,
): Promise<number | undefined> {
  if (!remote.isReady) return undefined
  try {
    const times: number[] = []
    let totalMs = 0
    for (let answer = 0; answer <= TIMED_ANSWERS; answer++) {
      // Made anew each time: large inputs are used up by going to a worker.
      const request = await trialRequest(bound, settings)
      if (request === null) return undefined
      await bound.predict(request, warmUpContext(context))
      const answerMs = remote.latestAnswerMs ?? Number.POSITIVE_INFINITY
      if (answer > 0) times.push(answerMs)
      else if (answerMs > SLOW_ANSWER_MS) return answerMs
      totalMs += answerMs
      if (totalMs > TRIAL_MS && times.length >= LEAST_TIMED_ANSWERS) break
    }
    const latest = times.slice(-LATEST_ANSWERS).toSorted((a, b) => a - b)
    return latest[Math.floor(latest.length / 4)]
  } catch (error) {
    // An example need not be a request that the model likes; only declared warm-up requests must succeed.
    context.log.debug('the model does not answer an example of its contract', { error })
    return undefined
  }
}
