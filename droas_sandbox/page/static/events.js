// What happens in the world, told to the store.

import { madeAt } from "./store.js";

const KICK = 20;
const BAN = 22;
const MEMBER_UPDATE = 24;

/** Give a function that takes one event; `reload` is called when the whole state must be read again. */
export function reader(store, reload) {
  const readers = {
    message_create: (event) => {
      store.stopTyping(event.channel_id, event.author.id);
      store.putMessage(event);
      store.markUnread(event.channel_id);
      if (!event.guild_id && !store.dms.has(event.channel_id)) reload();
    },
    message_update: (event) => store.editMessage(event),
    message_delete: (event) => store.deleteMessage(event),
    reaction: (event) => store.tell("stale", { channel: event.channel_id }),
    typing: (event) => store.startTyping(event.channel_id, event.user_id),
    member_add: (event) => join(store, event),
    member_update: (event) => change(store, event),
    member_remove: (event) => leave(store, event),
    ban_add: (event) => {
      store.meet(event.user);
      store.guilds.get(event.guild_id)?.bans.set(event.user.id, null);
      // The audit may have told it already, when the state was read between the ban and this event.
      if (!store.lineAbout(event.guild_id, event.user.id, "ban")) line(store, event.guild_id, "ban", event.user.id);
      store.tell("members");
    },
    ban_remove: (event) => {
      store.guilds.get(event.guild_id)?.bans.delete(event.user.id);
      line(store, event.guild_id, "unban", event.user.id);
      store.tell("members");
    },
    guild_audit_log_entry_create: (event) => audit(store, event),
    reset: () => {
      store.forget();
      reload();
    },
    bot_online: (event) => presence(store, event, true),
    bot_offline: (event) => presence(store, event, false),
  };
  return (event) => {
    if (readers[event.type]) readers[event.type](event);
    else if (/^(guild|channel|thread)/.test(event.type)) reload();
  };
}

function line(store, guildId, kind, userId, more = {}) {
  store.addLine(guildId, { kind, users: [userId], at: Date.now(), ...more });
}

function join(store, event) {
  store.meet(event.user);
  const guild = store.guilds.get(event.guild_id);
  if (!guild) return;
  guild.members.set(event.user.id, { ...event, user_id: event.user.id });
  line(store, event.guild_id, "join", event.user.id);
  store.tell("members");
}

function change(store, event) {
  store.meet(event.user);
  const guild = store.guilds.get(event.guild_id);
  const before = guild?.members.get(event.user.id);
  if (!guild) return;
  guild.members.set(event.user.id, { ...before, ...event, user_id: event.user.id });
  const until = event.communication_disabled_until;
  if (until !== before?.communication_disabled_until) {
    const told = store.lineAbout(event.guild_id, event.user.id, until ? "timeout" : "free");
    if (!told) line(store, event.guild_id, until ? "timeout" : "free", event.user.id, { until });
  }
  store.tell("members");
}

function leave(store, event) {
  store.meet(event.user);
  store.guilds.get(event.guild_id)?.members.delete(event.user.id);
  if (!store.lineAbout(event.guild_id, event.user.id, "ban")) line(store, event.guild_id, "leave", event.user.id);
  store.tell("members");
}

function presence(store, event, online) {
  const bot = store.bots.get(event.user_id ?? event.id ?? event.bot_id);
  if (!bot) return;
  bot.connected = online;
  store.tell("bots");
}

/** The audit log says who did it and why; what was told already is completed. */
function audit(store, entry) {
  const guild = store.guilds.get(entry.guild_id);
  if (!guild) return;
  const told = lineOf(entry);
  if (!told) return;
  const before = store.lineAbout(entry.guild_id, entry.target_id, told.kind, ...(told.replaces ?? []));
  if (before) {
    Object.assign(before, { ...told, users: before.users, at: before.at });
    store.tell("lines", { guild: entry.guild_id, line: before, fresh: false });
  } else {
    store.addLine(entry.guild_id, { ...told, at: Date.now() });
  }
  if (entry.action_type === BAN) guild.bans.set(entry.target_id, entry.reason ?? null);
}

/** Give the line that an audit entry tells; null when it tells none. */
export function lineOf(entry) {
  const common = { users: [entry.target_id], by: entry.user_id, reason: entry.reason ?? null, at: madeAt(entry.id) };
  if (entry.action_type === KICK) return { ...common, kind: "kick", replaces: ["leave"] };
  if (entry.action_type === BAN) return { ...common, kind: "ban", replaces: ["leave"] };
  if (entry.action_type !== MEMBER_UPDATE) return null;
  const change = (entry.changes ?? []).find((one) => one.key === "communication_disabled_until");
  if (!change) return null;
  return { ...common, kind: change.new_value ? "timeout" : "free", until: change.new_value };
}
