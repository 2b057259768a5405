import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'
import { CommandFailure } from './command-failure.ts'
import { EXIT } from './exit-codes.ts'

type Variables = Readonly<Record<string, string | undefined>>

const SAMPLERS: Readonly<Record<string, (ratio: number) => Sampler>> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: ratio => new TraceIdRatioBasedSampler(ratio),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: ratio => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
}

/**
 * The sampler that `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` name (OpenTelemetry environment variable
 * specification, "General SDK Configuration"); every trace that its caller samples by default.
 * @throws CommandFailure for a name or a ratio that there is not
 */
export function traceSampler(variables: Variables): Sampler {
  const name = variables['OTEL_TRACES_SAMPLER'] || 'parentbased_always_on'
  const argument = variables['OTEL_TRACES_SAMPLER_ARG'] || '1'
  const create = Object.hasOwn(SAMPLERS, name) ? SAMPLERS[name] : undefined
  if (create === undefined) {
    const allowed = Object.keys(SAMPLERS).join(', ')
    throw new CommandFailure(`OTEL_TRACES_SAMPLER is '${name}'; allowed are ${allowed}`, EXIT.configuration)
  }
  const ratio = Number(argument)
  if (!(ratio >= 0 && ratio <= 1)) {
    throw new CommandFailure(
      `OTEL_TRACES_SAMPLER_ARG is '${argument}'; allowed is a number from 0 to 1`,
      EXIT.configuration,
    )
  }
  return create(ratio)
}
