// What this tab knows of one room: its lines, what is unread, what is on its way, and its link.

import { Link } from "/link.js";

/** Older lines leave the page; it is open for days. */
const ENTRIES_MAX = 500;
const CONFIRM_MS = 10_000;
let postId = 0;

export class Room {
  entries = [];          // {line} | {missed, why}, oldest first
  pending = new Map();   // post id -> {text, why: null | string}
  unread = 0;
  newFrom = null;        // the first line that came while nobody looked
  link = null;
  retryAtMs = 0;
  joinedOnce = false;
  #last = null;
  #changed;

  /** `changed(room, what, entry)`: "line", "missed", "pending", "state" or "all". */
  constructor({ id, title, about }, changed) {
    Object.assign(this, { id, title, about });
    this.#changed = (what, entry) => changed(this, what, entry);
  }

  get state() {
    return this.link?.state ?? "closed";
  }

  join(user) {
    this.link?.close();
    this.link = new Link(this.id, user, {
      state: (_, retryAtMs) => { this.retryAtMs = retryAtMs; this.#changed("state"); },
      joined: (lines) => this.#joined(lines),
      line: (line) => this.#line(line),
      missed: (n) => this.#missed(n, ""),
      fate: (id, why) => this.#fate(id, why),
      lost: () => this.#lost(),
    });
  }

  /** Sends, and keeps the text until the room has confirmed it. */
  post(text) {
    const id = ++postId;
    const sent = this.link.post(id, text);
    this.pending.set(id, { text, why: sent ? null : "Not connected" });
    setTimeout(() => this.pending.has(id) && this.#fate(id, "No answer"), CONFIRM_MS);
    this.#changed("pending");
  }

  again(id) {
    const { text } = this.pending.get(id);
    this.pending.delete(id);
    this.post(text);
  }

  /** The recent lines repeat some that we have after a reconnect; a hole before them is named. */
  #joined(lines) {
    const fresh = lines.filter((line) => this.#isNew(line));
    const first = fresh[0];
    if (this.#last && first && first.n > this.#last.n + 1) this.#missed(first.n - this.#last.n - 1, " while away");
    this.joinedOnce = true;
    for (const line of fresh) this.#keep({ line });
    this.#changed("all");
  }

  #line(line) {
    if (!this.#isNew(line)) return;
    const entry = { line };
    this.#keep(entry);
    this.#changed("line", entry);
  }

  // A room that was restarted counts from 1 again: then the time decides.
  #isNew(line) {
    return !this.#last || line.n > this.#last.n || line.at > this.#last.at;
  }

  #missed(n, why) {
    const last = this.entries.at(-1);
    if (last?.missed && last.why === why) {
      last.missed += n;
      return this.#changed("all");
    }
    const entry = { missed: n, why };
    this.#keep(entry);
    this.#changed("missed", entry);
  }

  #keep(entry) {
    this.entries.push(entry);
    if (this.entries.length > ENTRIES_MAX) this.entries.shift();
    if (entry.line) this.#last = entry.line;
  }

  #fate(id, why) {
    const post = this.pending.get(id);
    if (!post) return;
    if (why) post.why = why;
    else this.pending.delete(id);
    this.#changed("pending");
  }

  #lost() {
    for (const post of this.pending.values()) post.why ??= "The connection was lost before this was confirmed";
    this.#changed("pending");
  }
}
