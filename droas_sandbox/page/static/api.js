// The control interface: JSON requests, and the stream of what happens.

/** A request was refused; `words` are the server's. */
export class Refusal extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

async function call(method, path, body) {
  const answer = await fetch(`/sandbox${path}`, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  let value = {};
  try {
    value = text ? JSON.parse(text) : {};
  } catch {
    value = { message: text.slice(0, 200) };
  }
  if (!answer.ok) throw new Refusal(answer.status, value.message ?? `the sandbox answered ${answer.status}`);
  return value;
}

export const api = {
  state: () => call("GET", "/state"),
  messages: (channel) => call("GET", `/channels/${channel}/messages?limit=100`),
  audit: (guild) => call("GET", `/audit/${guild}`),
  speak: (channel, author, content, replyTo) =>
    call("POST", `/channels/${channel}/messages`, {
      author_id: author,
      content,
      ...(replyTo ? { reply_to: replyTo } : {}),
    }),
  typing: (channel, user) => call("POST", `/channels/${channel}/typing`, { user_id: user }),
  addUser: (username, globalName) => call("POST", "/users", { username, global_name: globalName }),
  join: (guild, user) => call("PUT", `/guilds/${guild}/members/${user}`, {}),
  leave: (guild, user) => call("DELETE", `/guilds/${guild}/members/${user}`),
  dm: (user, bot) => call("POST", "/dms", { user_id: user, bot_id: bot }),
  faults: () => call("GET", "/faults"),
  addFault: (fault) => call("POST", "/faults", fault),
  clearFaults: () => call("DELETE", "/faults"),
  seed: (world) => call("POST", "/seed", world),
};

/** Follow what happens; `told` gets every event, `linked` whether the line is up. */
export function follow(told, linked) {
  const source = new EventSource("/sandbox/stream");
  source.onopen = () => linked(true);
  source.onerror = () => linked(false);
  source.onmessage = (event) => told(JSON.parse(event.data));
  addEventListener("pagehide", () => source.close());
}
