// What an empty world shows: how to fill it.

import { api } from "./api.js";
import { h, icon } from "./dom.js";

const TOWN = {
  users: [
    { username: "ada", global_name: "Ada" },
    { username: "grace", global_name: "Grace" },
    { username: "linus", global_name: "Linus" },
  ],
  bots: [{ username: "helper" }],
  guilds: [
    {
      name: "Harbour",
      owner: "ada",
      channels: ["general", "random"],
      members: ["grace", "linus"],
      bots: [{ username: "helper", permissions: ["manage_messages", "moderate_members"] }],
    },
  ],
};

/** Give the welcome of a world without a guild. */
export function emptyWorld(complain) {
  const make = async (event) => {
    event.target.disabled = true;
    try {
      await api.seed(TOWN);
    } catch (error) {
      event.target.disabled = false;
      complain(error);
    }
  };
  return h(
    "li.welcome",
    null,
    h("img.welcome-mark", { src: "/static/mark.svg", alt: "", width: 64, height: 64 }),
    h("h2", null, "This world is still empty"),
    h("p", null, "A guild needs people, a channel, and bots that connect to it. Begin with a small town, or make your own from a terminal:"),
    h("button.button.button-main", { type: "button", onclick: make }, icon("spark"), "Make a small town"),
    h(
      "pre.block",
      { tabindex: 0 },
      h(
        "code",
        null,
        `S=${location.origin}/sandbox\n` +
          `curl $S/users  -d '{"username": "ada"}'\n` +
          `curl $S/guilds -d '{"name": "Harbour", "owner_id": "USER"}'\n` +
          `curl $S/bots   -d '{"username": "helper"}'   # tells its token\n` +
          `curl $S/guilds/GUILD/members/BOT -X PUT -d '{}'`,
      ),
    ),
    h("p.hint", null, "Everything here lives on this machine only, and is gone when the sandbox ends."),
  );
}
