import type { ManagerMethod } from '../grpc-method.ts'
import type { ManagerParts } from '../manager-parts.ts'
import type { Serving } from '../serving.ts'

/** The manager's and the discovery's services of both generations that have them, by full path. */
export async function managerMethods(
  parts: Pick<ManagerParts, 'store' | 'events' | 'signal'>,
  { servables }: Pick<Serving, 'servables'>,
): Promise<ReadonlyMap<string, ManagerMethod>> {
  // With them come all messages of the protocol, which only a manager needs.
  const [{ PROTOCOL_G2 }, { PROTOCOL_G3 }, { serviceMethods }, { discoveryMethods }] = await Promise.all([
    import('./protocol-g2.ts'),
    import('./protocol-g3.ts'),
    import('./service-methods.ts'),
    import('./discovery-methods.ts'),
  ])
  const methods = new Map(
    [PROTOCOL_G2, PROTOCOL_G3].flatMap(protocol => [
      ...serviceMethods(parts, servables, protocol),
      ...discoveryMethods(parts, protocol),
    ]),
  )
  // The only watch of the first releases of the second generation; its answers have the same numbers.
  methods.set(
    `${PROTOCOL_G2.discoveryService}/watch`,
    methods.get(`${PROTOCOL_G2.discoveryService}/WatchApplications`)!,
  )
  return methods
}
