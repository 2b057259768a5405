import { ActionIcon, Group, NumberInput, Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { VersionJson } from '../api/model-json.ts'
import { versionsQuery } from '../api/queries.ts'
import { useConfigurationNames } from '../configurations/use-configuration-names.ts'
import { versionName } from '../models/version-names.ts'
import { TrashIcon } from '../parts/icons.tsx'
import type { VariantDraft } from './application-draft.ts'

export interface VariantFieldsProps {
  readonly variant: VariantDraft
  /** Told apart by this: "stage 1, variant 2". */
  readonly name: string
  readonly problem: string | undefined
  readonly onChange: (variant: VariantDraft) => void
  /** Absent: the only one of its stage. */
  readonly onRemove: (() => void) | undefined
}

/** Of a long list; the others are found by typing. */
const CHOICES_SHOWN = 100

/** A version, its weight, and how its servable runs. */
export function VariantFields({ variant, name, problem, onChange, onRemove }: VariantFieldsProps) {
  const { data: choices = [] } = useQuery({ ...versionsQuery(), select: choicesOf })
  const configurations = useConfigurationNames()
  return (
    <Group align="start" gap="xs">
      <Select
        label="Model version"
        aria-label={`Model version of ${name}`}
        placeholder={choices.length === 0 ? 'None is released yet' : 'Choose'}
        searchable
        limit={CHOICES_SHOWN}
        nothingFoundMessage="No released version of this name"
        data={choices}
        value={variant.versionId === undefined ? null : String(variant.versionId)}
        error={problem}
        onChange={id => onChange({ ...variant, versionId: id === null ? undefined : Number(id) })}
        style={{ flex: '2 1 200px' }}
      />
      <NumberInput
        label="Weight"
        aria-label={`Weight of ${name}`}
        min={0}
        max={100}
        allowDecimal={false}
        clampBehavior="none"
        value={variant.weight ?? ''}
        onChange={weight => onChange({ ...variant, weight: weight === '' ? undefined : Number(weight) })}
        w={100}
      />
      <Select
        label="Configuration"
        aria-label={`Deployment configuration of ${name}`}
        placeholder="Default"
        clearable
        clearButtonProps={{ 'aria-label': `Clear the deployment configuration of ${name}` }}
        data={configurations}
        value={variant.configuration}
        onChange={configuration => onChange({ ...variant, configuration })}
        style={{ flex: '1 1 150px' }}
      />
      {onRemove !== undefined && (
        <ActionIcon variant="subtle" color="red" mt={28} aria-label={`Remove ${name}`} onClick={onRemove}>
          <TrashIcon />
        </ActionIcon>
      )}
    </Group>
  )
}

function choicesOf(versions: readonly VersionJson[]) {
  return versions
    .filter(({ status, isExternal }) => status === 'Released' && !isExternal)
    .toSorted((a, b) => a.model.name.localeCompare(b.model.name) || b.modelVersion - a.modelVersion)
    .map(version => ({ value: String(version.id), label: versionName(version) }))
}
