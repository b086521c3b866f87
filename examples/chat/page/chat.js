// The page: which room is open, what is drawn, and what the keys do.

import { askName, paintAvatar, startTheme, storedName } from "/person.js";
import { dayElement, failPending, lineElement, missedElement, newElement, pendingElement } from "/lines.js";
import { Room } from "/room.js";

const TEXT_WARN_LEFT = 100;
const AT_END_PX = 60;
const $ = (id) => document.getElementById(id);
const stream = $("stream"), scroll = $("scroll"), text = $("text");

let me = storedName();
let rooms = [];
let open = null;
let unseen = 0; // lines below the fold of the open room
let atEnd = true; // whether the reader looks at the newest line

// ---- drawing

function drawRooms() {
  $("rooms").replaceChildren(...rooms.map((room) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.room = room.id;
    button.classList.toggle("unread", room.unread > 0);
    if (room === open) button.setAttribute("aria-current", "page");
    button.append(part("hash", "#"), part("name", room.title));
    if (room.state === "lost") button.append(Object.assign(part("off", ""), { title: "Not connected" }));
    if (room.unread > 0) {
      const badge = part("badge", room.unread > 99 ? "99+" : room.unread);
      badge.setAttribute("aria-label", `${room.unread} unread`);
      button.append(badge);
    }
    button.onclick = () => { show(room); text.focus(); };
    item.append(button);
    return item;
  }));
  const unread = rooms.reduce((sum, room) => sum + room.unread, 0);
  document.title = `${unread ? `(${unread}) ` : ""}${open ? open.title : "…"} · Locus chat`;
}

function part(className, content) {
  const span = document.createElement("span");
  span.className = className;
  span.textContent = content;
  return span;
}

function drawStream() {
  const elements = [];
  let before = null;
  for (const entry of open.entries) {
    elements.push(...entryElements(entry, before));
    before = entry.line ?? null;
  }
  stream.replaceChildren(...elements);
  drawPending();
  drawState();
  if (atEnd) toEnd();
}

function entryElements(entry, before) {
  if (!entry.line) return [missedElement(entry.missed, entry.why)];
  const heading = dayElement(entry.line, before ?? lastLineBefore(entry));
  const fresh = open.newFrom === entry ? newElement() : null;
  return [heading, fresh, lineElement(entry.line, heading || fresh ? null : before, me)].filter(Boolean);
}

function lastLineBefore(entry) {
  const at = open.entries.indexOf(entry);
  return open.entries.slice(0, at).findLast((other) => other.line)?.line ?? null;
}

function drawPending() {
  stream.querySelectorAll(".pending, .failed").forEach((element) => element.remove());
  for (const [id, post] of open.pending) {
    const element = pendingElement(post.text);
    if (post.why) failPending(element, post.why, () => open.again(id));
    stream.append(element);
  }
  if (atEnd) toEnd();
}

function drawState() {
  const state = open.state;
  $("title").textContent = open.title;
  $("about").textContent = open.about;
  text.placeholder = `Message #${open.title}`;
  $("status").dataset.state = state;
  $("status-text").textContent = { live: "Connected", connecting: "Connecting", lost: "Offline" }[state] ?? "";
  $("banner").hidden = state !== "lost";
  const bare = open.entries.length === 0 && open.pending.size === 0;
  $("empty").hidden = !bare;
  stream.hidden = bare;
  $("empty").classList.toggle("quiet", open.joinedOnce || state === "lost");
  $("empty-title").textContent = open.joinedOnce ? "Nothing here yet" : state === "lost" ? "The server cannot be reached" : "Joining…";
  $("empty-hint").textContent = open.joinedOnce ? "Be the first to write something." : state === "lost" ? "The page goes on trying by itself." : "";
  drawSend();
}

function drawBanner() {
  if (open?.state !== "lost") return;
  const seconds = Math.max(0, Math.ceil((open.retryAtMs - Date.now()) / 1000));
  $("banner-text").textContent = `Connection lost. ${seconds > 0 ? `Trying again in ${seconds} s.` : "Trying again…"}`;
}

function drawSend() {
  $("send").disabled = text.value.trim() === "" || open?.state !== "live";
  const left = text.maxLength - text.value.length;
  $("left").textContent = left <= TEXT_WARN_LEFT ? `${left} characters left` : "";
  $("left").classList.toggle("over", left <= 0);
}

function toEnd() {
  scroll.scrollTop = scroll.scrollHeight;
  unseen = 0;
  drawLatest();
}

function drawLatest() {
  $("latest").hidden = atEnd;
  $("latest-text").textContent = unseen > 0 ? `${unseen} new` : "Latest";
}

// ---- what happens

/** A room changed; only the open one is drawn, the others count what is unread. */
function changed(room, what, entry) {
  if (what === "line" && (room !== open || document.hidden)) {
    if (room.unread === 0) room.newFrom = entry;
    room.unread += 1;
  }
  if (what === "state" || room.unread > 0) drawRooms();
  if (room !== open) return;
  if (what === "all") drawStream();
  else if (what === "pending") { drawPending(); drawState(); }
  else if (what === "state") { drawState(); drawBanner(); }
  else append(entry);
}

function append(entry) {
  const above = open.entries.at(-2)?.line ?? null;
  const firstPending = stream.querySelector(".pending, .failed");
  for (const element of entryElements(entry, above)) stream.insertBefore(element, firstPending);
  while (stream.children.length > 2 * open.entries.length + 50) stream.firstElementChild.remove();
  if (open.entries.length === 1) drawState();
  if (atEnd) return toEnd();
  unseen += 1;
  drawLatest();
}

function show(room) {
  if (open && open !== room) open.newFrom = null;
  open = room;
  room.unread = 0;
  if (!room.link) room.join(me);
  remember();
  atEnd = true;
  drawRooms();
  drawStream();
  drawBanner();
  $("rooms").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

// The rooms of this tab survive a reload of it, and stay apart from those of other tabs.
function remember() {
  history.replaceState(null, "", `#${open.id}`);
  sessionStorage.setItem("rooms", JSON.stringify(rooms.filter((room) => room.link).map((room) => room.id)));
}

function send() {
  const value = text.value.trim();
  if (!value || open.state !== "live") return;
  text.value = "";
  atEnd = true;
  open.newFrom = null;
  open.post(value);
  drawSend();
}

function step(by) {
  const at = rooms.indexOf(open);
  show(rooms[(at + by + rooms.length) % rooms.length]);
  text.focus();
}

function keys(event) {
  if ($("naming").open) return;
  if (event.altKey && event.key === "ArrowUp") step(-1);
  else if (event.altKey && event.key === "ArrowDown") step(1);
  else if (event.key === "/" && !/^(TEXTAREA|INPUT)$/.test(document.activeElement.tagName)) text.focus();
  else if (event.key === "Escape") { atEnd = true; toEnd(); text.focus(); }
  else return;
  event.preventDefault();
}

async function rename() {
  const name = await askName(me);
  if (!name || name === me) return;
  me = name;
  drawMe();
  for (const room of rooms) if (room.link) room.join(me);
  drawStream();
}

function drawMe() {
  $("me").textContent = me;
  paintAvatar($("avatar"), me);
}

function wire() {
  $("form").onsubmit = (event) => { event.preventDefault(); send(); };
  text.oninput = drawSend;
  text.onkeydown = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  scroll.onscroll = () => {
    atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < AT_END_PX;
    if (atEnd) unseen = 0;
    drawLatest();
  };
  $("latest").onclick = () => { atEnd = true; toEnd(); };
  $("retry").onclick = () => open.link.open();
  $("rename").onclick = rename;
  addEventListener("keydown", keys);
  addEventListener("resize", () => atEnd && toEnd());
  addEventListener("online", () => rooms.forEach((room) => room.state === "lost" && room.link.open()));
  addEventListener("hashchange", () => { const room = byHash(); if (room && room !== open) show(room); });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || !open) return;
    open.unread = 0;
    drawRooms();
  });
  setInterval(drawBanner, 500);
}

function byHash() {
  return rooms.find((room) => room.id === location.hash.slice(1));
}

async function start() {
  startTheme();
  rooms = (await (await fetch("/rooms")).json()).map((room) => new Room(room, changed));
  drawRooms();
  me ??= await askName(null);
  drawMe();
  wire();
  const before = JSON.parse(sessionStorage.getItem("rooms") ?? "[]");
  open = byHash() ?? rooms[0];
  for (const room of rooms) if (before.includes(room.id) && room !== open) room.join(me);
  show(open);
  text.focus();
}

start().catch((error) => {
  $("empty").classList.add("quiet");
  $("empty-title").textContent = "The page could not start";
  $("empty-hint").textContent = String(error.message ?? error);
});
