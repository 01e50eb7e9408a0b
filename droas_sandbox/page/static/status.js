// The bar at the bottom: the line to the sandbox, the bots, how much happens.

import { fill, find, h } from "./dom.js";
import { face } from "./faces.js";
import { faultMenu } from "./faults.js";

const SECONDS = 40;
const RATE_OVER_S = 5;
const SVG = "http://www.w3.org/2000/svg";

/** Show the bar; gives a function that counts one event. */
export function showStatus(store, complain) {
  const counts = new Array(SECONDS).fill(0);
  const line = h("span.line-state");
  const bots = h("span.bots");
  const rate = h("span.rate-number", null, "0");
  const spark = document.createElementNS(SVG, "svg");
  const trace = document.createElementNS(SVG, "path");
  spark.setAttribute("class", "spark");
  spark.setAttribute("viewBox", `0 0 ${SECONDS - 1} 16`);
  spark.setAttribute("preserveAspectRatio", "none");
  spark.setAttribute("aria-hidden", "true");
  spark.append(trace);
  const pulse = h("span.rate", { title: "Events of the world, each second" }, spark, rate, " events/s");
  fill(find("#status"), h("span.brand", null, h("img", { src: "/static/mark.svg", alt: "", width: 14, height: 14 }), "DROAS sandbox"), line, bots, h("span.push"), pulse, faultMenu(store, complain));

  function drawLine() {
    fill(line, h("i", { "data-up": store.linked ? "yes" : "no" }), store.linked ? "live" : "connecting…");
  }

  function drawBots() {
    const all = [...store.bots.values()];
    const up = all.filter((bot) => bot.connected);
    const faces = all.slice(0, 12).map((bot) =>
      h("span", { title: `${bot.username}: ${bot.connected ? "connected" : "not connected"}` }, face(store.person(bot.id, null), bot.connected ? "online" : "offline")),
    );
    fill(bots, faces, h("span", { "data-testid": "bots" }, all.length ? `${up.length} of ${all.length} bots connected` : "no bots"));
  }

  function drawRate() {
    const lately = counts.slice(-RATE_OVER_S - 1, -1).reduce((sum, count) => sum + count, 0) / RATE_OVER_S;
    rate.textContent = lately >= 10 || lately === 0 ? String(Math.round(lately)) : lately.toFixed(1);
    const top = Math.max(4, ...counts);
    const points = counts.slice(0, -1).map((count, second) => `${second},${(15 - (13 * count) / top).toFixed(2)}`);
    trace.setAttribute("d", `M${points.join("L")}`);
  }

  setInterval(() => {
    drawRate();
    counts.push(0);
    counts.shift();
  }, 1000);
  store.on("link", drawLine);
  store.on("world bots", drawBots);
  drawLine();
  drawBots();
  drawRate();
  return () => {
    counts[counts.length - 1] += 1;
  };
}
