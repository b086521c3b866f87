// How a room's lines look: one element a line, grouped by writer, with the day and what was missed between.

import { hue, paintAvatar } from "/person.js";

const GROUP_MS = 5 * 60_000;
/** Links and `code` are the only markup. */
const MARKUP = /(`[^`\n]+`)|(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/g;
const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat([], { weekday: "long", day: "numeric", month: "long" });

function make(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Text goes in as text, never as HTML. */
function fill(body, text) {
  let at = 0;
  for (const found of text.matchAll(MARKUP)) {
    body.append(text.slice(at, found.index));
    at = found.index + found[0].length;
    if (found[1]) body.append(make("code", "", found[1].slice(1, -1)));
    else {
      const link = make("a", "", found[2]);
      Object.assign(link, { href: found[2], target: "_blank", rel: "noopener noreferrer" });
      body.append(link);
    }
  }
  body.append(text.slice(at));
}

/** One line; `before` is the line above it, or null after a break. */
export function lineElement(line, before, me) {
  const mine = line.user === me;
  const more = before && before.user === line.user && line.at - before.at < GROUP_MS;
  const element = make("li", `line${mine ? " mine" : ""}${more ? " more" : ""}`);
  element.style.setProperty("--hue", hue(line.user));
  if (!more) {
    const avatar = make("span", "avatar");
    avatar.setAttribute("aria-hidden", "true");
    paintAvatar(avatar, line.user);
    const head = make("div", "head");
    const time = make("time", "", clock.format(line.at));
    time.dateTime = new Date(line.at).toISOString();
    head.append(make("span", "who", mine ? "You" : line.user), time);
    element.append(avatar, head);
  }
  const body = make("div", "body");
  body.title = new Date(line.at).toLocaleString();
  fill(body, line.text);
  element.append(body);
  return element;
}

/** An own line that the room has not confirmed. */
export function pendingElement(text) {
  const element = make("li", "line mine more pending");
  const body = make("div", "body");
  fill(body, text);
  element.append(body, make("div", "fate", "Sending…"));
  return element;
}

export function failPending(element, why, again) {
  element.classList.replace("pending", "failed");
  const button = make("button", "", "Send again");
  button.type = "button";
  button.onclick = again;
  element.querySelector(".fate").replaceChildren(`${why}. `, button);
}

/** The heading of a day, when `line` is the first of its day. */
export function dayElement(line, before) {
  const name = day.format(line.at);
  if (before && day.format(before.at) === name) return null;
  return mark("", day.format(Date.now()) === name ? "Today" : name);
}

export function missedElement(n, why) {
  return mark("missed", `${n} ${n === 1 ? "line" : "lines"} missed${why}`);
}

export function newElement() {
  return mark("new", "New");
}

function mark(kind, text) {
  const element = make("li", `mark ${kind}`);
  element.append(make("span", "", text));
  return element;
}
