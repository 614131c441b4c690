import { runRoadstead } from './roadstead/program.ts'
import { processTerminal } from './roadstead/process-terminal.ts'

process.exitCode = await runRoadstead(process.argv.slice(2), processTerminal())
