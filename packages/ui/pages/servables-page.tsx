import { PageTitle } from '../parts/page-title.tsx'
import { ServableTable } from '../servables/servable-table.tsx'

/** `/servables`: all that runs. */
export function ServablesPage() {
  return (
    <>
      <PageTitle title="Servables" />
      <ServableTable />
    </>
  )
}
