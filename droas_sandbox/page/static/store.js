// What the page knows, and how what happens changes it. No element is touched here.

const TYPING_MS = 9000;
const KEPT_MESSAGES = 400;
const KEPT_LINES = 400;

/** Give the milliseconds at which a snowflake was made. */
export function madeAt(id) {
  return Number(BigInt(id) >> 22n) + 1420070400000;
}

export class Store extends EventTarget {
  constructor() {
    super();
    this.users = new Map();
    this.guilds = new Map();
    this.bots = new Map();
    this.dms = new Map();
    this.messages = new Map(); // by channel, oldest first; only channels that were opened
    this.lines = new Map(); // by guild: what moderators did, who came and went
    this.typing = new Map(); // by channel: user -> until when
    this.unread = new Set();
    this.place = { guild: null, channel: null };
    this.author = null;
    this.linked = false;
    this.loaded = false;
  }

  /** Tell that something changed: world, place, messages, message, lines, members, typing, bots, unread. */
  tell(topic, detail = {}) {
    this.dispatchEvent(new CustomEvent(topic, { detail }));
  }

  on(topics, run) {
    for (const topic of topics.split(" ")) this.addEventListener(topic, (event) => run(event.detail));
  }

  // --- the world -------------------------------------------------------------

  /** Take the whole state. */
  load(state) {
    this.users = new Map(state.users.map((user) => [user.id, user]));
    this.bots = new Map(state.bots.map((bot) => [bot.id, bot]));
    this.dms = new Map((state.dms ?? []).map((dm) => [dm.id, { ...dm, recipients: dm.recipients.map(idOf) }]));
    this.guilds = new Map(
      state.guilds.map((guild) => [
        guild.id,
        {
          ...guild,
          channels: new Map(guild.channels.map((channel) => [channel.id, channel])),
          members: new Map(guild.members.map((member) => [member.user_id, member])),
          bans: new Map(guild.bans.map((ban) => [ban.user_id, ban.reason])),
          roles: new Map(guild.roles.map((role) => [role.id, role])),
        },
      ]),
    );
    this.loaded = true;
    this.tell("world");
  }

  /** Forget what was said and done, because the world is another one. */
  forget() {
    for (const kept of [this.messages, this.lines, this.typing, this.unread]) kept.clear();
  }

  meet(user) {
    if (user?.id) this.users.set(user.id, { bot: false, ...this.users.get(user.id), ...user });
  }

  /** Give somebody with the name to be shown, in a guild when one is given. */
  person(id, guildId = this.place.guild) {
    const user = this.users.get(id) ?? { id, username: `unknown ${String(id).slice(-4)}`, bot: false };
    const nick = this.guilds.get(guildId)?.members.get(id)?.nick;
    return { ...user, name: nick || user.global_name || user.username };
  }

  get guild() {
    return this.guilds.get(this.place.guild) ?? null;
  }

  get channel() {
    return this.guild?.channels.get(this.place.channel) ?? this.dms.get(this.place.channel) ?? null;
  }

  guildOf(channelId) {
    return [...this.guilds.values()].find((guild) => guild.channels.has(channelId)) ?? null;
  }

  timedOutUntil(member) {
    const until = Date.parse(member?.communication_disabled_until ?? "");
    return until > Date.now() ? until : null;
  }

  // --- messages --------------------------------------------------------------

  loadMessages(channelId, messages) {
    for (const message of messages) this.meet(message.author);
    this.messages.set(channelId, messages);
    this.tell("messages", { channel: channelId });
  }

  message(channelId, id) {
    return this.messages.get(channelId)?.find((message) => message.id === id) ?? null;
  }

  putMessage(message) {
    this.meet(message.author);
    for (const user of message.mentions ?? []) this.meet(user);
    const kept = this.messages.get(message.channel_id);
    if (!kept) return;
    const known = kept.findIndex((one) => one.id === message.id);
    if (known >= 0) kept[known] = { ...kept[known], ...message };
    else kept.push({ edits: 0, deleted: false, ...message });
    if (kept.length > KEPT_MESSAGES) kept.shift();
    this.tell("message", { channel: message.channel_id, id: message.id, fresh: known < 0 });
  }

  editMessage(message) {
    const before = this.message(message.channel_id, message.id);
    if (before) this.putMessage({ ...message, edits: (before.edits ?? 0) + 1, editedAt: Date.now() });
  }

  deleteMessage({ channel_id, id, deleted_by, deleted_reason }) {
    const message = this.message(channel_id, id);
    if (!message) return;
    Object.assign(message, { deleted: true, deleted_by, deleted_reason });
    this.tell("message", { channel: channel_id, id, fresh: false });
  }

  // --- lines, typing, unread -------------------------------------------------

  /** Add a line about people of a guild; the same kind in a row becomes one line. */
  addLine(guildId, line) {
    const kept = this.lines.get(guildId) ?? [];
    this.lines.set(guildId, kept);
    const last = kept.at(-1);
    const together = line.kind === "join" && last?.kind === "join" && line.at - last.at < 20_000;
    if (together) {
      last.users = [...new Set([...last.users, ...line.users])];
    } else {
      kept.push({ id: `line-${guildId}-${line.at}-${kept.length}`, ...line });
      if (kept.length > KEPT_LINES) kept.shift();
    }
    this.tell("lines", { guild: guildId, line: kept.at(-1), fresh: !together });
  }

  /** Give the last line of some kinds about somebody, if it is not older than three seconds. */
  lineAbout(guildId, userId, ...kinds) {
    const late = Date.now() - 8000;
    return (this.lines.get(guildId) ?? []).findLast(
      (line) => kinds.includes(line.kind) && line.at > late && line.users.includes(userId),
    );
  }

  startTyping(channelId, userId) {
    const typing = this.typing.get(channelId) ?? new Map();
    this.typing.set(channelId, typing.set(userId, Date.now() + TYPING_MS));
    setTimeout(() => this.tell("typing"), TYPING_MS + 50);
    this.tell("typing");
  }

  stopTyping(channelId, userId) {
    if (this.typing.get(channelId)?.delete(userId)) this.tell("typing");
  }

  typists(channelId) {
    const typing = this.typing.get(channelId) ?? new Map();
    return [...typing].filter(([, until]) => until > Date.now()).map(([userId]) => userId);
  }

  markUnread(channelId) {
    if (channelId === this.place.channel || this.unread.has(channelId)) return;
    this.unread.add(channelId);
    this.tell("unread");
  }
}

function idOf(recipient) {
  return typeof recipient === "string" ? recipient : recipient.id;
}
