import type { DeploymentConfigurationRecord } from '../../store/index.ts'

/** The configuration of servables for which none is named. It has no row in the store. */
export const DEFAULT_CONFIGURATION = 'hydrosphere_manager_default'

/** As clients see it: `null` where nothing is said. `undefined` is the platform's default, which says nothing. */
export function configurationView(configuration: DeploymentConfigurationRecord | undefined) {
  const { container, pod, deployment, hpa } = configuration?.settings ?? {}
  const resources = container?.resources
  return {
    name: configuration?.name ?? DEFAULT_CONFIGURATION,
    container: container
      ? {
          resources: resources
            ? { limits: resources.limits ?? null, requests: resources.requests ?? null }
            : null,
          env: container.env ?? null,
        }
      : null,
    pod: pod
      ? {
          nodeSelector: pod.nodeSelector ?? null,
          affinity: pod.affinity ?? null,
          tolerations: pod.tolerations.map(({ key, operator, value, effect, tolerationSeconds }) => ({
            key: key ?? null,
            operator,
            value: value ?? null,
            effect: effect ?? null,
            tolerationSeconds: tolerationSeconds ?? null,
          })),
        }
      : null,
    deployment: deployment ?? null,
    hpa: hpa ? { ...hpa, cpuUtilization: hpa.cpuUtilization ?? null } : null,
  }
}
