// Making elements. Text always goes in as text; nothing here ever reads HTML.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element: h("p.note", {title: "…", onclick: fn}, "text", child, null). */
export function h(spec, props, ...children) {
  const [tag, ...classes] = spec.split(".");
  const element = document.createElement(tag || "div");
  element.className = classes.join(" ");
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "style") Object.assign(element.style, value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  put(element, children);
  return element;
}

/** Append texts, elements and lists of them; nothing is skipped silently but null and false. */
export function put(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child);
  }
  return element;
}

/** Replace all that is in an element. */
export function fill(element, ...children) {
  element.replaceChildren();
  return put(element, children);
}

/** Give an icon of the sprite. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** Find an element that must be there. */
export function find(selector) {
  const element = document.querySelector(selector);
  if (!element) throw new Error(`the page lacks ${selector}`);
  return element;
}

/** Run something once after a burst of calls. */
export function soon(run, delayMs = 0) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(run, delayMs);
  };
}
