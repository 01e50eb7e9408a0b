// Scenes at the press of a button: a question for a bot, a spammer, a raid. All through the control interface.

import { api } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { withMentions } from "./mentioning.js";

const QUESTIONS = ["what can you do?", "how many coins do I have?", "good morning!", "why is the sky blue?"];
const SPAM = "FREE NITRO for everyone, only today! https://discord.gg/free-nitro-for-all";
const SPAM_COUNT = 8;
const SPAM_PAUSE_MS = 120;
const RAIDERS = 20;
const MODERATING = (1n << 3n) | (1n << 13n) | (1n << 40n); // administrator, manage messages, moderate members

/** Give the buttons; `sent` is called when the draft was used. */
export function sceneButtons(store, { draft, complain, sent }) {
  const bots = h("select", { "aria-label": "Bot to ask" });
  const ask = button("spark", "Ask the bot", "Ask a question, with a mention of the bot", askBot);
  const asking = h("span.split", null, ask, h("span.split-pick", null, bots, icon("down")));
  const spam = button("megaphone", "Spam", `A newcomer writes the same invitation ${SPAM_COUNT} times`, spamWave);
  const raid = button("swarm", "Raid", `${RAIDERS} newcomers join and write at once`, raidWave);
  const guildOnly = h("span.guild-only", null, h("span.tools-line"), spam, raid);

  function button(name, words, title, run) {
    const made = h("button.button", { type: "button", title }, icon(name), words);
    made.addEventListener("click", async () => {
      made.disabled = true;
      try {
        await run();
      } catch (error) {
        complain(error);
      } finally {
        made.disabled = false;
      }
    });
    return made;
  }

  function draw() {
    const there = botsHere(store);
    const before = bots.value;
    fill(bots, there.map((bot) => h("option", { value: bot.id }, bot.name)));
    bots.value = there.some((bot) => bot.id === before) ? before : (there[0]?.id ?? "");
    asking.hidden = there.length === 0;
    guildOnly.hidden = store.guild === null;
  }

  async function askBot() {
    const question = draft.value.trim() || QUESTIONS[Math.floor(Math.random() * QUESTIONS.length)];
    draft.value = "";
    sent();
    const mention = store.guild ? `<@${bots.value}> ` : "";
    await api.speak(store.place.channel, store.author, mention + withMentions(store, question));
  }

  async function spamWave() {
    const { guild, channel } = store.place;
    const spammer = await newcomer(guild, `free_nitro_${suffix()}`);
    const refused = [];
    for (let count = 0; count < SPAM_COUNT; count += 1) {
      await api.speak(channel, spammer, SPAM).catch((error) => refused.push(error));
      await pause(SPAM_PAUSE_MS);
    }
    complain(null, report("Spam", SPAM_COUNT, refused.length));
  }

  async function raidWave() {
    const { guild, channel } = store.place;
    const wave = suffix();
    const names = Array.from({ length: RAIDERS }, (_, index) => `raider_${wave}_${String(index + 1).padStart(2, "0")}`);
    const came = await Promise.allSettled(names.map((name) => newcomer(guild, name)));
    const raiders = came.filter((one) => one.status === "fulfilled").map((one) => one.value);
    const said = await Promise.allSettled(raiders.map((raider) => api.speak(channel, raider, "this server is ours now @everyone")));
    complain(null, report("Raid", RAIDERS, RAIDERS - said.filter((one) => one.status === "fulfilled").length));
  }

  store.on("world place members bots", draw);
  draw();
  return h("div.scenes", null, asking, guildOnly);
}

/** Give the bots that can be asked here: those that only chat before those that moderate. */
function botsHere(store) {
  const dm = store.guild ? null : store.channel;
  const ids = store.guild ? [...store.guild.members.keys()] : [dm?.bot_id].filter(Boolean);
  const bots = ids.map((id) => store.person(id)).filter((person) => person.bot);
  const rank = (bot) => (moderates(store, bot.id) ? 2 : 0) + (store.bots.get(bot.id)?.connected ? 0 : 1);
  return bots.sort((one, other) => rank(one) - rank(other));
}

function moderates(store, botId) {
  const held = store.guild?.members.get(botId)?.roles ?? [];
  return held.some((roleId) => (BigInt(store.guild.roles.get(roleId)?.permissions ?? 0) & MODERATING) !== 0n);
}

async function newcomer(guild, username) {
  const user = await api.addUser(username);
  await api.join(guild, user.id);
  return user.id;
}

function report(scene, tried, refused) {
  const through = tried - refused;
  return `${scene}: ${through} of ${tried} messages got through${refused ? `, ${refused} were refused` : ""}.`;
}

function suffix() {
  return Math.floor(Math.random() * 1296).toString(36).padStart(2, "0");
}

function pause(delayMs) {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
