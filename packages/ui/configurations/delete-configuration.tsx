import { deleteConfiguration } from '../api/commands.ts'
import { DeleteButton } from '../parts/delete-button.tsx'

export interface DeleteConfigurationProps {
  readonly name: string
  readonly size?: 'xs' | 'sm'
  readonly onDeleted?: () => void
}

/** Deletes a deployment configuration that nothing uses. */
export function DeleteConfiguration({ name, ...others }: DeleteConfigurationProps) {
  return (
    <DeleteButton
      {...others}
      what={`deployment configuration ${name}`}
      consequence="It is refused while an application or a servable uses it."
      onDelete={() => deleteConfiguration(name)}
    />
  )
}
