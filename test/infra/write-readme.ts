import { INFRA } from './support/folders.ts'
import { writeReadme } from './support/readme-table.ts'

/** `npm run infra:docs`: the table of inputs and outputs in infra/README.md, from the HCL. */
await writeReadme(INFRA)
