import { ActionIcon, Badge, Group, Menu, Stack, Tooltip } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { use } from 'react'
import type { VariantJson } from '../api/application-json.ts'
import { servablesQuery, versionsQuery } from '../api/queries.ts'
import { useVersionsById } from '../models/use-version.ts'
import { VersionLink } from '../models/version-link.tsx'
import { versionName } from '../models/version-names.ts'
import { DotsIcon, UpgradeIcon } from '../parts/icons.tsx'
import { MenuItemLink } from '../parts/links.tsx'
import { StatusBadge } from '../parts/status-badge.tsx'
import { GraphContext } from './graph-context.ts'
import { upgradeOf } from './upgrade-of.ts'

export interface VariantBoxProps {
  readonly variant: VariantJson
  readonly stage: number
  /** Among the variants of its stage, from 0. */
  readonly place: number
}

/** A variant: its version, its share of the answers, how its servable is, and what can be done. */
export function VariantBox({ variant, stage, place }: VariantBoxProps) {
  const { modelVersionId, weight, servableName, deploymentConfigurationName } = variant
  const version = useVersionsById().get(modelVersionId)
  const { data: servables = [] } = useQuery(servablesQuery())
  const { data: versions = [] } = useQuery(versionsQuery())
  const { isUpgrading, upgrade } = use(GraphContext)
  const servable = servables.find(({ fullName }) => fullName === servableName)
  const newer = version && upgradeOf(version, versions)
  const label = newer === undefined ? '' : `Upgrade to ${versionName(newer)}`
  const toNewer = () => {
    if (newer !== undefined) upgrade({ stage, variant: place, versionId: newer.id })
  }
  return (
    <Stack gap={2}>
      <Group justify="space-between" gap={4} wrap="nowrap">
        <VersionLink version={version} id={modelVersionId} />
        <Group gap={2} wrap="nowrap">
          {newer !== undefined && (
            <Tooltip label={label}>
              <ActionIcon variant="light" aria-label={label} loading={isUpgrading} onClick={toNewer}>
                <UpgradeIcon />
              </ActionIcon>
            </Tooltip>
          )}
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={`More about ${version === undefined ? modelVersionId : versionName(version)}`}
              >
                <DotsIcon />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item disabled={newer === undefined} onClick={toNewer}>
                {newer === undefined ? 'No newer version' : label}
              </Menu.Item>
              {version !== undefined && (
                <>
                  <MenuItemLink
                    to="/models/$name/$version"
                    params={{ name: version.model.name, version: String(version.modelVersion) }}
                  >
                    Details
                  </MenuItemLink>
                  <MenuItemLink
                    to="/models/$name/$version/monitoring"
                    params={{ name: version.model.name, version: String(version.modelVersion) }}
                  >
                    Monitoring
                  </MenuItemLink>
                </>
              )}
              {servableName !== null && (
                <MenuItemLink to="/servables/$fullName" params={{ fullName: servableName }}>
                  Servable and its log
                </MenuItemLink>
              )}
            </Menu.Dropdown>
          </Menu>
        </Group>
      </Group>
      <Group gap={4} wrap="nowrap">
        <Badge
          variant="light"
          color="gray"
          tt="none"
          title={weight === 0 ? 'It gets every request, and never answers' : 'Its share of the answers'}
        >
          {weight === 0 ? 'shadow 0 %' : `${weight} %`}
        </Badge>
        <StatusBadge status={servable?.status ?? 'not deployed'} message={servable?.statusMessage ?? null} />
        {deploymentConfigurationName !== null && (
          <Badge variant="outline" color="gray" tt="none" title="Deployment configuration">
            {deploymentConfigurationName}
          </Badge>
        )}
      </Group>
    </Stack>
  )
}
