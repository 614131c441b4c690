import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { run, STAND_IN_START, start, untilGone, type Command, type Process } from './support/command.ts'
import { close, freePorts, isListening, listenOn } from './support/ports.ts'
import { temporaryFolder } from './support/temporary.ts'
import { until } from './support/until.ts'

/** A registry of its own, ready. */
async function started(...more: string[]) {
  const [port, storagePort] = await freePorts()
  const data = temporaryFolder()
  const command = start(['--port', String(port), '--data', data, ...more])
  await command.ready()
  return { command, port, storagePort, data, url: `http://localhost:${port}` }
}

/** The process that runs the registry, below the one that was started. */
function runnerOf(command: Command): Process {
  const runner = command.descendants().find(({ args }) => args.includes('stand-in/run.ts'))
  if (!runner) throw new Error('There is no runner')
  return runner
}

const workerds = (command: Command) => command.descendants().filter(({ args }) => args.includes('workerd'))

async function expectPortsFree(...ports: number[]): Promise<void> {
  for (const port of ports) await until(`port ${port} is free`, async () => !(await isListening(port)))
}

/** It could not start: status 1, one line on stderr, and nothing else. */
async function expectFailure(command: Command, line: string | RegExp): Promise<void> {
  expect(await command.exit).toEqual({ code: 1, signal: null })
  expect(command.stderr()).toMatch(/^[^\n]+\n$/)
  expect(command.stdout()).toBe('')
  if (typeof line === 'string') expect(command.stderr().trim()).toBe(line)
  else expect(command.stderr()).toMatch(line)
}

describe('ready', () => {
  test('says so, with the docker lines to type and where things lie', async () => {
    const { command, port, storagePort, data, url } = await started()
    expect(command.stdout()).toContain(`Roadstead is ready: ${url}\n`)
    for (const line of ['docker tag IMAGE', 'docker push', 'docker pull']) {
      expect(command.stdout()).toContain(`  ${line} localhost:${port}/admin/IMAGE:v1\n`)
    }
    expect(command.stdout()).toContain(`kept in ${data}; layers are fetched from http://localhost:${storagePort}.`)
    expect(command.stdout()).not.toContain('Warning')
    expect(command.stderr()).toBe('')
    expect((await fetch(`${url}/v2/`)).status).toBe(200)
  })

  test('warns when others can reach it', async () => {
    const { command } = await started('--host', '0.0.0.0', '--open')
    expect(command.stdout()).toContain('whoever reaches it can push, pull and delete')
    expect(command.stdout()).not.toContain('docker login')
  })

  test("shows the administrator's token once, and keeps it where only the user can read it", async () => {
    const first = await started('--host', '0.0.0.0')
    const file = join(first.data, 'admin-token')
    const token = readFileSync(file, 'utf8').trim()
    expect(token).toMatch(/^rdstp_[0-9A-Za-z]{54}$/)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(first.command.stdout()).toContain(`docker login localhost:${first.port} -u admin\n`)
    expect(first.command.stdout()).toContain(`\n  ${token}\n`)
    expect(first.command.stdout()).not.toContain('Warning')
    first.command.child.kill('SIGINT')
    await first.command.exit

    chmodSync(file, 0o644) // as a careless copy has it
    const again = start(['--port', String(first.port), '--data', first.data])
    await again.ready()
    expect(again.stdout()).not.toContain(token)
    expect(again.stdout()).toContain(`The administrator's token is in ${file}.\n`)
    expect(readFileSync(file, 'utf8').trim()).toBe(token)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test.each(['--open', 'ADMIN_TOKEN'])("with %s there is no administrator's token to keep", async (how) => {
    const [port] = await freePorts()
    const data = temporaryFolder()
    const env = how === '--open' ? {} : { ADMIN_TOKEN: 'a token that the operator has chosen for it' }
    const command = start(['--port', String(port), '--data', data, ...(how === '--open' ? ['--open'] : [])], { env })
    await command.ready()
    expect(existsSync(join(data, 'admin-token'))).toBe(false)
    expect(command.stdout()).not.toContain('token')
  })

  test('console output and faults of the Worker go to stderr, requests to nowhere', async () => {
    const { command, url } = await started()
    expect((await fetch(`${url}/v2/`)).status).toBe(200)
    expect((await fetch(`${url}/fail`)).status).toBe(500)
    await until('the fault', () => command.stderr().includes('failed on purpose'))
    expect(command.stderr()).toContain('about to fail\n')
    expect(command.stderr()).not.toContain('\u001b')
    expect(command.stdout()).not.toContain('/v2/')
  })
})

test('src/node/start.ts runs the real Worker', async () => {
  const [port] = await freePorts()
  const program = join(import.meta.dirname, '../../src/node/start.ts')
  const data = temporaryFolder()
  const args = ['--port', String(port), '--data', data]
  const command = run(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args])
  await command.ready()
  const base = `http://localhost:${port}/v2/`
  expect((await fetch(base)).status).toBe(401)
  const login = btoa(`admin:${readFileSync(join(data, 'admin-token'), 'utf8').trim()}`)
  const response = await fetch(base, { headers: { Authorization: `Basic ${login}` } })
  expect(await response.json()).toEqual({})
  expect(response.headers.get('Docker-Distribution-Api-Version')).toBe('registry/2.0')
  command.child.kill('SIGINT')
  expect((await command.exit).code).toBe(0)
  expect(command.stderr()).toBe('')
})

describe('what is in the way is said in one line', () => {
  test('--help is not', async () => {
    const command = start(['--help'])
    expect((await command.exit).code).toBe(0)
    expect(command.stdout()).toContain('--storage-port NUMBER')
  })

  test('an unknown option', async () => {
    await expectFailure(start(['--prot', '1']), "Cannot read the options: Unknown option '--prot' (see --help)")
  })

  test.each(['--port', '--storage-port'])('a taken port: %s', async (option) => {
    const other = createServer()
    onTestFinished(() => close(other))
    const taken = String(await listenOn(other))
    const args = ['--port', '0', '--storage-port', '0', '--data', temporaryFolder()]
    const line = `Cannot listen on port ${taken}: it is taken (choose another: ${option})`
    await expectFailure(start([...args, option, taken]), line)
  })

  test('a data folder in use', async () => {
    const { data } = await started()
    const line = `Cannot use data folder "${data}": it is in use by another Roadstead (choose another: --data)`
    await expectFailure(start(['--port', '0', '--data', data]), line)
  })

  test('a data folder that cannot be written', async () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    const line = `Cannot use data folder "${file}/data": it cannot be written (ENOTDIR)`
    await expectFailure(start(['--port', '0', '--data', `${file}/data`]), line)
  })

  const S3 = { S3_BUCKET: 'images', S3_ACCESS_KEY_ID: 'id', S3_SECRET_ACCESS_KEY: 'secret' }

  test('a missing variable', async () => {
    const command = start(['--s3-endpoint', 'http://127.0.0.1:1'], { env: { ...S3, S3_SECRET_ACCESS_KEY: '' } })
    const line = 'Cannot use storage "http://127.0.0.1:1": S3_SECRET_ACCESS_KEY is not set in the environment'
    await expectFailure(command, line)
  })

  test('a storage that cannot be reached', async () => {
    const [port] = await freePorts()
    const endpoint = `http://127.0.0.1:${port}`
    const command = start(['--port', '0', '--data', temporaryFolder()], { env: { ...S3, S3_ENDPOINT: endpoint } })
    await expectFailure(command, `Cannot reach storage "${endpoint}": the connection is refused`)
  })
})

describe('the end', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s: status 0, and nothing is left', async (signal) => {
    const { command, port, storagePort } = await started()
    const processes = command.descendants()
    expect(workerds(command)).toHaveLength(2)
    command.child.kill(signal)
    expect(await command.exit).toEqual({ code: 0, signal: null })
    await untilGone(processes)
    await expectPortsFree(port, storagePort)
    expect(command.stderr()).toBe('')
  })

  test('two signals of one press are one: npm passes on what the terminal has sent already', async () => {
    const { command } = await started()
    process.kill(runnerOf(command).pid, 'SIGSTOP') // so that it is still there for the second one
    command.child.kill('SIGINT')
    await delay(50)
    command.child.kill('SIGINT')
    await delay(50)
    process.kill(runnerOf(command).pid, 'SIGCONT')
    expect(await command.exit).toEqual({ code: 0, signal: null })
  })

  test('Ctrl-C before it is ready', async () => {
    const command = start(['--port', '0', '--data', temporaryFolder()])
    await until('the runner', () => command.descendants().some(({ args }) => args.includes('stand-in/run.ts')))
    const processes = command.descendants()
    command.child.kill('SIGINT')
    expect((await command.exit).code).toBe(0)
    await untilGone(processes)
  })

  test('a second Ctrl-C does not wait', async () => {
    const { command } = await started()
    const processes = command.descendants()
    process.kill(runnerOf(command).pid, 'SIGSTOP') // it will not stop by itself
    command.child.kill('SIGINT')
    await delay(1_000)
    command.child.kill('SIGINT')
    expect(await command.exit).toEqual({ code: 130, signal: null })
    await untilGone(processes)
  })

  test('a runner that does not stop is killed', async () => {
    const { command, port } = await started()
    const processes = command.descendants()
    process.kill(runnerOf(command).pid, 'SIGSTOP')
    command.child.kill('SIGINT')
    expect(await command.exit).toEqual({ code: 0, signal: null })
    await untilGone(processes)
    await expectPortsFree(port)
  })

  test('kill -9 of the command: its children end, and it can be started again at once', async () => {
    const { command, port, storagePort, data, url } = await started()
    await fetch(`${url}/kv/tag`, { method: 'PUT', body: 'value' })
    const processes = command.descendants()
    command.child.kill('SIGKILL')
    await command.exit

    const again = start(['--port', String(port), '--data', data])
    await again.ready()
    await untilGone(processes)
    expect(await (await fetch(`${url}/kv/tag`)).text()).toBe('value')
    again.child.kill('SIGINT')
    await again.exit
    await expectPortsFree(port, storagePort)
  })

  test('kill -9 of the registry process: status 1 and a line, nothing is left', async () => {
    const { command, port, storagePort } = await started()
    const processes = command.descendants()
    process.kill(runnerOf(command).pid, 'SIGKILL')
    await expect(command.exit).resolves.toEqual({ code: 1, signal: null })
    expect(command.stderr()).toBe("Cannot go on: the registry's process ended (SIGKILL)\n")
    await untilGone(processes)
    await expectPortsFree(port, storagePort)
  })

  test('kill -9 of every node process: workerd ends all the same', async () => {
    const { command, port } = await started()
    const processes = command.descendants()
    const runner = runnerOf(command)
    command.child.kill('SIGSTOP') // so that it cannot act on the runner's end
    process.kill(runner.pid, 'SIGKILL')
    await untilGone(processes.filter(({ pid }) => pid !== runner.pid))
    command.child.kill('SIGKILL')
    await expectPortsFree(port)
  })
})

const has = (program: string) => spawnSync(program, ['--version'], { shell: process.platform === 'win32' }).status === 0

/** dash stays between npm and the command, bash gives way to it. */
describe.runIf(has('npm')).each(['sh', 'bash'].filter((shell) => shell === 'sh' || has(shell)))(
  'under npm with %s',
  (shell) => {
    async function npmStart() {
      const [port] = await freePorts()
      const cwd = temporaryFolder()
      const scripts = { start: `node --disable-warning=ExperimentalWarning ${STAND_IN_START}` }
      writeFileSync(join(cwd, 'package.json'), JSON.stringify({ private: true, scripts }))
      const env = { npm_config_script_shell: shell, npm_config_loglevel: 'error' }
      const command = run('npm', ['start', '--', '--port', String(port)], { cwd, env, detached: true })
      await command.ready()
      return { command, port }
    }

    test('Ctrl-C in the terminal, which npm may pass on once more, is one Ctrl-C: a clean stop', async () => {
      const { command, port } = await npmStart()
      const processes = command.descendants()
      process.kill(-(command.child.pid ?? 0), 'SIGINT')
      await command.exit
      expect(command.stderr()).toBe('') // npm would complain of a status that is not 0
      await untilGone(processes)
      await expectPortsFree(port)
    })

    test.each(['SIGTERM', 'SIGKILL'] as const)('%s of npm alone ends all', async () => {
      const { command, port } = await npmStart()
      const processes = command.descendants()
      command.child.kill('SIGKILL')
      await untilGone(processes)
      await expectPortsFree(port)
    })
  },
)
