// Calls one tool: node client.mjs CREDENTIAL TOOL ARGUMENTS [GUILD USER]. It needs zeromq only; see ../wire-protocol.md.
import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { setTimeout as pause } from "node:timers/promises"
import { Request } from "zeromq"

const [path, name, given, guildId, userId] = process.argv.slice(2)
const read = (file) => JSON.parse(readFileSync(file, "utf8"))
let credential, params
try {
  if (given === undefined) throw new Error("too few arguments")
  credential = read(path) // as `droasctl client add … --out FILE` wrote it
  params = { name, arguments: JSON.parse(given) }
} catch (error) {
  console.error(`usage: node client.mjs CREDENTIAL TOOL ARGUMENTS [GUILD USER], ARGUMENTS as JSON (${error.message})`)
  process.exit(1)
}
// One key for all tries: whatever gets lost on the way, the call is done once.
params._meta = { idempotencyKey: `${Date.now().toString(16).padStart(12, "0")}-${randomBytes(16).toString("hex")}` }
if (userId) params._meta.actor = { guildId, userId }
const frame = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params })

async function ask() {
  let serverKey
  try {
    serverKey = read(credential.beacon).server_key // of the mother that runs now
  } catch {
    return null
  }
  const socket = new Request({
    linger: 0,
    receiveTimeout: 2000,
    curvePublicKey: credential.public_key,
    curveSecretKey: credential.secret_key,
    curveServerKey: serverKey,
  })
  socket.connect(credential.endpoint)
  try {
    await socket.send(frame)
    return JSON.parse((await socket.receive()).toString())
  } catch {
    return null
  } finally {
    socket.close()
  }
}

let answer = null
for (let tries = 0; tries < 5; tries++) {
  answer = await ask()
  const wait = answer ? answer.error?.data?.retryAfterMs : 0
  if (wait === undefined) break
  await pause(wait)
}
if (!answer) {
  // Who is not admitted gets no answer, so nothing here can tell which of these it is.
  console.error(
    `no answer came from ${credential.endpoint}: no mother runs there, or this client is revoked ` +
      `(\`droasctl client list\`), or ${credential.beacon} does not hold that mother's key; ` +
      "whether the call was done can be asked for with calls/status",
  )
  process.exit(1)
}
console.log(JSON.stringify(answer.error ?? answer.result.structuredContent))
process.exit(answer.error || answer.result.isError ? 1 : 0)
