import { Button, Fieldset, Group, Stack, Text } from '@mantine/core'
import { emptyVariant, type StageDraft, type VariantDraft, weightSum } from './application-draft.ts'
import { VariantFields } from './variant-fields.tsx'

export interface StageFieldsProps {
  readonly stage: StageDraft
  /** From 1. */
  readonly number: number
  /** By key of stage or variant. */
  readonly problems: ReadonlyMap<string, string>
  /** Also what has not been filled in yet. */
  readonly showsAll: boolean
  readonly onChange: (stage: StageDraft) => void
  /** Absent: the only one, which has to stay. */
  readonly onRemove: (() => void) | undefined
}

/** One stage: variants that share its answers. */
export function StageFields({ stage, number, problems, showsAll, onChange, onRemove }: StageFieldsProps) {
  const { key, variants } = stage
  const setVariants = (variants: readonly VariantDraft[]) => onChange({ ...stage, variants })
  const problem = problems.get(key)
  return (
    <Fieldset legend={`Stage ${number}`}>
      <Stack gap="sm">
        {variants.map((variant, index) => (
          <VariantFields
            key={variant.key}
            variant={variant}
            name={`stage ${number}, variant ${index + 1}`}
            problem={showsAll ? problems.get(variant.key) : undefined}
            onChange={changed =>
              setVariants(variants.map(other => (other.key === variant.key ? changed : other)))
            }
            onRemove={
              variants.length === 1
                ? undefined
                : () => setVariants(variants.filter(other => other.key !== variant.key))
            }
          />
        ))}
        {problem !== undefined && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {problem}
          </Text>
        )}
        <Group>
          <Button
            variant="default"
            size="xs"
            aria-label={`Add variant to stage ${number}`}
            onClick={() => setVariants([...variants, emptyVariant(Math.max(0, 100 - weightSum(variants)))])}
          >
            Add variant
          </Button>
          {onRemove !== undefined && (
            <Button
              variant="subtle"
              color="red"
              size="xs"
              aria-label={`Remove stage ${number}`}
              onClick={onRemove}
            >
              Remove stage
            </Button>
          )}
        </Group>
      </Stack>
    </Fieldset>
  )
}
