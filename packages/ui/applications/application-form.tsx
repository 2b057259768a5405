import { Button, Group, Stack, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { ApplicationJson } from '../api/application-json.ts'
import { saveApplication } from '../api/commands.ts'
import { applicationsQuery, KEYS } from '../api/queries.ts'
import { Problem } from '../parts/problem.tsx'
import { tell } from '../parts/tell.ts'
import {
  type ApplicationDraft,
  bodyOf,
  emptyStage,
  NAME_LENGTH_MAX,
  problemsOf,
  type StageDraft,
} from './application-draft.ts'
import { StageFields } from './stage-fields.tsx'

export interface ApplicationFormProps {
  readonly initial: ApplicationDraft
  readonly onSaved: (application: ApplicationJson) => void
}

/** Creates an application, or changes one. */
export function ApplicationForm({ initial, onSaved }: ApplicationFormProps) {
  const [draft, setDraft] = useState(initial)
  const [isSent, setSent] = useState(false)
  const { data: applications = [] } = useQuery(applicationsQuery())
  const problems = problemsOf(
    draft,
    applications.map(({ name }) => name),
  )
  const client = useQueryClient()
  const isNew = draft.id === undefined
  const saving = useMutation({
    mutationFn: () => saveApplication(bodyOf(draft)),
    onSuccess: async saved => {
      await client.invalidateQueries({ queryKey: KEYS.applications })
      tell(
        isNew
          ? `application ${saved.name} is created`
          : `application ${saved.name} changes as soon as what is new is ready`,
      )
      onSaved(saved)
    },
  })
  const setStages = (change: (stages: readonly StageDraft[]) => readonly StageDraft[]) =>
    setDraft(draft => ({ ...draft, stages: change(draft.stages) }))
  return (
    <form
      noValidate
      onSubmit={event => {
        event.preventDefault()
        setSent(true)
        if (problems.isFine) saving.mutate()
      }}
    >
      <Stack maw={820}>
        <TextInput
          label="Name"
          required
          readOnly={!isNew}
          description={isNew ? "Latin letters, digits, '-' and '_'" : 'It keeps its name'}
          maxLength={NAME_LENGTH_MAX + 1}
          value={draft.name}
          error={isSent || draft.name !== '' ? problems.name : undefined}
          onChange={({ currentTarget: { value } }) => setDraft(draft => ({ ...draft, name: value }))}
        />
        {draft.stages.map((stage, index) => (
          <StageFields
            key={stage.key}
            stage={stage}
            number={index + 1}
            problems={problems.byKey}
            showsAll={isSent}
            onChange={changed =>
              setStages(stages => stages.map(other => (other.key === stage.key ? changed : other)))
            }
            onRemove={
              draft.stages.length === 1
                ? undefined
                : () => setStages(stages => stages.filter(({ key }) => key !== stage.key))
            }
          />
        ))}
        {saving.error !== null && (
          <Problem title={isNew ? 'It was not created' : 'It was not changed'} error={saving.error} />
        )}
        <Group>
          <Button variant="default" onClick={() => setStages(stages => [...stages, emptyStage()])}>
            Add stage
          </Button>
          <Button type="submit" loading={saving.isPending}>
            {isNew ? 'Create' : 'Save'}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
